//! `GET /v2/order/`: the order export, which marks what it gives as exported unless it is told
//! not to. <https://api-docs.jooraccess.com/v2.0/reference/get-orders>

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::body::Teller;
use super::{ExportStatus, Order, OrderId, OrderIdFinds, OrderRules, OrderStatus};
use crate::joor::Account;
use crate::joor::call::{Call, answer, v2_refusal};
use crate::wire::{Millis, Response};

/// What the parameters ask for.
struct Wanted<'a> {
    order_type: u8,
    export_status: u8,
    /// Whether the orders that are given are marked as exported.
    sync: bool,
    required: bool,
    deleted: bool,
    /// First and last `date_modified`.
    modified: Option<(Millis, Millis)>,
    order_id: Option<OrderId>,
    customer_code: Option<&'a str>,
    start_from: usize,
    count: usize,
}

pub(in crate::joor) fn export(account: &mut Account, call: &Call<'_>, now: Millis) -> Response {
    let rules = account.options.orders.clone();
    let wanted = match Wanted::read(call, &rules) {
        Ok(wanted) => wanted,
        Err(why) => return v2_refusal(400, &why),
    };
    let teller = Teller {
        rules: &rules,
        library: &account.library,
        warehouses: &account.warehouses,
    };
    let then = now.saturating_sub(rules.read_lag_ms);
    let is_wanted = |(id, order): &(&OrderId, &mut Order)| {
        let seen = order.seen_at(then);
        seen.is_some_and(|seen| wanted.takes(**id, seen, teller))
    };
    let found: Vec<_> = account.orders.list.iter_mut().filter(is_wanted).collect();
    let total = found.len();
    let page = found.into_iter().skip(wanted.start_from).take(wanted.count);
    let mut told = vec![];
    for (id, order) in page {
        let Some(seen) = order.seen_at(then) else {
            continue;
        };
        let body = teller.order(*id, seen);
        if let Some(why) = wanted.lacks(&body, seen, teller) {
            order.mark(ExportStatus::Failed, &why, &rules, now);
            if wanted.sync {
                continue;
            }
        } else if wanted.sync {
            order.mark(ExportStatus::Success, "", &rules, now);
        }
        told.push(body);
    }
    let next = wanted.start_from.saturating_add(wanted.count);
    let number = |number: usize| {
        if rules.envelope_as_text {
            json!(number.to_string())
        } else {
            json!(number)
        }
    };
    let next = if next < total {
        number(next)
    } else {
        json!("")
    };
    answer(
        200,
        &json!({
            "response": {
                "code": number(0),
                "comment": "",
                "start_from": number(wanted.start_from),
                "next_start": next,
                "count": number(total),
            },
            "orders": teller.list(told),
        }),
    )
}

impl<'a> Wanted<'a> {
    /// Error: what is wrong, in a sentence.
    fn read(call: &'a Call<'_>, rules: &OrderRules) -> Result<Self, String> {
        let sync = choice(call, "sync", 0..=1)?.is_none_or(|sync| sync == 1);
        let check = choice(call, "check", 0..=3)?.unwrap_or(u8::from(sync));
        let order_id = match call.param("order_id") {
            None => None,
            Some(text) => Some(OrderId::new(
                text.parse()
                    .map_err(|_| "order_id has to be a number.".to_owned())?,
            )),
        };
        let any_state = order_id.is_some() && rules.order_id == OrderIdFinds::AnyState;
        let (order_type, export_status) = match (any_state, sync) {
            (true, _) => (8, 1),
            (false, true) => (2, 2),
            (false, false) => (2, 1),
        };
        let count = whole(call, "count", rules.page_max)?;
        if count == 0 || count > rules.page_max {
            return Err(format!("count has to be from 1 to {}.", rules.page_max));
        }
        Ok(Self {
            order_type: choice(call, "order_type", 1..=8)?.unwrap_or(order_type),
            export_status: choice(call, "export_status", 1..=7)?.unwrap_or(export_status),
            sync,
            required: check & 1 != 0,
            deleted: check & 2 != 0,
            modified: range(call)?,
            order_id,
            customer_code: call.param("customer_code"),
            start_from: whole(call, "start_from", 0)?,
            count,
        })
    }

