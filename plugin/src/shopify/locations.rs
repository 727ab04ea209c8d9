//! The shop's locations, and which of them feed which warehouse.

use serde::Deserialize;
use serde_json::json;

use super::client::Shopify;
use super::operations::LOCATIONS;
use crate::core::finding::Finding;
use crate::core::id::Id;
use crate::core::schema::nearest;
use crate::core::settings::{Settings, default_location_finding, location_twice_finding};
use crate::core::text::shown;
use crate::halt::Halt;

/// A location of the shop.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    /// Its id.
    pub id: Id,
    /// Its name, for people.
    pub name: String,
    /// Whether it holds stock at all.
    pub is_active: bool,
}

#[derive(Deserialize)]
struct Answer {
    locations: Page,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    nodes: Vec<Location>,
    page_info: PageInfo,
}

/// Where a connection goes on.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageInfo {
    has_next_page: bool,
    #[serde(default)]
    end_cursor: Option<String>,
}

impl PageInfo {
    /// There is a next page.
    pub fn has_more(&self) -> bool {
        self.has_next_page
    }

    /// The cursor of the page after the one that began `after` another; none on the last.
    ///
    /// # Errors
    /// The next page would be the same one, and be read for ever.
    pub fn next(self, after: Option<&str>) -> Result<Option<String>, Halt> {
        let next = self.end_cursor.filter(|_| self.has_next_page);
        if next.is_some() && next.as_deref() == after {
            return Err(Halt::failed(
                "shopify-unexpected-answer",
                "Shopify says that a list goes on, and gives the same page again.",
                "The next pass tries again. If it lasts, look at Shopify's status page.",
            ));
        }
        Ok(next)
    }
}

/// All locations of the shop, inactive and legacy ones too.
///
/// # Errors
/// As [`Shopify::query`].
pub async fn all(shopify: &Shopify) -> Result<Vec<Location>, Halt> {
    let mut locations = Vec::new();
    let mut after = None::<String>;
    loop {
        let page: Answer = shopify.query(&LOCATIONS, json!({ "after": after })).await?;
        locations.extend(page.locations.nodes);
        after = page.locations.page_info.next(after.as_deref())?;
        // Shopify allows a shop 200 locations at the most; a cursor without end is its error.
        if after.is_none() || locations.len() > 10_000 {
            return Ok(locations);
        }
    }
}

/// The settings' warehouses and locations, found in the shop.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The chosen locations, each once; their order is that of the levels of a variant.
    pub locations: Vec<Location>,
    /// The warehouses in the order of the settings.
    pub warehouses: Vec<WarehousePlaces>,
    /// Where orders are assigned to; none where the shop has no such active location.
    pub orders: Option<Location>,
}

/// A warehouse and its locations.
#[derive(Clone, Debug)]
pub struct WarehousePlaces {
    /// JOOR's name of it.
    pub name: String,
    /// Indexes into [`Places::locations`].
    pub locations: Vec<usize>,
    /// Why nothing is published for it. None: all is well.
    pub withheld: Option<String>,
}

impl Places {
    /// Finds the settings' locations among those of the shop.
    pub fn resolve(settings: &Settings, shop: &[Location]) -> (Self, Vec<Finding>) {
        let mut places = Self::default();
        let mut findings = Vec::new();
        for (w, warehouse) in settings.warehouses.iter().enumerate() {
            let mut found = WarehousePlaces {
                name: warehouse.name.clone(),
                locations: Vec::new(),
                withheld: None,
            };
            for (l, named) in warehouse.locations.iter().enumerate() {
                let path = format!("/warehouses/{w}/locations/{l}");
                match find(shop, named) {
                    Ok(location) => {
                        if !location.is_active {
                            let finding = inactive(location, &warehouse.name).at(&path);
                            found.withheld = Some(format!(
                                "the location \"{}\" is inactive",
                                shown(&location.name)
                            ));
                            findings.push(finding);
                        }
                        let place = places.index_of(location);
                        if found.locations.contains(&place) {
                            // By name and by id: the settings alone do not tell.
                            let finding = location_twice_finding(named, &warehouse.name);
                            findings.push(finding.at(&path));
                            continue;
                        }
                        found.locations.push(place);
                    }
                    Err(fix) => {
                        found.withheld =
                            Some(format!("the location \"{named}\" is not in the shop"));
                        findings.push(unknown(named, &warehouse.name, fix).at(&path));
                    }
                }
            }
            places.warehouses.push(found);
        }
        findings.extend(places.judge_default_location(settings, shop));
        if settings.orders.enabled {
            match order_location(settings, shop) {
                Ok(location) => places.orders = Some(location.clone()),
                Err(finding) => findings.push(*finding),
            }
        }
        (places, findings)
    }

    fn index_of(&mut self, location: &Location) -> usize {
        let known = self.locations.iter().position(|l| l.id == location.id);
        known.unwrap_or_else(|| {
            self.locations.push(location.clone());
            self.locations.len() - 1
        })
    }

    fn judge_default_location(&self, settings: &Settings, shop: &[Location]) -> Option<Finding> {
        let named = &settings.default_location;
        match find(shop, named) {
            Err(fix) => Some(
                Finding::error(
                    "default-location-unknown",
                    format!("The default location \"{named}\" is not in the shop."),
                    fix,
                )
                .at("/default_location"),
            ),
            Ok(location) if !self.locations.iter().any(|l| l.id == location.id) => {
                Some(default_location_finding(&location.name))
            }
            Ok(_) => None,
        }
    }
}

