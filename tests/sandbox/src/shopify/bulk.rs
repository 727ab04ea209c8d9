//! Bulk operations: queries that Shopify runs by itself, leaving a file of JSON Lines.
//! Source: <https://shopify.dev/docs/api/usage/bulk-operations/queries> and recorded ones.

use std::sync::Arc;

use super::Shop;
use super::bulk_rules;
use super::ids::Kind;
use super::node::{Node, Out, Record, Refusal};
use super::plan::Field;
use super::spool::Spool;
use super::store::{Seconds, seconds};
use crate::wire::Millis;

/// Query operations that one app may run at a time in one shop, since version 2026-01.
const RUNNING_MAX: usize = 5;

/// A result can be fetched for seven days.
const URL_MILLIS: Millis = 7 * 24 * 60 * 60 * 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Created,
    Running,
    Canceling,
    Canceled,
    Completed,
    Failed,
}

impl Status {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Running => "RUNNING",
            Self::Canceling => "CANCELING",
            Self::Canceled => "CANCELED",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }

    fn ended(self) -> bool {
        matches!(self, Self::Canceled | Self::Completed | Self::Failed)
    }
}

/// How an operation ends when it does not end well; see [`Shop::fail_next_bulk`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulkFailure {
    /// `INTERNAL_SERVER_ERROR`, with what was found so far.
    InternalError,
    /// `ACCESS_DENIED`
    AccessDenied,
    /// `TIMEOUT`, with what was found so far.
    Timeout,
}

