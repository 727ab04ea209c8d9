//! Webhooks: who wants to be told of what, and the deliveries that are due.
//! Source: <https://shopify.dev/docs/apps/build/webhooks>, facts of deliveries and retries there.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use super::Shop;
use super::ids::{Gid, Kind};
use super::node::{Node, Out, Record, Refusal};
use super::plan::Field;
use super::store::{Seconds, seconds};
use super::time;
use crate::wire::Millis;

/// Pauses between attempts: eight retries over four hours.
const PAUSES: [Millis; 8] = [
    10_000, 30_000, 120_000, 300_000, 900_000, 2_400_000, 3_600_000, 7_040_000,
];

/// A delivery to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// `X-Shopify-Webhook-Id`: the same for every attempt.
    pub id: String,
    /// `inventory_levels/update`
    pub topic: String,
    /// Where it goes.
    pub url: String,
    /// Names in lower case, the signature among them.
    pub headers: Vec<(String, String)>,
    /// Frozen when the event happened.
    pub body: Vec<u8>,
    subscription: usize,
    attempt: usize,
    due: Millis,
}

#[derive(Debug)]
pub(crate) struct Subscription {
    topic: String,
    uri: String,
    include_fields: Vec<String>,
    metafield_namespaces: Vec<String>,
    filter: Option<String>,
    created: Seconds,
    failures: usize,
    deleted: bool,
}

/// Subscriptions, and deliveries that are not yet accepted.
#[derive(Debug, Default)]
pub(crate) struct Webhooks {
    subscriptions: Vec<Subscription>,
    outbox: Vec<Delivery>,
    /// Deliveries that were handed out and not yet reported.
    under_way: BTreeMap<String, Delivery>,
    events: u64,
}

impl Webhooks {
    pub(crate) fn get(&self, index: usize) -> Option<&Subscription> {
        self.subscriptions
            .get(index)
            .filter(|subscription| !subscription.deleted)
    }

    pub(crate) fn nodes(&self) -> Vec<(u64, Node)> {
        (0..self.subscriptions.len())
            .filter(|index| self.get(*index).is_some())
            .map(|index| {
                (
                    Kind::WebhookSubscription.number(index),
                    Node::Webhook(index),
                )
            })
            .collect()
    }

    pub(crate) fn field(&self, index: usize, field: &Field) -> Option<Out<'_>> {
        let subscription = self.get(index)?;
        let number = Kind::WebhookSubscription.number(index);
        Some(match field.name.as_str() {
            "id" => Out::Gid(Kind::WebhookSubscription, number),
            "legacyResourceId" => Out::Digits(number),
            "topic" => Out::text(subscription.topic.as_str()),
            "uri" => Out::text(subscription.uri.as_str()),
            "format" => Out::text("JSON"),
            "filter" => subscription.filter.as_deref().map_or(Out::Null, Out::text),
            "includeFields" => Out::texts(subscription.include_fields.iter().map(String::as_str)),
            "metafieldNamespaces" => {
                Out::texts(subscription.metafield_namespaces.iter().map(String::as_str))
            }
            "createdAt" | "updatedAt" => Out::Time(subscription.created),
            _ => return None,
        })
    }

    fn subscribe(&mut self, subscription: Subscription) -> usize {
        self.subscriptions.push(subscription);
        self.subscriptions.len() - 1
    }
}

impl Shop {
    /// Subscribes to topics (`INVENTORY_LEVELS_UPDATE`) as the app's configuration would.
    pub fn subscribe(&mut self, topics: &[&str], url: &str, now: Millis) {
        for topic in topics {
            self.webhooks.subscribe(Subscription {
                topic: (*topic).to_owned(),
                uri: url.to_owned(),
                include_fields: Vec::new(),
                metafield_namespaces: Vec::new(),
                filter: None,
                created: seconds(now),
                failures: 0,
                deleted: false,
            });
        }
    }