/// The location that orders are assigned to.
fn order_location<'s>(
    settings: &Settings,
    shop: &'s [Location],
) -> Result<&'s Location, Box<Finding>> {
    let named = settings.order_location();
    let path = match settings.orders.location {
        Some(_) => "/orders/location",
        None => "/default_location",
    };
    let (what, fix) = match find(shop, named) {
        Ok(location) if location.is_active => return Ok(location),
        Ok(_) => (
            "is inactive",
            "Activate it in Shopify, or choose another one.".to_owned(),
        ),
        Err(fix) => ("is not in the shop", fix),
    };
    let message = format!(
        "The location \"{named}\", which orders are assigned to, {what}, so no order is taken over."
    );
    let finding = Finding::error("order-location-unusable", message, fix);
    Err(Box::new(finding.at(path)))
}

/// Finds a location by id or name. The error is what to do.
fn find<'s>(shop: &'s [Location], named: &str) -> Result<&'s Location, String> {
    if let Some(id) = Id::parse(named) {
        return shop
            .iter()
            .find(|l| l.id == id)
            .ok_or_else(|| choices(shop, named));
    }
    let wanted = named.trim().to_lowercase();
    let mut same = shop
        .iter()
        .filter(|l| l.name.trim().to_lowercase() == wanted);
    match (same.next(), same.next()) {
        (Some(location), None) => Ok(location),
        (Some(_), Some(_)) => Err(format!(
            "Two locations are named \"{named}\": use the id instead."
        )),
        (None, _) => Err(choices(shop, named)),
    }
}

fn choices(shop: &[Location], named: &str) -> String {
    let names: Vec<String> = shop
        .iter()
        .filter(|l| l.is_active)
        .map(|l| shown(&l.name))
        .collect();
    match nearest(named, &names) {
        Some(near) => format!("Did you mean \"{near}\"?"),
        None => format!("Use one of: {}.", names.join(", ")),
    }
}

fn inactive(location: &Location, warehouse: &str) -> Finding {
    Finding::error(
        "location-inactive",
        format!(
            "The location \"{}\" is inactive in Shopify, so its stock is not known. Nothing is published for \
             \"{warehouse}\"; JOOR keeps showing what it has.",
            shown(&location.name)
        ),
        "Activate the location in Shopify, or take it out of the settings.",
    )
    .about(&location.name)
}

fn unknown(named: &str, warehouse: &str, fix: String) -> Finding {
    Finding::error(
        "location-unknown",
        format!(
            "The location \"{named}\" is not in the shop. Nothing is published for \"{warehouse}\"."
        ),
        fix,
    )
    .about(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop() -> Vec<Location> {
        [(1, "Paris", true), (2, "Lyon", false), (3, "Nice", true)]
            .map(|(id, name, is_active)| Location {
                id: Id(id),
                name: name.into(),
                is_active,
            })
            .to_vec()
    }

    #[test]
    fn a_page_that_leads_to_itself_is_not_read_for_ever() {
        let next = |more: bool, after| {
            let page = json!({ "hasNextPage": more, "endCursor": "b" });
            let page: PageInfo = serde_json::from_value(page).expect("a page");
            page.next(after).ok()
        };
        assert_eq!(next(true, None), Some(Some("b".into())));
        assert_eq!(next(true, Some("a")), Some(Some("b".into())));
        assert_eq!(next(false, Some("b")), Some(None));
        assert_eq!(next(true, Some("b")), None);
    }

    fn resolve(default: &str, locations: &str) -> (Places, Vec<Finding>) {
        let text = format!(
            r#"{{"joor_account":"1","default_location":"{default}","warehouses":[{{"name":"Default","locations":{locations}}}]}}"#
        );
        let (settings, _) = Settings::read(&text);
        Places::resolve(&settings.expect("settings"), &shop())
    }

    #[test]
    fn names_and_ids_are_found() {
        let (places, findings) = resolve("paris", r#"["Paris","gid://shopify/Location/3"]"#);
        assert!(findings.is_empty(), "{findings:?}");
        assert_eq!(places.locations.len(), 2);
        assert!(places.warehouses.iter().all(|w| w.withheld.is_none()));
    }

    #[test]
    fn an_inactive_or_unknown_location_withholds_its_warehouse() {
        for (locations, code) in [
            (r#"["Paris","Lyon"]"#, "location-inactive"),
            (r#"["Paris","Pariss"]"#, "location-unknown"),
        ] {
            let (places, findings) = resolve("Paris", locations);
            assert!(findings.iter().any(|f| f.code == code), "{findings:?}");
            assert!(places.warehouses.iter().all(|w| w.withheld.is_some()));
        }
    }

    #[test]
    fn a_location_listed_by_name_and_by_id_counts_once() {
        let (places, findings) = resolve("Paris", r#"["Paris","gid://shopify/Location/1"]"#);
        let told: Vec<_> = findings
            .iter()
            .map(|f| (f.code.as_str(), f.path.as_deref()))
            .collect();
        let place = Some("/warehouses/0/locations/1");
        assert_eq!(told, [("settings-location-twice", place)]);
        let counted: Vec<_> = places.warehouses.iter().map(|w| &w.locations).collect();
        assert_eq!(counted, [&vec![0]]);
    }

    #[test]
    fn a_default_location_that_feeds_no_warehouse_is_a_finding() {
        let (_, findings) = resolve("3", r#"["Paris"]"#);
        assert!(
            findings
                .iter()
                .any(|f| f.code == "default-location-not-synced"),
            "{findings:?}"
        );
    }
}
