//! The file that a bulk operation leaves.

use std::io;

use super::Shop;
use super::bulk_rules;
use super::ids::Kind;
use super::node::Node;
use super::plan::Field;
use super::spool::{Spool, Spooler};
use super::walk::Walker;

/// Root records after which children may follow when they are not grouped.
const BATCH: usize = 100;

impl Shop {
    /// Writes the lines of a bulk query; with `partial`, half of them.
    pub(crate) fn write_bulk(
        &self,
        plan: &[Field],
        grouped: bool,
        partial: bool,
    ) -> io::Result<Written> {
        let mut writer = Writer {
            walker: Walker::bulk(self),
            spooler: Spooler::default(),
            parent_is_item: self.options.bulk.item_is_parent,
            objects: 0,
        };
        let mut roots = 0;
        for root in plan {
            let Ok(records) = self.records(&Node::Query, root) else {
                continue;
            };
            let fields = bulk_rules::node_fields(root);
            let mut children = Vec::new();
            let count = if partial {
                records.count / 2
            } else {
                records.count
            };
            for node in (0..count).filter_map(|index| (records.at)(index)) {
                writer.line(&node, fields, None, &mut children);
                roots += 1;
                if grouped || roots % BATCH == 0 {
                    writer.children(&mut children)?;
                }
            }
            writer.children(&mut children)?;
        }
        Ok(Written {
            objects: writer.objects,
            roots: roots as u64,
            file: writer.spooler.finish()?,
        })
    }
}

/// A file and what is in it.
pub(crate) struct Written {
    pub(crate) objects: u64,
    pub(crate) roots: u64,
    pub(crate) file: Spool,
}

/// A connection whose records are yet to be written, and the id of the line they hang on.
type Child<'a> = (Node, &'a Field, (Kind, u64));

struct Writer<'a> {
    walker: Walker<'a>,
    spooler: Spooler,
    parent_is_item: bool,
    objects: u64,
}

impl<'a> Writer<'a> {
    fn line(
        &mut self,
        node: &Node,
        fields: &'a [Field],
        parent: Option<(Kind, u64)>,
        children: &mut Vec<Child<'a>>,
    ) {
        self.walker.out.push(b'{');
        // A member that may not be null and is, leaves the line without the rest of it.
        let _cost = self.walker.members(node, fields);
        if let Some((kind, number)) = parent {
            self.walker.out.extend(b",\"__parentId\":");
            self.walker.gid(kind, number);
        }
        self.walker.out.extend(b"}\n");
        self.objects += 1;
        let own = id_of(node);
        for (owner, connection) in self.walker.later.iter_mut().flat_map(std::mem::take) {
            let parent = match &owner {
                Node::Item(_) if self.parent_is_item => id_of(&owner),
                _ => own,
            };
            children.extend(parent.map(|parent| (owner, connection, parent)));
        }
    }

    fn children(&mut self, children: &mut Vec<Child<'a>>) -> io::Result<()> {
        let mut grandchildren = Vec::new();
        for (owner, connection, parent) in children.drain(..) {
            let Ok(records) = self.walker.shop().records(&owner, connection) else {
                continue;
            };
            let fields = bulk_rules::node_fields(connection);
            for node in (0..records.count).filter_map(|index| (records.at)(index)) {
                self.line(&node, fields, Some(parent), &mut grandchildren);
            }
        }
        self.spooler.take(&mut self.walker.out)?;
        if grandchildren.is_empty() {
            Ok(())
        } else {
            self.children(&mut grandchildren)
        }
    }
}

fn id_of(node: &Node) -> Option<(Kind, u64)> {
    Some(match node {
        Node::Product(id) => (Kind::Product, id.number()),
        Node::Variant(id) => (Kind::ProductVariant, id.number()),
        Node::Item(id) => (Kind::InventoryItem, id.item_number()),
        Node::Location(id) => (Kind::Location, id.number()),
        Node::Shipment(index) => (
            Kind::InventoryShipment,
            Kind::InventoryShipment.number(*index),
        ),
        Node::Transfer(index) => (
            Kind::InventoryTransfer,
            Kind::InventoryTransfer.number(*index),
        ),
        _ => return None,
    })
}
