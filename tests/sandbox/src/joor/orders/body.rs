//! An order as v2 tells it. <https://api-docs.jooraccess.com/v2.0/reference/get-orders>

use jiff::Timestamp;
use serde_json::{Map, Number, Value};

use super::draft::{Address, Discount, OrderLine, Overrides};
use super::{Order, OrderDates, OrderId, OrderRules, OrderStatus, money, totals};
use crate::joor::library::{Library, product_id};
use crate::wire::Millis;

type Fields = Map<String, Value>;

/// What an order is told by: the account's ways and its styles.
#[derive(Clone, Copy)]
pub(super) struct Teller<'a> {
    pub(super) rules: &'a OrderRules,
    pub(super) library: &'a Library,
    pub(super) warehouses: &'a [String],
}

impl OrderStatus {
    /// `order_type` in an order, which is another numbering than that of the parameter.
    fn code(self) -> i64 {
        match self {
            Self::Cancelled => 0,
            Self::InProgress => 1,
            Self::Pending => 3,
            Self::Approved => 4,
            Self::Shipped => 5,
            Self::Notes => 6,
        }
    }

    /// `order_type_name`
    fn label(self) -> &'static str {
        match self {
            Self::Cancelled => "Cancelled",
            Self::InProgress => "In Progress",
            Self::Pending => "Pending",
            Self::Approved => "Approved",
            Self::Shipped => "Shipped",
            Self::Notes => "Notes",
        }
    }
}