    fn takes(&self, id: OrderId, order: &Order, teller: Teller<'_>) -> bool {
        let modified = teller.modified(order);
        let customer = order.content.customer_code.as_deref();
        self.order_id.is_none_or(|wanted| wanted == id)
            && self
                .customer_code
                .is_none_or(|wanted| Some(wanted) == customer)
            && self
                .modified
                .is_none_or(|(start, end)| (start..=end).contains(&modified))
            && self.takes_status(order.content.status)
            && self.takes_export(order)
    }

    fn takes_status(&self, status: OrderStatus) -> bool {
        use OrderStatus::{Approved, Cancelled, Notes, Pending, Shipped};
        match self.order_type {
            1 => status == Notes,
            2 => matches!(status, Approved | Shipped),
            3 => status == Pending,
            4 => status != Cancelled,
            5 => status == Cancelled,
            6 => status == Approved,
            7 => status == Shipped,
            _ => true,
        }
    }

    fn takes_export(&self, order: &Order) -> bool {
        let (export, modified) = (order.export, order.modified_since_export);
        match self.export_status {
            2 => export != ExportStatus::Success,
            3 => export == ExportStatus::Success,
            4 => modified,
            5 => export != ExportStatus::Success || modified,
            6 => export == ExportStatus::NotExported,
            7 => export == ExportStatus::NotExported || modified,
            _ => true,
        }
    }

    /// Why the checks that were asked for fail.
    fn lacks(&self, body: &Value, order: &Order, teller: Teller<'_>) -> Option<String> {
        let missing = teller.rules.required_fields.iter();
        let missing = missing.filter(|field| self.required && !has(body, field));
        let missing: Vec<_> = missing.map(String::as_str).collect();
        let gone = order.content.lines.iter().filter_map(|line| {
            let upc = line.upc.as_deref()?;
            let known = teller.library.find_upc(upc).is_some();
            (self.deleted && !known).then_some(upc)
        });
        let gone: Vec<_> = gone.collect();
        match (missing.is_empty(), gone.is_empty()) {
            (true, true) => None,
            (false, _) => Some(format!("Missing required fields: {}", missing.join(", "))),
            (true, false) => Some(format!("Deleted styles or colors: {}", gone.join(", "))),
        }
    }
}

/// Whether an order, or each of its lines, tells something in a field.
fn has(body: &Value, field: &str) -> bool {
    let told = |fields: Option<&Map<String, Value>>| {
        let value = fields.and_then(|fields| fields.get(field));
        value.is_some_and(|value| !value.is_null() && value != "")
    };
    if field.starts_with("item_") {
        let lines = body.get("line_items").and_then(Value::as_array);
        lines.is_none_or(|lines| lines.iter().all(|line| told(line.as_object())))
    } else {
        told(body.as_object())
    }
}

fn choice(
    call: &Call<'_>,
    name: &str,
    accepted: std::ops::RangeInclusive<u8>,
) -> Result<Option<u8>, String> {
    let Some(text) = call.param(name) else {
        return Ok(None);
    };
    let known = text.parse().ok().filter(|number| accepted.contains(number));
    known.map(Some).ok_or_else(|| {
        let (first, last) = (accepted.start(), accepted.end());
        format!("{name} has to be from {first} to {last}.")
    })
}

fn whole(call: &Call<'_>, name: &str, absent: usize) -> Result<usize, String> {
    call.param(name).map_or(Ok(absent), |text| {
        text.parse()
            .map_err(|_| format!("{name} has to be a whole number."))
    })
}

/// `date_start` and `date_end`, which need each other.
fn range(call: &Call<'_>) -> Result<Option<(Millis, Millis)>, String> {
    let time = |name: &str| {
        let Some(text) = call.param(name) else {
            return Ok(None);
        };
        let at = text.parse::<Timestamp>().ok();
        at.and_then(|at| Millis::try_from(at.as_millisecond()).ok())
            .map(Some)
            .ok_or_else(|| format!("{name} has to be YYYY-MM-DDThh:mm:ss.sTZD."))
    };
    match (time("date_start")?, time("date_end")?) {
        (None, None) => Ok(None),
        (Some(start), Some(end)) if start <= end => Ok(Some((start, end))),
        (Some(_), Some(_)) => Err("date_end is before date_start.".into()),
        _ => Err("date_start and date_end have to be given together.".into()),
    }
}
