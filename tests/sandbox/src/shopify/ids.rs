//! Global ids as Shopify writes them, and the numbers behind them.
//!
//! Numbers of one kind are 32,768 apart, as in recorded answers, so a number is computed from
//! the place of a record in its table and back: no map is kept.

const STEP: u64 = 32_768;

/// Numbers and global ids for types that are a place in a table.
macro_rules! ids {
    ($($id:ident => $kind:ident),*) => {$(
        impl $id {
            pub(crate) fn index(self) -> usize {
                self.0 as usize
            }
            /// The number in Shopify's ids.
            pub fn number(self) -> u64 {
                Kind::$kind.number(self.index())
            }
            /// The global id.
            pub fn gid(self) -> String {
                Kind::$kind.gid(self.index())
            }
        }
    )*};
}
pub(crate) use ids;

/// The kinds of record that have an id of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A style.
    Product,
    /// A size and colour of a style.
    ProductVariant,
    /// What is stocked; one for each variant.
    InventoryItem,
    /// A place that stocks items.
    Location,
    /// An item at a location; its id also names the item.
    InventoryLevel,
    /// One name of a level's quantities.
    InventoryQuantity,
    /// Goods under way.
    InventoryShipment,
    /// One item of a shipment.
    InventoryShipmentLineItem,
    /// A movement between locations, with its shipments.
    InventoryTransfer,
    /// A query that runs by itself and leaves a file.
    BulkOperation,
    /// A wish to be told.
    WebhookSubscription,
    /// The record of one change of quantities.
    InventoryAdjustmentGroup,
    /// A fact that the merchant added to a record.
    Metafield,
    /// The app that the token belongs to.
    AppInstallation,
    /// The shop.
    Shop,
    /// What a customer bought.
    Order,
    /// One line of an order.
    LineItem,
    /// The part of an order that one location is to ship.
    FulfillmentOrder,
    /// One line of it.
    FulfillmentOrderLineItem,
    /// A parcel that left.
    Fulfillment,
    /// Who buys.
    Customer,
    /// Where an order goes, or its bill.
    MailingAddress,
    /// What a metafield of some owner may hold.
    MetafieldDefinition,
}

impl Kind {
    const ALL: [Self; 23] = [
        Self::Product,
        Self::ProductVariant,
        Self::InventoryItem,
        Self::Location,
        Self::InventoryLevel,
        Self::InventoryQuantity,
        Self::InventoryShipment,
        Self::InventoryShipmentLineItem,
        Self::InventoryTransfer,
        Self::BulkOperation,
        Self::WebhookSubscription,
        Self::InventoryAdjustmentGroup,
        Self::Metafield,
        Self::AppInstallation,
        Self::Shop,
        Self::Order,
        Self::LineItem,
        Self::FulfillmentOrder,
        Self::FulfillmentOrderLineItem,
        Self::Fulfillment,
        Self::Customer,
        Self::MailingAddress,
        Self::MetafieldDefinition,
    ];