impl Teller<'_> {
    pub(super) fn order(self, id: OrderId, order: &Order) -> Value {
        let content = &order.content;
        let places = money::decimals(&content.currency);
        let totals = totals::of(content, self.rules);
        let mut collections = self.library.collections.iter();
        let linesheet = collections.find(|known| known.external_id == content.linesheet);
        let own_or = |own: &Option<String>, other: Option<&String>| {
            self.maybe(own.as_ref().or(other).map(String::as_str))
        };
        let delivery = linesheet.map(|linesheet| &linesheet.delivery);
        let warehouse = content.warehouse.as_ref().or(self.warehouses.first());
        let mut fields = Fields::new();
        let mut tell = |name: &str, value| fields.insert(name.to_owned(), value);

        tell(
            "order_id",
            self.number(i64::try_from(id.0).unwrap_or(i64::MAX)),
        );
        tell("order_type", self.number(content.status.code()));
        tell("order_type_name", content.status.label().into());
        tell("order_type_code", self.absent());
        tell("order_total", self.amount(totals.total, places));
        tell("order_currency", content.currency.as_str().into());
        tell("order_currency_name", content.currency.as_str().into());
        tell("order_currency_retail", content.currency.as_str().into());
        tell("order_discount", self.amount(totals.discount, places));
        let percent = match content.discount {
            Discount::Percent(percent) => percent.into(),
            Discount::None | Discount::Amount(_) => 0,
        };
        tell("order_discount_percent", self.amount(percent, 2));
        tell(
            "order_shipping_total",
            self.amount(content.shipping_total.into(), places),
        );
        tell("order_comments", self.maybe(content.comments.as_deref()));
        tell(
            "order_internal_comments",
            self.maybe(content.internal_comments.as_deref()),
        );
        tell("order_source", "web".into());
        tell("order_event", self.absent());
        tell("order_event_code", self.absent());
        let name = linesheet.map_or(&content.linesheet, |linesheet| &linesheet.name);
        tell(
            "order_delivery_name",
            own_or(&content.linesheet_name, Some(name)),
        );
        tell("order_delivery_code", content.linesheet.as_str().into());
        let season = linesheet.and_then(|linesheet| linesheet.season_id.as_ref());
        tell("order_season_code", own_or(&content.season, season));
        tell("date_created", self.time(Some(order.placed_at)));
        tell("date_approved", self.time(order.approved_at));
        tell("date_modified", self.time(Some(self.modified(order))));
        let start = delivery.and_then(|delivery| delivery.start_ship_date.as_ref());
        tell("date_ship_start", own_or(&content.ship_start, start));
        let end = delivery.and_then(|delivery| delivery.complete_ship_date.as_ref());
        tell("date_ship_end", own_or(&content.ship_end, end));
        tell(
            "sales_representative",
            self.maybe(content.sales_rep.as_deref()),
        );
        tell("sales_representative_code", self.absent());
        tell(
            "customer_name",
            self.maybe(content.customer_name.as_deref()),
        );
        tell(
            "customer_code",
            self.maybe(content.customer_code.as_deref()),
        );
        tell("customer_group_name", self.absent());
        tell("customer_group_code", self.absent());
        tell("company_name", self.absent());
        tell("company_code", self.absent());
        tell(
            "customer_purchase_order",
            self.maybe(content.purchase_order.as_deref()),
        );
        tell("integration_purchase_order", self.absent());
        tell(
            "customer_buyer_name",
            self.maybe(content.buyer_name.as_deref()),
        );
        tell("shipping_email", content.ship_to.email.as_str().into());
        tell("shipping_method_name", self.absent());
        tell("shipping_method_code", self.absent());
        tell("payment_method_name", self.absent());
        tell("payment_method_code", self.absent());
        tell("warehouse_name", self.maybe(warehouse.map(String::as_str)));
        tell("warehouse_code", self.absent());
        tell(
            "created_by_username",
            self.maybe(content.buyer_email.as_deref()),
        );
        tell(
            "created_by_email",
            self.maybe(content.buyer_email.as_deref()),
        );
        tell("is_personal_order", self.number(0));
        tell("order_divisions", self.list(vec![]));
        tell("order_doors", self.list(vec![]));
        let lines = content.lines.iter().zip(&totals.extended);
        let lines = lines.map(|(line, extended)| self.line(line, *extended, places));
        tell("line_items", self.list(lines.collect()));
        for (prefix, address) in [
            ("shipping", &content.ship_to),
            ("billing", &content.bill_to),
        ] {
            for (name, value) in address_fields(address) {
                tell(&format!("{prefix}_{name}"), value.into());
            }
        }
        overridden(fields, &content.overrides)
    }

    fn line(self, line: &OrderLine, extended: i128, places: usize) -> Value {
        let upc = line.upc.as_deref();
        let sku = upc
            .and_then(|upc| self.library.find_upc(upc))
            .and_then(|no| self.library.skus.get(no as usize));
        let style = sku.and_then(|sku| self.library.products.get(sku.product as usize));
        let own_or = |own: &Option<String>, other: Option<String>| {
            self.maybe(own.as_ref().or(other.as_ref()).map(String::as_str))
        };
        let traits = &self.library.traits;
        let mut fields = Fields::new();
        let mut tell = |name: &str, value| fields.insert(name.to_owned(), value);

        let name = style.map(|style| style.name.to_string());
        tell("item_name", own_or(&line.name, name));
        let number = style.and_then(|style| style.identifier.as_ref());
        tell(
            "item_number",
            own_or(&line.style_number, number.map(ToString::to_string)),
        );
        let id = sku.and_then(|sku| i64::try_from(product_id(sku.product)).ok());
        tell(
            "item_style_id",
            id.map_or_else(|| self.absent(), |id| self.number(id)),
        );
        let identifier = style.and_then(|style| style.external_id.as_ref());
        tell(
            "item_style_identifier",
            own_or(&line.style_identifier, identifier.map(ToString::to_string)),
        );
        let color = sku.map(|sku| traits.name(sku.color).to_owned());
        tell("item_color", own_or(&line.color, color));
        let code = sku.map(|sku| traits.code(sku.color).to_owned());
        tell("item_color_code", own_or(&line.color_code, code));
        tell("item_upc", self.maybe(upc));
        let size = sku.map(|sku| traits.name(sku.size).to_owned());
        tell("item_size", own_or(&line.size, size));
        let size_code = sku.map(|sku| traits.code(sku.size).to_owned());
        tell("item_size_code", own_or(&line.size, size_code));
        tell("item_price", self.amount(line.price.into(), places));
        tell("item_retail_price", self.absent());
        let list_price = line.list_price.unwrap_or(line.price);
        tell("item_unit_price", self.amount(list_price.into(), places));
        tell(
            "item_price_adjustment",
            self.amount(line.price_adjustment.into(), places),
        );
        tell("item_quantity", self.number(line.quantity));
        tell("item_price_extended", self.amount(extended, places));
        tell("item_multiplier", self.number(line.multiplier));
        tell("item_comment", self.maybe(line.comment.as_deref()));
        tell("item_color_comment", self.absent());
        tell("item_door_id", self.absent());
        tell("style_tags", self.list(vec![]));
        overridden(fields, &line.overrides)
    }

    /// `date_modified`, as coarse as the account has it.
    pub(super) fn modified(self, order: &Order) -> Millis {
        let step = self.rules.modified_step_ms.max(1);
        order.modified_at - order.modified_at % step
    }

    fn absent(self) -> Value {
        if self.rules.empty_as_text {
            Value::from("")
        } else {
            Value::Null
        }
    }

    fn maybe(self, text: Option<&str>) -> Value {
        text.map_or_else(|| self.absent(), Value::from)
    }

    pub(super) fn list(self, list: Vec<Value>) -> Value {
        if list.is_empty() && self.rules.empty_as_text {
            Value::from("")
        } else {
            Value::from(list)
        }
    }

    fn number(self, number: i64) -> Value {
        if self.rules.numbers_as_text {
            number.to_string().into()
        } else {
            number.into()
        }
    }

    fn amount(self, minor: i128, places: usize) -> Value {
        let text = money::text(minor, places);
        let number = text.parse().ok().and_then(Number::from_f64);
        match number {
            Some(number) if !self.rules.numbers_as_text => number.into(),
            _ => text.into(),
        }
    }

    fn time(self, at: Option<Millis>) -> Value {
        let at = at
            .and_then(|at| i64::try_from(at).ok())
            .and_then(|at| Timestamp::from_millisecond(at).ok());
        let form = match self.rules.dates {
            OrderDates::Iso => "%Y-%m-%dT%H:%M:%S%.1fZ",
            OrderDates::Spaced => "%Y-%m-%d %H:%M:%S",
        };
        self.maybe(at.map(|at| at.strftime(form).to_string()).as_deref())
    }
}

fn address_fields(address: &Address) -> [(&'static str, &str); 11] {
    [
        ("code", &address.code),
        ("name", &address.name),
        ("phone", &address.phone),
        ("address_1", &address.address_1),
        ("address_2", &address.address_2),
        ("city", &address.city),
        ("region", &address.region),
        ("postal_code", &address.postal_code),
        ("country", &address.country),
        ("country_iso_two", &address.country_iso_two),
        ("country_iso_three", &address.country_iso_three),
    ]
}

fn overridden(mut fields: Fields, overrides: &Overrides) -> Value {
    for (name, value) in overrides {
        match value {
            Some(value) => fields.insert(name.clone(), value.clone()),
            None => fields.remove(name),
        };
    }
    Value::Object(fields)
}
