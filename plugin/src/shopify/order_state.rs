//! An order as it stands in Shopify: what it comes to, where it is assigned to, whether it moves.

use serde::Deserialize;

use crate::core::id::Id;
use crate::core::money::Currency;
use crate::core::time::{Millis, parse_rfc3339};

/// An order as Shopify tells it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderState {
    /// Its id.
    pub id: Id,
    /// Its name: `#1001`.
    pub name: String,
    created_at: String,
    #[serde(default)]
    cancelled_at: Option<String>,
    #[serde(default)]
    display_fulfillment_status: Option<String>,
    total_price_set: MoneyBag,
    fulfillment_orders: Nodes<FulfillmentOrder>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MoneyBag {
    shop_money: Money,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Money {
    amount: String,
    currency_code: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Nodes<T> {
    nodes: Vec<T>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FulfillmentOrder {
    id: String,
    status: String,
    assigned_location: AssignedLocation,
}

#[derive(Clone, Debug, Deserialize)]
struct AssignedLocation {
    #[serde(default)]
    location: Option<LocationNode>,
}

#[derive(Clone, Debug, Deserialize)]
struct LocationNode {
    id: Id,
}

/// Where an order is assigned to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    /// All of it where it should be.
    Placed,
    /// These parts of it elsewhere.
    Elsewhere(Vec<Piece>),
    /// Shopify has not assigned it yet.
    NotAssigned,
}

/// A part of an order: a fulfilment order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its id.
    pub id: String,
    /// The location that it is assigned to; none if that is gone.
    pub location: Option<Id>,
}

impl OrderState {
    /// When it was created, on Shopify's clock; 0 where Shopify's text is no time.
    pub fn created_at(&self) -> Millis {
        parse_rfc3339(&self.created_at).unwrap_or(0)
    }

    /// It is cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled_at.is_some()
    }

    /// Some of it is shipped, or a fulfilment is under way. A status that nobody knows counts.
    pub fn is_shipping(&self) -> bool {
        let status = self
            .display_fulfillment_status
            .as_deref()
            .unwrap_or("UNFULFILLED");
        !matches!(
            status,
            "UNFULFILLED"
                | "OPEN"
                | "RESTOCKED"
                | "ON_HOLD"
                | "SCHEDULED"
                | "FULFILLMENT_NOT_REQUIRED"
        )
    }

    /// What it comes to, as [`Currency::shown`]; none for a currency or an amount that is none.
    pub fn total(&self) -> Option<String> {
        let money = &self.total_price_set.shop_money;
        let currency = Currency::parse(&money.currency_code)?;
        Some(currency.shown(currency.read(&money.amount)?))
    }

    /// What it comes to, in Shopify's words.
    pub fn total_words(&self) -> String {
        let money = &self.total_price_set.shop_money;
        format!("{} {}", money.amount, money.currency_code)
    }

    /// Where it is assigned to, seen from `location`.
    pub fn placement(&self, location: Id) -> Placement {
        let live: Vec<&FulfillmentOrder> = self
            .fulfillment_orders
            .nodes
            .iter()
            .filter(|part| !matches!(part.status.as_str(), "CANCELLED" | "CLOSED"))
            .collect();
        if live.is_empty() && !self.is_cancelled() && !self.is_shipping() {
            return Placement::NotAssigned;
        }
        let piece = |part: &FulfillmentOrder| Piece {
            id: part.id.clone(),
            location: part.assigned_location.location.as_ref().map(|at| at.id),
        };
        let elsewhere: Vec<Piece> = live
            .into_iter()
            .map(piece)
            .filter(|piece| piece.location != Some(location))
            .collect();
        if elsewhere.is_empty() {
            Placement::Placed
        } else {
            Placement::Elsewhere(elsewhere)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn an_order_is_placed_where_all_its_live_parts_are() {
        let state = |parts: Value| -> OrderState {
            let text = json!({
                "id": "gid://shopify/Order/1", "name": "#1", "createdAt": "2026-11-23T06:10:17Z",
                "displayFulfillmentStatus": "UNFULFILLED",
                "totalPriceSet": { "shopMoney": { "amount": "12.5", "currencyCode": "EUR" } },
                "fulfillmentOrders": { "nodes": parts },
            });
            serde_json::from_value(text).expect("an order")
        };
        let part = |id: &str, status: &str, location: u64| json!({ "id": id, "status": status, "assignedLocation": { "location": { "id": Id(location).gid("Location") } } });
        assert_eq!(state(json!([])).placement(Id(7)), Placement::NotAssigned);
        let moved = json!([part("a", "OPEN", 7), part("b", "CLOSED", 8)]);
        assert_eq!(state(moved).placement(Id(7)), Placement::Placed);
        let split = json!([part("a", "OPEN", 7), part("b", "OPEN", 8)]);
        assert_eq!(
            state(split).placement(Id(7)),
            Placement::Elsewhere(vec![Piece {
                id: "b".into(),
                location: Some(Id(8)),
            }])
        );
        assert_eq!(state(json!([])).total().as_deref(), Some("12.50 EUR"));
    }
}