    /// The type name in the schema and in global ids.
    pub fn name(self) -> &'static str {
        match self {
            Self::Product => "Product",
            Self::ProductVariant => "ProductVariant",
            Self::InventoryItem => "InventoryItem",
            Self::Location => "Location",
            Self::InventoryLevel => "InventoryLevel",
            Self::InventoryQuantity => "InventoryQuantity",
            Self::InventoryShipment => "InventoryShipment",
            Self::InventoryShipmentLineItem => "InventoryShipmentLineItem",
            Self::InventoryTransfer => "InventoryTransfer",
            Self::BulkOperation => "BulkOperation",
            Self::WebhookSubscription => "WebhookSubscription",
            Self::InventoryAdjustmentGroup => "InventoryAdjustmentGroup",
            Self::Metafield => "Metafield",
            Self::AppInstallation => "AppInstallation",
            Self::Shop => "Shop",
            Self::Order => "Order",
            Self::LineItem => "LineItem",
            Self::FulfillmentOrder => "FulfillmentOrder",
            Self::FulfillmentOrderLineItem => "FulfillmentOrderLineItem",
            Self::Fulfillment => "Fulfillment",
            Self::Customer => "Customer",
            Self::MailingAddress => "MailingAddress",
            Self::MetafieldDefinition => "MetafieldDefinition",
        }
    }

    /// The number of the first record, in the range in which recorded ones lie. Inventory items
    /// begin above 2^53 and are odd: a client that reads them as floating point is found out.
    fn base(self) -> u64 {
        match self {
            Self::Product => 9_801_098_789_170,
            Self::ProductVariant => 51_111_189_479_730,
            Self::InventoryItem => 9_007_199_254_772_737,
            Self::Location => 106_318_430_514,
            Self::InventoryLevel => 143_273_001_266,
            Self::InventoryQuantity | Self::Metafield => 41_000_000_000_306,
            Self::InventoryShipment => 2_928_279_858,
            Self::InventoryShipmentLineItem => 31_360_024_882,
            Self::InventoryTransfer => 5_904_728_370,
            Self::BulkOperation => 7_964_079_784_242,
            Self::WebhookSubscription => 1_929_113_141_554,
            Self::InventoryAdjustmentGroup => 54_640_716_251_442,
            Self::AppInstallation => 738_291_056_946,
            Self::Shop => 92_891_250_994,
            Self::Order => 8_734_179_754_290,
            Self::LineItem => 19_301_874_237_746,
            Self::FulfillmentOrder => 9_652_945_912_114,
            Self::FulfillmentOrderLineItem => 19_451_020_443_954,
            Self::Fulfillment => 7_764_219_560_242,
            Self::Customer => 10_391_120_609_586,
            Self::MailingAddress => 12_130_548_580_658,
            Self::MetafieldDefinition => 235_190_174_002,
        }
    }

    /// The number of the record at this place of its table.
    pub fn number(self, index: usize) -> u64 {
        self.base() + STEP * index as u64
    }

    /// The place of the record with this number, whether or not there is one.
    pub fn index(self, number: u64) -> Option<usize> {
        let distance = number.checked_sub(self.base())?;
        let index = usize::try_from(distance / STEP).ok()?;
        (distance % STEP == 0).then_some(index)
    }

    /// `gid://shopify/Product/9801098789170`
    pub fn gid(self, index: usize) -> String {
        format!("gid://shopify/{}/{}", self.name(), self.number(index))
    }
}

/// A global id, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gid {
    /// What kind of record it names.
    pub kind: Kind,
    /// Its number.
    pub number: u64,
    /// The item number of an inventory level's id.
    pub item: Option<u64>,
}

impl Gid {
    /// Reads `gid://shopify/Kind/number`, for levels with `?inventory_item_id=number`.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("gid://shopify/")?;
        let (name, rest) = rest.split_once('/')?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name)?;
        let (number, item) = match rest.split_once("?inventory_item_id=") {
            Some((number, item)) => (number, Some(item.parse().ok()?)),
            None => (rest, None),
        };
        let number = number.parse().ok()?;
        Some(Self { kind, number, item })
    }

    /// The place in its table of the record of this kind that `text` names.
    pub fn place(text: &str, kind: Kind) -> Option<usize> {
        let gid = Self::parse(text)?;
        (gid.kind == kind).then(|| kind.index(gid.number)).flatten()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_gid_leads_back_to_its_place() {
        for kind in Kind::ALL {
            assert_eq!(Gid::place(&kind.gid(7), kind), Some(7));
        }
        assert_eq!(Gid::place(&Kind::Product.gid(0), Kind::Location), None);
        assert_eq!(Gid::parse("gid://shopify/Product/one"), None);
    }

    #[test]
    fn a_level_id_names_its_item() {
        let gid =
            Gid::parse("gid://shopify/InventoryLevel/143273001266?inventory_item_id=5").unwrap();
        assert_eq!((gid.number, gid.item), (143_273_001_266, Some(5)));
    }

    #[test]
    fn item_numbers_do_not_survive_a_float() {
        let number = Kind::InventoryItem.number(0);
        assert!(number > 1 << 53 && number % 2 == 1);
    }
}
