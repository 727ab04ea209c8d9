//! The result of a bulk operation, line by line, gathered into styles.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::variant::{Level, Variant};
use crate::core::availability::Quantity;
use crate::core::id::Id;

/// Variants of one style that came one after the other.
#[derive(Debug)]
pub struct Group {
    /// Product id.
    pub product: Id,
    /// Those of them that could be read.
    pub variants: Vec<Variant>,
}

/// Gathers lines into groups. A group is given out when the next one begins, so a style is not
/// torn where a piece of the file ends.
pub struct LineReader {
    /// The chosen locations, where levels are lines of their own.
    nested: Option<Vec<Id>>,
    pending: Option<Group>,
    pending_at: u64,
    position: u64,
    /// Lines read.
    pub lines: u64,
    /// Lines that could not be read.
    pub unreadable: u64,
    /// The styles that they belong to; none where they may belong to any.
    pub unread: Option<BTreeSet<Id>>,
    /// What was wrong with the first of them.
    pub first_error: Option<String>,
}

/// The most styles that are remembered for a line that could not be read.
const STYLES_MAX: usize = 500;

#[derive(Deserialize)]
struct StyleOfLine {
    product: IdOfLine,
}

#[derive(Deserialize)]
struct IdOfLine {
    id: Id,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LevelLine {
    #[serde(rename = "__parentId")]
    parent: Id,
    location: IdOfLine,
    #[serde(flatten)]
    level: Level,
}

impl LineReader {
    /// Reads on from `offset`. `nested`: the chosen locations, where levels are lines of their own.
    pub fn new(offset: u64, nested: Option<Vec<Id>>) -> Self {
        Self {
            nested,
            pending: None,
            pending_at: offset,
            position: offset,
            lines: 0,
            unreadable: 0,
            unread: Some(BTreeSet::new()),
            first_error: None,
        }
    }

    /// Where to read on when all groups given out so far are done with.
    pub fn resume_offset(&self) -> u64 {
        if self.pending.is_some() {
            self.pending_at
        } else {
            self.position
        }
    }

    /// Takes a piece of whole lines in and gives the groups that are complete.
    pub fn push(&mut self, text: &str) -> Vec<Group> {
        let mut groups = Vec::new();
        for line in text.split_inclusive('\n') {
            let begins_at = self.position;
            self.position = self.position.saturating_add(line.len() as u64);
            let line = line.trim_end();
            if line.is_empty() {
                continue;
            }
            self.lines += 1;
            if self.nested.is_some() && line.contains("\"__parentId\"") {
                self.take_level(line);
                continue;
            }
            match serde_json::from_str::<Variant>(line) {
                Ok(variant) => groups.extend(self.take_variant(variant, begins_at)),
                Err(error) => {
                    let style = serde_json::from_str::<StyleOfLine>(line).ok();
                    let style = style.map(|line| line.product.id);
                    self.unreadable(style, &error.to_string(), line);
                }
            }
        }
        groups
    }

    /// The last group.
    pub fn finish(&mut self) -> Option<Group> {
        self.pending.take()
    }

    fn take_variant(&mut self, variant: Variant, begins_at: u64) -> Option<Group> {
        let product = variant.product.id;
        if let Some(group) = self.pending.as_mut().filter(|g| g.product == product) {
            group.variants.push(variant);
            return None;
        }
        self.pending_at = begins_at;
        self.pending.replace(Group {
            product,
            variants: vec![variant],
        })
    }

    /// A level belongs to the variant before it; its parent is the variant or its item. Without one
    /// of its levels a variant is not read: it would seem not to be stocked there.
    fn take_level(&mut self, line: &str) {
        let level: LevelLine = match serde_json::from_str(line) {
            Ok(level) => level,
            Err(error) => {
                let style = self.pending.as_mut().map(|group| {
                    group.variants.pop();
                    group.product
                });
                return self.unreadable(style, &error.to_string(), line);
            }
        };
        let chosen = self
            .nested
            .iter()
            .flatten()
            .position(|id| *id == level.location.id);
        let mut variants = self.pending.iter_mut().flat_map(|g| g.variants.iter_mut());
        let owner = variants.find(|v| v.id == level.parent || v.inventory_item.id == level.parent);
        match (owner, chosen) {
            (Some(variant), Some(index)) => {
                let levels = &mut variant.inventory_item.levels;
                if levels.len() <= index {
                    levels.resize(index + 1, Quantity::NotStocked);
                }
                if let Some(place) = levels.get_mut(index) {
                    *place = level.level.quantity();
                }
            }
            (Some(_), None) => {}
            (None, _) => self.unreadable(None, "its variant does not stand before it", line),
        }
    }