    /// `webhookSubscriptionCreate`
    pub(crate) fn create_subscription(
        &mut self,
        field: &Field,
        now: Millis,
    ) -> Result<Out<'static>, Refusal> {
        let input = field
            .args
            .get("webhookSubscription")
            .cloned()
            .unwrap_or_default();
        let text = |name: &str| input.get(name).and_then(Value::as_str).map(str::to_owned);
        let texts = |name: &str| {
            let items = input
                .get(name)
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default();
            items
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        };
        let Some(uri) = text("uri").filter(|uri| !uri.is_empty()) else {
            return Ok(created(
                None,
                &["webhookSubscription", "callbackUrl"],
                "Address can't be blank",
            ));
        };
        let local = uri.starts_with("http://127.0.0.1") || uri.starts_with("http://localhost");
        if uri.starts_with("http://") && !local {
            let message = "Address protocol http:// is not supported";
            return Ok(created(
                None,
                &["webhookSubscription", "callbackUrl"],
                message,
            ));
        }
        self.changed += 1;
        let index = self.webhooks.subscribe(Subscription {
            topic: field.text("topic").unwrap_or_default().to_owned(),
            uri,
            include_fields: texts("includeFields"),
            metafield_namespaces: texts("metafieldNamespaces"),
            filter: text("filter"),
            created: seconds(now),
            failures: 0,
            deleted: false,
        });
        Ok(created(Some(index), &[], ""))
    }

    /// `webhookSubscriptionDelete`
    pub(crate) fn delete_subscription(&mut self, field: &Field) -> Result<Out<'static>, Refusal> {
        let id = field.text("id").unwrap_or_default();
        let index = Gid::place(id, Kind::WebhookSubscription)
            .filter(|index| self.webhooks.get(*index).is_some());
        let mut errors = Vec::new();
        let mut deleted = Out::Null;
        match index.and_then(|index| self.webhooks.subscriptions.get_mut(index)) {
            Some(subscription) => {
                subscription.deleted = true;
                self.changed += 1;
                deleted = Out::text(id.to_owned());
            }
            None => errors.push(Record::user_error(
                "UserError",
                &["id"],
                "Webhook subscription does not exist",
                "",
            )),
        }
        Ok(Record::out(
            "WebhookSubscriptionDeletePayload",
            vec![
                ("deletedWebhookSubscriptionId", deleted),
                ("userErrors", Out::List(errors)),
            ],
        ))
    }

    /// Tells subscribers of an event.
    pub(crate) fn announce(&mut self, topic: &str, now: Millis, body: impl FnOnce() -> Value) {
        let wanted: Vec<(usize, String)> = self
            .webhooks
            .subscriptions
            .iter()
            .enumerate()
            .filter(|(_, subscription)| subscription.topic == topic && !subscription.deleted)
            .map(|(index, subscription)| (index, subscription.uri.clone()))
            .collect();
        if wanted.is_empty() {
            return;
        }
        let body = body().to_string().into_bytes();
        let path = topic_path(topic);
        self.webhooks.events += 1;
        let event = self.webhooks.events;
        for (subscription, url) in wanted {
            let id = format!(
                "b54557e4-bdd9-4b37-8a5f-{:012x}",
                (event << 16) | subscription as u64
            );
            let header = |name: &str, value: String| (name.to_owned(), value);
            let headers = vec![
                header("content-type", "application/json".to_owned()),
                header("x-shopify-topic", path.clone()),
                header(
                    "x-shopify-hmac-sha256",
                    sign(&self.options.webhook_secret, &body),
                ),
                header("x-shopify-shop-domain", self.options.domain.clone()),
                header("x-shopify-api-version", self.options.api_version.clone()),
                header("x-shopify-webhook-id", id.clone()),
                header(
                    "x-shopify-event-id",
                    format!("98880550-7158-44d4-b7cd-{event:012x}"),
                ),
                header("x-shopify-triggered-at", time::text(seconds(now))),
            ];
            let delivery = Delivery {
                id,
                topic: path.clone(),
                url,
                headers,
                body: body.clone(),
                subscription,
                attempt: 0,
                due: now,
            };
            self.webhooks.outbox.push(delivery);
        }
    }

    /// The deliveries to make now. Each is to be reported by [`Shop::delivered`].
    pub fn take_deliveries(&mut self, now: Millis) -> Vec<Delivery> {
        let (due, later) = std::mem::take(&mut self.webhooks.outbox)
            .into_iter()
            .partition(|delivery| delivery.due <= now);
        self.webhooks.outbox = later;
        let due: Vec<Delivery> = due;
        for delivery in &due {
            self.webhooks
                .under_way
                .insert(delivery.id.clone(), delivery.clone());
        }
        due
    }

    /// Reports a delivery: taken with a status of 2xx within five seconds, or not. One that was
    /// not is tried again, eight times over four hours; a subscription that fails so often in a
    /// row is deleted.
    pub fn delivered(&mut self, id: &str, taken: bool, now: Millis) {
        let Some(mut delivery) = self.webhooks.under_way.remove(id) else {
            return;
        };
        let Some(subscription) = self.webhooks.subscriptions.get_mut(delivery.subscription) else {
            return;
        };
        if taken {
            subscription.failures = 0;
            return;
        }
        subscription.failures += 1;
        if subscription.failures > PAUSES.len() {
            subscription.deleted = true;
        } else if let Some(pause) = PAUSES.get(delivery.attempt) {
            delivery.attempt += 1;
            delivery.due = now.saturating_add(*pause);
            self.webhooks.outbox.push(delivery);
        }
    }
}

/// `INVENTORY_LEVELS_UPDATE` is `inventory_levels/update` on the wire.
fn topic_path(topic: &str) -> String {
    let topic = topic.to_lowercase();
    if let Some(event) = topic.strip_prefix("orders_") {
        return format!("orders/{event}");
    }
    topic
        .rsplit_once('_')
        .map_or(topic.clone(), |(what, event)| format!("{what}/{event}"))
}

/// The signature of a body: base64 of its HMAC-SHA256.
/// Source: <https://shopify.dev/docs/apps/build/webhooks/verify-deliveries>.
pub fn sign(secret: &str, body: &[u8]) -> String {
    // HMAC takes keys of any length.
    Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_or_else(
        |_| String::new(),
        |mut mac| {
            mac.update(body);
            BASE64.encode(mac.finalize().into_bytes())
        },
    )
}

fn created(index: Option<usize>, field: &[&str], message: &str) -> Out<'static> {
    let errors = if index.is_some() {
        Vec::new()
    } else {
        vec![Record::user_error("UserError", field, message, "")]
    };
    Record::out(
        "WebhookSubscriptionCreatePayload",
        vec![
            ("webhookSubscription", index.map(Node::Webhook).into()),
            ("userErrors", Out::List(errors)),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_published_one() {
        // A vector of another project's test of Shopify's webhooks.
        let body = br#"{"id":1234567890,"email":"customer@example.com","total_price":"123.45"}"#;
        assert_eq!(
            sign("test-webhook-secret", body),
            "QNyObTlKbMx2qDlPF/ZOZcBqg5OgPg+2oky3zldc0Gw="
        );
    }

    #[test]
    fn topics_are_written_with_one_slash() {
        assert_eq!(
            topic_path("INVENTORY_LEVELS_UPDATE"),
            "inventory_levels/update"
        );
        assert_eq!(
            topic_path("BULK_OPERATIONS_FINISH"),
            "bulk_operations/finish"
        );
        assert_eq!(
            topic_path("ORDERS_PARTIALLY_FULFILLED"),
            "orders/partially_fulfilled"
        );
    }
}
