//! The `manifest` interface: what this connector is.

use crate::bindings::exports::atsync::connector::manifest as wit;
use crate::core::finding::{Finding, Severity};
use crate::core::settings::{INTERVAL_S_MIN, SCHEMA, Settings};
use crate::core::time::SECOND;
use crate::shopify::operations::API_VERSION;

/// Shopify's Admin GraphQL API.
pub const SHOPIFY: &str = "shopify";
/// JOOR's v2 API: stock and order export.
pub const JOOR_V2: &str = "joor-v2";
/// JOOR's v4 API: catalogue and order heads.
pub const JOOR_V4: &str = "joor-v4";

/// `manifest.describe`.
pub fn describe() -> wit::Description {
    wit::Description {
        name: "atsync".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        summary: "Keeps a brand's available-to-sell stock on JOOR in step with its Shopify inventory.".into(),
        services: vec![shopify(), joor_v2(), joor_v4()],
        // Where Shopify keeps the results of bulk operations.
        download_hosts: vec!["storage.googleapis.com".into(), "*.storage.googleapis.com".into()],
        webhooks: vec![shopify_webhooks()],
        settings_schema: SCHEMA.into(),
        questions: vec![
            wit::Offer {
                name: "explain".into(),
                summary: "Show the whole working of a SKU's numbers, when they were sent, and what JOOR answered.".into(),
                arguments: vec![argument("sku", "SKU, UPC or variant id.", true)],
            },
            wit::Offer {
                name: "parked".into(),
                summary: "Show what is not sent until it changes or somebody acts, with the reasons.".into(),
                arguments: vec![],
            },
            wit::Offer {
                name: "rows".into(),
                summary: "List every row that JOOR shows or is about to get.".into(),
                arguments: vec![],
            },
            wit::Offer {
                name: "orders".into(),
                summary: "List JOOR's orders: state, claim, who decided it, and why one is parked.".into(),
                arguments: vec![],
            },
            wit::Offer {
                name: "orders-show".into(),
                summary: "Show one order: lines, claims, what Shopify and JOOR were told, what to do.".into(),
                arguments: vec![argument("order", "JOOR's number of the order.", true)],
            },
        ],
        acts: vec![
            wit::Offer {
                name: "approve".into(),
                summary: "Let a plan go through that the brake has stopped.".into(),
                arguments: vec![],
            },
            wit::Offer {
                name: "retry".into(),
                summary: "Send parked SKUs again in the next pass.".into(),
                arguments: vec![argument("sku", "Only this SKU or UPC.", false)],
            },
            wit::Offer {
                name: "resync".into(),
                summary: "Read the catalogue and all stock again in the next pass.".into(),
                arguments: vec![],
            },
            wit::Offer {
                name: "orders-retry".into(),
                summary: "Try a parked or released order again in the next pass.".into(),
                arguments: vec![argument("order", "JOOR's number of the order.", true)],
            },
            wit::Offer {
                name: "orders-release".into(),
                summary: "Say that you have settled an order by hand. One that is not in Shopify releases its claim and is not taken over; one that is counts as right as it is there.".into(),
                arguments: vec![argument("order", "JOOR's number of the order.", true)],
            },
        ],
        interval_ms_min: INTERVAL_S_MIN * SECOND,
    }
}

/// `manifest.check-settings`.
pub fn check_settings(settings: &str) -> Vec<wit::Finding> {
    Settings::read(settings)
        .1
        .into_iter()
        .map(finding)
        .collect()
}

fn finding(finding: Finding) -> wit::Finding {
    wit::Finding {
        code: finding.code,
        severity: match finding.severity {
            Severity::Note => wit::Severity::Note,
            Severity::Warning => wit::Severity::Warning,
            Severity::Error => wit::Severity::Error,
        },
        path: finding.path,
        message: finding.message,
        fix: finding.fix,
    }
}

fn argument(name: &str, summary: &str, required: bool) -> wit::Argument {
    wit::Argument {
        name: name.into(),
        summary: summary.into(),
        required,
    }
}

fn strings<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).to_vec()
}

