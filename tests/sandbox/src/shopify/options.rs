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
    /// Bulk operations.
    pub bulk: BulkOptions,
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
            bulk: BulkOptions::default(),
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
