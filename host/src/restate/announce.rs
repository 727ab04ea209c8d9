//! Tells Restate of this service, and puts its connections on the schedule.

use reqwest::{Client, Response};
use serde_json::json;
use url::Url;

use super::object::NAME;
use crate::connection::Limits;
use crate::effects::Egress;
use crate::problem::Problem;

/// Asks Restate's admin API at `admin` to send what is for atsync to `address`. Does no harm when
/// it does so already. Errors: it cannot be reached, or refuses.
pub async fn register(admin: &Url, address: &Url) -> Result<(), Problem> {
    let url = below(admin, &["deployments"]);
    let body = json!({ "uri": address.as_str() }).to_string();
    let request = client(&url)?
        .post(url.clone())
        .header("content-type", "application/json")
        .body(body);
    accepted(&url, request.send().await).await
}

/// Asks Restate's ingress at `ingress` to put a connection on the schedule. Does no harm to one
/// that is on it. Errors: it cannot be reached, or refuses.
pub async fn start(ingress: &Url, connection: &str) -> Result<(), Problem> {
    let url = below(ingress, &[NAME, connection, "start", "send"]);
    let request = client(&url)?.post(url.clone());
    accepted(&url, request.send().await).await
}

/// The URL with these segments behind its path, each encoded.
fn below(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

fn client(url: &Url) -> Result<Client, Problem> {
    let egress = Egress::new(&Limits::default())?;
    let client = egress.client(url, true).cloned();
    client.map_err(|_| refused(url, "atsync does not talk to such an address"))
}

async fn accepted(url: &Url, response: reqwest::Result<Response>) -> Result<(), Problem> {
    let response = response.map_err(|error| refused(url, &error.without_url().to_string()))?;
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let text = response.text().await.unwrap_or_default();
    let text: String = text.chars().take(500).collect();
    Err(refused(url, &format!("status {status}: {text}")))
}

fn refused(url: &Url, why: &str) -> Problem {
    Problem::new(
        "restate-refused",
        format!("Restate did not take what was sent to {url}: {why}."),
        "Look whether Restate runs there: --admin is its admin API (port 9070), --ingress is where it takes requests (port 8080).",
    )
}