    fn unreadable(&mut self, style: Option<Id>, why: &str, line: &str) {
        self.unreadable += 1;
        self.unread = match (self.unread.take(), style) {
            (Some(mut styles), Some(style)) if styles.len() < STYLES_MAX => {
                styles.insert(style);
                Some(styles)
            }
            _ => None,
        };
        self.first_error.get_or_insert_with(|| {
            let begin: String = line.chars().take(120).collect();
            format!("{why}: {begin}")
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variant(id: u64, product: u64) -> String {
        format!(
            "{{\"id\":\"gid:\\/\\/shopify\\/ProductVariant\\/{id}\",\"inventoryPolicy\":\"DENY\",\"product\":{{\"id\":\"gid:\\/\\/shopify\\/Product\\/{product}\",\"status\":\"ACTIVE\"}},\"inventoryItem\":{{\"id\":\"gid:\\/\\/shopify\\/InventoryItem\\/{}\",\"tracked\":true}}}}\n",
            id + 1_000
        )
    }

    fn level(parent: u64, location: u64, available: i64) -> String {
        format!(
            "{{\"id\":\"gid:\\/\\/shopify\\/InventoryLevel\\/1?inventory_item_id=2\",\"isActive\":true,\"location\":{{\"id\":\"gid:\\/\\/shopify\\/Location\\/{location}\"}},\"quantities\":[{{\"name\":\"available\",\"quantity\":{available}}}],\"__parentId\":\"gid:\\/\\/shopify\\/ProductVariant\\/{parent}\"}}\n"
        )
    }

    #[test]
    fn a_style_is_not_torn_where_a_piece_ends() {
        let mut reader = LineReader::new(0, None);
        let first = variant(1, 7) + &variant(2, 8);
        let groups = reader.push(&first);
        assert_eq!(groups.len(), 1);
        assert_eq!(reader.resume_offset(), variant(1, 7).len() as u64);
        assert!(reader.push(&variant(3, 8)).is_empty());
        let last = reader.finish().expect("a group");
        assert_eq!((last.product, last.variants.len()), (Id(8), 2));
        assert_eq!(
            reader.resume_offset(),
            (first.len() + variant(3, 8).len()) as u64
        );
    }

    #[test]
    fn levels_in_lines_of_their_own_find_their_variant() {
        let mut reader = LineReader::new(0, Some(vec![Id(50), Id(60)]));
        let text = variant(1, 7) + &level(1, 60, 4) + &level(1, 99, 5) + &level(2, 60, 6);
        assert!(reader.push(&text).is_empty());
        let group = reader.finish().expect("a group");
        let variant = group.variants.first().expect("a variant");
        assert_eq!(variant.level(0), Quantity::NotStocked);
        assert_eq!(variant.level(1), Quantity::Available(4));
        assert_eq!((reader.unreadable, reader.unread), (1, None));
    }

    #[test]
    fn a_variant_with_a_level_that_cannot_be_read_is_not_read() {
        let mut reader = LineReader::new(0, Some(vec![Id(50), Id(60)]));
        let garbled = level(2, 50, 4).replace("true", "null");
        let text = variant(1, 7) + &level(1, 60, 4) + &variant(2, 7) + &garbled + &level(2, 60, 5);
        assert!(reader.push(&text).is_empty());
        let group = reader.finish().expect("a group");
        let read: Vec<Id> = group.variants.iter().map(|variant| variant.id).collect();
        assert_eq!((read, reader.unreadable), (vec![Id(1)], 2));
    }

    #[test]
    fn a_place_at_the_end_of_all_numbers_is_no_end_of_the_program() {
        let mut reader = LineReader::new(u64::MAX, None);
        assert!(reader.push(&(variant(1, 7) + &variant(2, 7))).is_empty());
        assert!(reader.finish().is_some());
        assert_eq!(reader.resume_offset(), u64::MAX);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_of_its_style_or_of_any() {
        let odd = |id, product| variant(id, product).replace("DENY", "MAYBE");
        let mut reader = LineReader::new(0, None);
        reader.push(&(variant(1, 7) + &odd(2, 8) + &odd(3, 8)));
        let styles = BTreeSet::from([Id(8)]);
        assert_eq!(reader.unread, Some(styles));
        reader.push("garbage\n");
        assert_eq!(reader.unread, None);
        assert_eq!(reader.unreadable, 3);

        let mut reader = LineReader::new(0, None);
        for product in 1..=STYLES_MAX as u64 {
            reader.push(&odd(product, product));
        }
        assert!(reader.unread.is_some());
        reader.push(&odd(1, STYLES_MAX as u64 + 1));
        assert_eq!(reader.unread, None);
    }

    #[test]
    fn a_line_that_is_no_variant_is_counted_and_the_others_go_on() {
        let mut reader = LineReader::new(0, None);
        reader.push(&format!("{{\"id\":null}}\n{}garbage\n", variant(1, 7)));
        assert_eq!((reader.lines, reader.unreadable), (3, 2));
        assert!(reader.first_error.is_some());
        assert!(reader.finish().is_some());
    }
}
