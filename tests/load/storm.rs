//! Signed webhooks at a steady rate, whether those before are answered or not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Client;
use sha2::Sha256;
use tokio::task::JoinSet;

/// Shopify takes a webhook for lost that is not answered after this time.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often some are sent, in milliseconds.
const TICK_MS: usize = 5;

/// Where webhooks go, and what they tell of.
pub struct Storm {
    client: Client,
    url: String,
    secret: String,
    items: Arc<[u64]>,
}

/// What became of them.
pub struct Sum {
    /// From when one was due to its answer, in order.
    times: Vec<Duration>,
    first: u64,
    /// How many were not answered with 200 in time.
    pub unanswered: usize,
    took: Duration,
}

impl Storm {
    pub fn new(base: &str, secret: String, items: &[u64]) -> Arc<Storm> {
        Arc::new(Storm {
            client: Client::new(),
            url: format!("{base}/webhooks/sandbox/shopify"),
            secret,
            items: items.into(),
        })
    }

    /// Sends `count` webhooks, `rate` a second, one in `again_every` of them under the id of the
    /// one before.
    pub async fn rage(self: Arc<Self>, count: usize, rate: usize, again_every: usize) -> Sum {
        let began = Instant::now();
        let due = |number: usize| {
            let micros = number as u64 * 1_000_000 / rate as u64;
            began + Duration::from_micros(micros)
        };
        let mut tick = tokio::time::interval(Duration::from_millis(TICK_MS as u64));
        let mut sent = JoinSet::new();
        let mut next = 0;
        while next < count {
            tick.tick().await;
            let now = Instant::now();
            while next < count && due(next) <= now {
                let id = if next % again_every == again_every - 1 {
                    next - 1
                } else {
                    next
                };
                sent.spawn(Arc::clone(&self).deliver(id, due(next)));
                next += 1;
            }
        }
        let answers = sent.join_all().await;
        let took = began.elapsed();
        let mut times: Vec<Duration> = answers.iter().copied().flatten().collect();
        times.sort();
        Sum {
            unanswered: answers.len() - times.len(),
            first: (count - count / again_every) as u64,
            times,
            took,
        }
    }

    /// One webhook: the time from when it was due to its answer; none if there was no 200 in time.
    async fn deliver(self: Arc<Self>, id: usize, due: Instant) -> Option<Duration> {
        let item = self.items.get(id % self.items.len())?;
        let body = format!("{{\"inventory_item_id\":{item},\"location_id\":1,\"available\":{id}}}");
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).ok()?;
        mac.update(body.as_bytes());
        let webhook = self
            .client
            .post(&self.url)
            .header(
                "X-Shopify-Hmac-SHA256",
                STANDARD.encode(mac.finalize().into_bytes()),
            )
            .header("X-Shopify-Webhook-Id", format!("load-{id}"))
            .header("X-Shopify-Topic", "inventory_levels/update")
            .timeout(PATIENCE)
            .body(body);
        let answer = webhook.send().await.ok()?;
        let time = due.elapsed();
        (answer.status() == 200 && time < PATIENCE).then_some(time)
    }
}

impl Sum {
    /// How many were sent under an id of their own.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// How many were sent under an id that had been used.
    pub fn again(&self) -> u64 {
        (self.times.len() + self.unanswered) as u64 - self.first
    }

    pub fn print(&self, rate: usize) {
        let sent = self.times.len() + self.unanswered;
        let held = sent as f64 / self.took.as_secs_f64();
        println!("webhooks        {sent}, {held:.0} a second of {rate}");
        let at = |percent: usize| {
            let place = self.times.len() * percent / 100;
            let time = self.times.get(place).or(self.times.last());
            time.map_or(0.0, |time| time.as_secs_f64() * 1000.0)
        };
        let (half, most, last) = (at(50), at(99), at(100));
        println!("answered        p50 {half:.1} ms, p99 {most:.1} ms, the slowest {last:.1} ms");
        println!("not answered    {}", self.unanswered);
    }
}