fn fields<const N: usize>(fields: [(&str, &str); N]) -> Vec<(String, String)> {
    fields
        .map(|(name, form)| (name.to_owned(), form.to_owned()))
        .to_vec()
}

fn header(name: &str, form: &str) -> wit::HeaderForm {
    wit::HeaderForm {
        name: name.into(),
        form: form.into(),
    }
}

/// <https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/client-credentials-grant>
fn shopify() -> wit::Service {
    let token_header = "X-Shopify-Access-Token";
    wit::Service {
        name: SHOPIFY.into(),
        summary: format!(
            "The shop's Admin API, version {API_VERSION}. Make an app for the shop in Shopify's Dev Dashboard \
             with the scopes read_products, read_inventory and read_locations; for orders also write_orders, \
             write_customers and write_merchant_managed_fulfillment_orders; for future inventory also \
             read_inventory_shipments and read_inventory_transfers. It has a client id and a client secret."
        ),
        default_url: None,
        example_url: "https://acme.myshopify.com".into(),
        auth: vec![
            wit::Auth::Grant(wit::GrantAuth {
                secrets: strings(["client_id", "client_secret"]),
                token_url: "/admin/oauth/access_token".into(),
                encoding: wit::GrantEncoding::FormUrlencoded,
                fields: fields([
                    ("grant_type", "client_credentials"),
                    ("client_id", "{client_id}"),
                    ("client_secret", "{client_secret}"),
                ]),
                token_field: "access_token".into(),
                lifetime_field: Some("expires_in".into()),
                header: header(token_header, "{access_token}"),
            }),
            wit::Auth::Fixed(wit::FixedAuth {
                secrets: strings(["token"]),
                header: header(token_header, "{token}"),
            }),
        ],
    }
}

/// <https://api-docs.jooraccess.com/v2.0/docs/help>
fn joor_v2() -> wit::Service {
    wit::Service {
        name: JOOR_V2.into(),
        summary: "JOOR's v2 API, which takes stock and exports orders. JOOR's integrations team gives you its token."
            .into(),
        default_url: Some("https://api.jooraccess.com/v2".into()),
        example_url: "https://apisandbox.jooraccess.com/v2".into(),
        auth: vec![wit::Auth::Fixed(wit::FixedAuth {
            secrets: strings(["token"]),
            header: header("Authorization", "OAuth2 {base64:token}"),
        })],
    }
}

/// <https://api-docs.jooraccess.com/docs/how-to-authenticate>
fn joor_v4() -> wit::Service {
    wit::Service {
        name: JOOR_V4.into(),
        summary: "JOOR's v4 API, which knows styles and linesheets, and is told what became of orders. JOOR's integrations team gives you its client \
                  id, client secret, user name and password."
            .into(),
        default_url: Some("https://api.jooraccess.com/v4".into()),
        example_url: "https://apisandbox.jooraccess.com/v4".into(),
        auth: vec![wit::Auth::Grant(wit::GrantAuth {
            secrets: strings(["client_id", "client_secret", "username", "password"]),
            token_url: "https://atlas.jooraccess.com/auth/".into(),
            encoding: wit::GrantEncoding::Multipart,
            fields: fields([
                ("grant_type", "password"),
                ("client_id", "{client_id}"),
                ("client_secret", "{client_secret}"),
                ("username", "{username}"),
                ("password", "{password}"),
            ]),
            token_field: "access_token".into(),
            lifetime_field: Some("expires_in".into()),
            header: header("Authorization", "Bearer {access_token}"),
        })],
    }
}

/// <https://shopify.dev/docs/apps/build/webhooks/verify-deliveries>
fn shopify_webhooks() -> wit::Webhook {
    wit::Webhook {
        service: SHOPIFY.into(),
        signature_header: "X-Shopify-Hmac-SHA256".into(),
        secret: "secrets".into(),
        id_header: "X-Shopify-Webhook-Id".into(),
        topic_header: "X-Shopify-Topic".into(),
        topics: strings([
            "inventory_levels/update",
            "inventory_levels/connect",
            "inventory_levels/disconnect",
            "products/update",
            "products/delete",
            "locations/deactivate",
        ]),
    }
}