impl BulkFailure {
    fn name(self) -> &'static str {
        match self {
            Self::InternalError => "INTERNAL_SERVER_ERROR",
            Self::AccessDenied => "ACCESS_DENIED",
            Self::Timeout => "TIMEOUT",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Operation {
    index: usize,
    pub(crate) status: Status,
    pub(crate) created: Seconds,
    query: String,
    plan: Arc<Vec<Field>>,
    grouped: bool,
    started: Millis,
    completed: Option<Millis>,
    failure: Option<BulkFailure>,
    objects: u64,
    roots: u64,
    file: Option<Spool>,
}

impl Operation {
    pub(crate) fn number(&self) -> u64 {
        Kind::BulkOperation.number(self.index)
    }
}

/// All operations of the shop.
#[derive(Debug, Default)]
pub(crate) struct Operations {
    list: Vec<Operation>,
    next_failure: Option<BulkFailure>,
}

impl Operations {
    pub(crate) fn get(&self, index: usize) -> Option<&Operation> {
        self.list.get(index)
    }

    pub(crate) fn nodes_where(&self, wanted: impl Fn(&Operation) -> bool) -> Vec<(u64, Node)> {
        self.list
            .iter()
            .filter(|operation| wanted(operation))
            .map(|operation| (operation.number(), Node::BulkOperation(operation.index)))
            .collect()
    }

    /// The file of an operation with this number, while it can be fetched.
    pub(crate) fn file(&self, number: u64, now: Millis) -> Option<&Spool> {
        let operation = self.get(Kind::BulkOperation.index(number)?)?;
        let fresh = now < operation.completed?.saturating_add(URL_MILLIS);
        operation.file.as_ref().filter(|_| fresh)
    }

    pub(crate) fn field(
        &self,
        index: usize,
        field: &Field,
        public_url: &str,
    ) -> Option<Out<'static>> {
        let operation = self.get(index)?;
        let file = operation.file.as_ref().filter(|file| file.len() > 0);
        let url = file.map_or(Out::Null, |_| {
            let number = operation.number();
            Out::text(format!(
                "{public_url}/bulk/{number}.jsonl?signature={}",
                signature(number)
            ))
        });
        Some(match field.name.as_str() {
            "id" => Out::Gid(Kind::BulkOperation, operation.number()),
            "status" => Out::text(operation.status.name()),
            "type" => Out::text("QUERY"),
            "query" => Out::text(operation.query.clone()),
            "createdAt" => Out::Time(operation.created),
            "completedAt" => operation.completed.map(seconds).into(),
            "errorCode" => operation
                .failure
                .filter(|_| operation.status == Status::Failed)
                .map_or(Out::Null, |failure| Out::text(failure.name())),
            "objectCount" => Out::Digits(operation.objects),
            "rootObjectCount" => Out::Digits(operation.roots),
            "fileSize" => file.map_or(Out::Null, |file| Out::Digits(file.len())),
            "url" if operation.status == Status::Completed => url,
            "partialDataUrl" if operation.status == Status::Failed => url,
            "url" | "partialDataUrl" => Out::Null,
            _ => return None,
        })
    }
}

/// What stands in a result's URL instead of a secret.
pub(crate) fn signature(number: u64) -> String {
    format!("{:016x}", number.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

impl Shop {
    /// Makes the next bulk operation fail when its time is up.
    pub fn fail_next_bulk(&mut self, failure: BulkFailure) {
        self.bulk.next_failure = Some(failure);
    }

    /// `bulkOperationRunQuery`
    pub(crate) fn run_bulk(&mut self, field: &Field, now: Millis) -> Result<Out<'static>, Refusal> {
        let query = field.text("query").unwrap_or_default().to_owned();
        let running: Vec<String> = self
            .bulk
            .list
            .iter()
            .filter(|operation| !operation.status.ended())
            .map(|operation| Kind::BulkOperation.gid(operation.index))
            .collect();
        if running.len() >= RUNNING_MAX {
            let message = format!(
                "A bulk query operation for this app and shop is already in progress: {}.",
                running.join(", ")
            );
            return Ok(payload(
                "BulkOperationRunQueryPayload",
                None,
                vec![error(&[], &message, "OPERATION_IN_PROGRESS")],
            ));
        }
        let plan = match bulk_rules::plan(&query, self.options.bulk.refuse_aliases) {
            Ok(plan) => plan,
            Err(messages) => {
                let errors = messages
                    .into_iter()
                    .map(|message| error(&["query"], &message, "INVALID"))
                    .collect();
                return Ok(payload("BulkOperationRunQueryPayload", None, errors));
            }
        };
        let index = self.bulk.list.len();
        self.bulk.list.push(Operation {
            index,
            status: Status::Created,
            created: seconds(now),
            query,
            plan: Arc::new(plan),
            grouped: field.flag("groupObjects"),
            started: now,
            completed: None,
            failure: self.bulk.next_failure.take(),
            objects: 0,
            roots: 0,
            file: None,
        });
        Ok(payload(
            "BulkOperationRunQueryPayload",
            Some(index),
            Vec::new(),
        ))
    }

    /// `bulkOperationCancel`
    pub(crate) fn cancel_bulk(&mut self, field: &Field) -> Result<Out<'static>, Refusal> {
        let id = field.text("id").unwrap_or_default();
        let index = super::ids::Gid::place(id, Kind::BulkOperation);
        let operation = index.and_then(|index| self.bulk.list.get_mut(index));
        let Some(operation) = operation else {
            let missing =
                Record::user_error("UserError", &["id"], "Bulk operation does not exist", "");
            return Ok(payload("BulkOperationCancelPayload", None, vec![missing]));
        };
        if operation.status.ended() {
            let status = operation.status.name().to_lowercase();
            let message = format!("A bulk operation cannot be canceled when it is {status}");
            let errors = vec![Record::user_error("UserError", &[], &message, "")];
            return Ok(payload("BulkOperationCancelPayload", index, errors));
        }
        operation.status = Status::Canceling;
        Ok(payload("BulkOperationCancelPayload", index, Vec::new()))
    }

    /// Lets operations come as far as they have by now.
    pub(crate) fn advance_bulk(&mut self, now: Millis) {
        let wait = self.options.bulk.created_ms;
        let end = wait.saturating_add(self.options.bulk.running_ms);
        for index in 0..self.bulk.list.len() {
            let Some(operation) = self.bulk.list.get_mut(index) else {
                continue;
            };
            let age = now.saturating_sub(operation.started);
            match operation.status {
                Status::Created if age >= wait && age < end => operation.status = Status::Running,
                Status::Canceling if age >= end => {
                    operation.status = Status::Canceled;
                    operation.completed = Some(now);
                    self.announce_bulk(index, now);
                }
                Status::Created | Status::Running if age >= end => self.complete_bulk(index, now),
                _ => {}
            }
        }
    }

    fn complete_bulk(&mut self, index: usize, now: Millis) {
        let Some(operation) = self.bulk.list.get(index) else {
            return;
        };
        let (plan, grouped, failure) =
            (operation.plan.clone(), operation.grouped, operation.failure);
        let written = match failure {
            Some(BulkFailure::AccessDenied) => None,
            failure => self.write_bulk(&plan, grouped, failure.is_some()).ok(),
        };
        if let Some(operation) = self.bulk.list.get_mut(index) {
            operation.completed = Some(now);
            operation.status = if failure.is_none() && written.is_some() {
                Status::Completed
            } else {
                operation.failure = Some(failure.unwrap_or(BulkFailure::InternalError));
                Status::Failed
            };
            if let Some(written) = written {
                operation.objects = written.objects;
                operation.roots = written.roots;
                operation.file = Some(written.file);
            }
        }
        self.announce_bulk(index, now);
    }
}

fn payload(
    typename: &'static str,
    operation: Option<usize>,
    errors: Vec<Out<'static>>,
) -> Out<'static> {
    Record::out(
        typename,
        vec![
            ("bulkOperation", operation.map(Node::BulkOperation).into()),
            ("userErrors", Out::List(errors)),
        ],
    )
}

fn error(field: &[&str], message: &str, code: &'static str) -> Out<'static> {
    Record::user_error("BulkOperationUserError", field, message, code)
}
