//! How the shop behaves where shops differ, or where public facts leave it open.

/// Options of the Shopify side.
#[derive(Clone, Debug)]
pub struct Options {
    /// The shop's name.
    pub name: String,
    /// `acme.myshopify.com`
    pub domain: String,
    /// ISO 4217: `EUR`.
    pub currency: String,
    /// The fixed token that clients send as `X-Shopify-Access-Token`.
    pub token: String,
    /// The app of the client-credentials grant.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// The access scopes that tokens carry.
    pub scopes: Vec<String>,
    /// The version that answers: what `X-Shopify-API-Version` says. A request for another one
    /// is answered by this one all the same, as Shopify does with versions it has moved on from.
    pub api_version: String,
    /// Points that the bucket holds.
    pub cost_maximum: u32,
    /// Points that come back per second.
    pub cost_restore_rate: u32,
    /// Milliseconds until a search by `updated_at` knows of a change to a product, a variant or an
    /// inventory level; before, it takes the record for one that never changed. Not recorded.
    pub change_lag_ms: u64,
    /// Bulk operations.
    pub bulk: BulkOptions,
    /// Orders.
    pub orders: OrderOptions,
    /// The secret that webhooks are signed with.
    pub webhook_secret: String,
}

/// Options of bulk operations.
#[derive(Clone, Debug)]
pub struct BulkOptions {
    /// Milliseconds that an operation is `CREATED`.
    pub created_ms: u64,
    /// Milliseconds that it then is `RUNNING`.
    pub running_ms: u64,
    /// Refuse fields with arguments under an alias. Not recorded either way.
    pub refuse_aliases: bool,
    /// `__parentId` of levels below `productVariants > inventoryItem` names the item; otherwise
    /// the variant, which is the record of the line above. Sources disagree.
    pub item_is_parent: bool,
    /// Answer requests for a part of a result with all of it.
    pub ignore_ranges: bool,
}

/// Options of orders.
#[derive(Clone, Debug)]
pub struct OrderOptions {
    /// How many orders may be created in any minute; trial and development stores take 5.
    /// Source: <https://shopify.dev/docs/api/admin-graphql/latest/mutations/orderCreate>.
    pub per_minute: Option<u32>,
    /// How one order too many in a minute is refused. Not recorded.
    pub limit: OrderLimit,
    /// Which location a line is claimed at. Not recorded for orders that name none.
    pub claim_from: ClaimFrom,
    /// What `DECREMENT_OBEYING_POLICY` does with a line that nothing is left for. Not recorded.
    pub when_short: WhenShort,
    /// Refuse an order whose metafield of type `id` has a value that another order has. Public
    /// documentation says so; no answer is recorded.
    pub unique_ids: bool,
    /// Milliseconds until `orderByIdentifier(customId:)` finds a new order.
    pub identifier_lag_ms: u64,
    /// Milliseconds until `orders(query:)` knows of a new order or of a change to one. Real
    /// shops are said to lag by minutes.
    pub search_lag_ms: u64,
    /// `committed` says when it changed, as `reserved` is recorded to do. No change of it is
    /// recorded.
    pub committed_time: bool,
    /// Milliseconds until inventory levels show what a new order claims. Nothing public says
    /// that they do at once.
    pub claim_lag_ms: u64,
    /// Milliseconds that the job of `orderCancel` takes.
    pub cancel_ms: u64,
    /// What an app of the shop puts on each new order, in minor units of its currency.
    pub surcharge: i64,
}

/// How one order too many is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderLimit {
    /// Status 429, with `Retry-After` in seconds or without.
    TooManyRequests(Option<u32>),
    /// A user error: `Too many attempts. Please try again later.`
    UserError,
}

/// Which location a line is claimed at, among the open ones that stock it, in the order of
/// [`Shop::set_routing`](super::Shop::set_routing).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimFrom {
    /// The first with enough units available; where none has, the first.
    FirstWithEnough,
    /// The first, whatever it has.
    First,
    /// The first with enough; where none has, each as far as it reaches, so that one line is in
    /// several fulfilment orders.
    Spread,
}

/// What `DECREMENT_OBEYING_POLICY` does with a line of a variant that does not continue selling
/// when too few units are available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenShort {
    /// Refuses the order with code `INVALID` on `order.lineItems`, as two projects report.
    RefuseInvalid,
    /// Refuses the order with code `INVENTORY_CLAIM_FAILED`, as the schema documents.
    RefuseClaimFailed,
    /// Takes the order and claims the units that are available.
    ClaimPart,
}

impl Default for OrderOptions {
    fn default() -> Self {
        Self {
            per_minute: None,
            limit: OrderLimit::TooManyRequests(Some(60)),
            claim_from: ClaimFrom::FirstWithEnough,
            when_short: WhenShort::RefuseInvalid,
            unique_ids: true,
            identifier_lag_ms: 0,
            search_lag_ms: 0,
            committed_time: true,
            claim_lag_ms: 0,
            cancel_ms: 1000,
            surcharge: 0,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        let scopes = [
            "read_products",
            "read_inventory",
            "write_inventory",
            "read_locations",
            "write_locations",
            "read_inventory_transfers",
            "read_inventory_shipments",
            "read_orders",
            "write_orders",
            "read_merchant_managed_fulfillment_orders",
            "write_merchant_managed_fulfillment_orders",
            "read_customers",
            "write_customers",
        ];
        Self {
            name: "Atelier Sandbox".to_owned(),
            domain: "sandbox.myshopify.com".to_owned(),
            currency: "EUR".to_owned(),
            token: "shpat_sandbox".to_owned(),
            client_id: "sandbox-client".to_owned(),
            client_secret: "sandbox-client-secret".to_owned(),
            scopes: scopes.map(str::to_owned).to_vec(),
            api_version: "2026-10".to_owned(),
            cost_maximum: 2000,
            cost_restore_rate: 100,
            change_lag_ms: 0,
            bulk: BulkOptions::default(),
            orders: OrderOptions::default(),
            webhook_secret: "sandbox-webhook-secret".to_owned(),
        }
    }
}

impl Default for BulkOptions {
    fn default() -> Self {
        Self {
            created_ms: 500,
            running_ms: 1500,
            refuse_aliases: false,
            item_is_parent: false,
            ignore_ranges: false,
        }
    }
}
