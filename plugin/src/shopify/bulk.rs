//! Bulk operations: <https://shopify.dev/docs/api/usage/bulk-operations/queries>

use serde::Deserialize;
use serde_json::json;

use super::client::Shopify;
use super::operations::{BULK_RUN, BULK_STATUS};
use crate::halt::Halt;

/// What came of asking for a bulk operation.
#[derive(Debug)]
pub enum Begun {
    /// It runs under this id.
    Running(String),
    /// The shop runs as many as it allows.
    Busy,
    /// The shop does not take this query.
    Refused(String),
}

/// How far a bulk operation is.
#[derive(Debug)]
pub enum Progress {
    /// So many objects are written.
    Running(u64),
    /// Done. None: there was nothing to write.
    Done(Option<String>),
    /// It ended without a result.
    Failed(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RunAnswer {
    bulk_operation_run_query: RunPayload,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RunPayload {
    bulk_operation: Option<Started>,
    #[serde(default)]
    user_errors: Vec<UserError>,
}

#[derive(Deserialize)]
struct Started {
    id: String,
}

#[derive(Deserialize)]
struct UserError {
    #[serde(default)]
    code: Option<String>,
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StatusAnswer {
    bulk_operation: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    status: String,
    #[serde(default)]
    error_code: Option<String>,
    #[serde(default)]
    object_count: serde_json::Value,
    #[serde(default)]
    url: Option<String>,
}

/// Asks for a bulk operation. `group`: lines of one parent stand together, which is slower.
///
/// # Errors
/// As [`Shopify::query`].
pub async fn begin(shopify: &Shopify, query: &str, group: bool) -> Result<Begun, Halt> {
    let variables = json!({ "query": query, "groupObjects": group });
    let answer: RunAnswer = shopify.query(&BULK_RUN, variables).await?;
    let payload = answer.bulk_operation_run_query;
    if let Some(error) = payload.user_errors.first() {
        return Ok(match error.code.as_deref() {
            Some("OPERATION_IN_PROGRESS") => Begun::Busy,
            _ => Begun::Refused(error.message.clone()),
        });
    }
    Ok(match payload.bulk_operation {
        Some(started) => Begun::Running(started.id),
        None => Begun::Refused("it names no operation".into()),
    })
}

/// Looks how far it is.
///
/// # Errors
/// As [`Shopify::query`].
pub async fn progress(shopify: &Shopify, id: &str) -> Result<Progress, Halt> {
    let answer: StatusAnswer = shopify.query(&BULK_STATUS, json!({ "id": id })).await?;
    let Some(status) = answer.bulk_operation else {
        return Ok(Progress::Failed("Shopify does not know it any more".into()));
    };
    Ok(match status.status.as_str() {
        "COMPLETED" => Progress::Done(status.url),
        "CREATED" | "RUNNING" => {
            // UnsignedInt64 comes as a string.
            let count = status.object_count;
            let objects = count.as_u64().or_else(|| count.as_str()?.parse().ok());
            Progress::Running(objects.unwrap_or(0))
        }
        other => {
            let code = status.error_code.unwrap_or_default();
            Progress::Failed(format!("{other} {code}").trim_end().to_owned())
        }
    })
}
