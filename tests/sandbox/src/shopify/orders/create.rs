//! `orderCreate`

use super::input::{Currencies, CustomerAttributes, LineInput, OrderInput};
use super::judge::Errors;
use super::money::Price;
use super::stock::Assigned;
use super::{
    Behaviour, Customer, CustomerId, FulfillmentOrder, FulfillmentOrderLine, FulfillmentStatus,
    OrderId, OrderLine, OrderRecord, ShippingLine, input, money,
};
use crate::shopify::mutations::Answer;
use crate::shopify::node::{Node, Out, Record};
use crate::shopify::options::{OrderLimit, WhenShort};
use crate::shopify::plan::Field;
use crate::shopify::store::{place, seconds};
use crate::shopify::view::VariantView;
use crate::shopify::{Shop, time};
use crate::wire::Millis;

/// Source: the description of the mutation in the schema.
const LIMIT_MILLIS: Millis = 60_000;

impl Shop {
    /// Whether the shop has taken as many orders in the last minute as it may.
    pub(crate) fn order_limit_is_reached(&self, now: Millis) -> bool {
        let recent = self
            .orders
            .orders
            .iter()
            .rev()
            .take_while(|order| now < order.created_at.saturating_add(LIMIT_MILLIS))
            .count();
        let limit = self.options.orders.per_minute;
        limit.is_some_and(|limit| recent >= limit as usize)
    }

    /// `orderCreate`
    pub(crate) fn create_order(&mut self, field: &Field, now: Millis) -> Answer {
        self.has_scope("write_orders", &field.name)?;
        let (input, behaviour) = input::read(field)?;
        if let Some(customer) = &input.customer
            && customer.to_upsert.is_some()
        {
            self.has_scope("write_customers", &field.name)?;
        }
        if self.options.orders.limit == OrderLimit::UserError && self.order_limit_is_reached(now) {
            let message = "Too many attempts. Please try again later.";
            return Ok(payload(None, Errors::general(message)));
        }
        let own = || self.options.currency.clone();
        let currency = input.currency.clone().unwrap_or_else(own);
        let presentment = input.presentment_currency.clone();
        let currencies = Currencies {
            presentment: presentment.unwrap_or_else(|| currency.clone()),
            shop: currency,
        };
        let mut errors = Errors::default();
        self.judge_order(&input, &currencies, seconds(now), &mut errors);
        if !errors.is_empty() {
            return Ok(payload(None, errors.into_list()));
        }
        let lines: Vec<OrderLine> = input
            .line_items
            .iter()
            .flatten()
            .map(|line| self.order_line(line, &currencies))
            .collect();
        let Ok(assigned) = self.assign(&lines, behaviour) else {
            let code = match self.options.orders.when_short {
                WhenShort::RefuseClaimFailed => "INVENTORY_CLAIM_FAILED",
                _ => "INVALID",
            };
            let message = "Line items Unable to reserve inventory";
            errors.at(&["lineItems"], message, code);
            return Ok(payload(None, errors.into_list()));
        };
        let id = self.add_order(input, behaviour, &currencies, lines, now);
        self.assign_parts(id, &assigned, now);
        self.changed += 1;
        self.announce_order("ORDERS_CREATE", id, now);
        Ok(payload(Some(id), Vec::new()))
    }

    fn order_line(&self, line: &LineInput, currencies: &Currencies) -> OrderLine {
        let variant = line
            .variant_id
            .as_deref()
            .and_then(|id| self.variant_by_gid(id));
        let view = variant.and_then(|id| VariantView::new(&self.store, id));
        let own = view.as_ref().map(VariantView::product);
        let product_id = own.or_else(|| self.product_by_gid(line.product_id.as_deref()?));
        let product = product_id.and_then(|id| self.store.product(id));
        let price = match (&line.price_set, &view) {
            (Some(price), _) => currencies.price(price),
            (None, Some(view)) => {
                let own = money::read(&view.price().into(), &currencies.shop).unwrap_or(0);
                Price {
                    shop: own,
                    presentment: own,
                }
            }
            (None, None) => Price::default(),
        };
        let or_own = |given: &Option<String>, own: Option<String>| given.clone().or(own);
        let title = or_own(
            &line.title,
            product.map(|product| product.title.to_string()),
        );
        let vendor = product.map(|product| self.store.words.text(product.vendor).to_owned());
        OrderLine {
            variant,
            product: product_id,
            title: title.unwrap_or_default(),
            variant_title: or_own(&line.variant_title, view.as_ref().map(VariantView::title)),
            sku: or_own(
                &line.sku,
                view.as_ref().and_then(|view| view.sku().map(str::to_owned)),
            ),
            vendor: or_own(&line.vendor, vendor),
            properties: pairs(line.properties.as_deref()),
            price,
            quantity: line.quantity,
            removed: 0,
            requires_shipping: line.requires_shipping,
            taxable: line.taxable,
        }
    }

    fn add_order(
        &mut self,
        input: OrderInput,
        behaviour: Behaviour,
        currencies: &Currencies,
        lines: Vec<OrderLine>,
        now: Millis,
    ) -> OrderId {
        let id = OrderId(place(self.orders.orders.len()));
        let customer = self.customer_of(&input, now);
        let email = customer
            .as_ref()
            .and_then(|(_, email)| email.clone())
            .or(input.email);
        let shipping_lines = input
            .shipping_lines
            .into_iter()
            .flatten()
            .map(|line| ShippingLine {
                price: currencies.price(&line.price_set),
                title: line.title,
                code: line.code,
                source: line.source,
            });
        let surcharge = Some(self.options.orders.surcharge).filter(|units| *units != 0);
        let surcharge = surcharge.map(|units| ShippingLine {
            title: "Surcharge".to_owned(),
            code: None,
            source: None,
            price: Price {
                shop: units,
                presentment: units,
            },
        });
        let shipping_lines = shipping_lines.chain(surcharge).collect();
        let processed = input.processed_at.as_deref().and_then(time::read);
        let mut tags = input.tags.unwrap_or_default();
        tags.sort();
        tags.dedup();
        let mut order = OrderRecord {
            name: input
                .name
                .unwrap_or_else(|| format!("#{}", 1001 + id.index())),
            behaviour,
            created_at: now,
            processed: processed.unwrap_or(seconds(now)),
            touched: vec![now],
            cancelled: None,
            financial_status: input.financial_status,
            note: input.note,
            tags,
            po_number: input.po_number,
            source_identifier: input.source_identifier,
            source_name: input.source_name,
            attributes: pairs(input.custom_attributes.as_deref()),
            email,
            phone: input.phone,
            customer: customer.map(|(id, _)| id),
            shipping_address: input.shipping_address,
            billing_address: input.billing_address,
            lines,
            shipping_lines,
            discount: None,
            metafields: input.metafields.unwrap_or_default(),
            test: input.test,
            currency: currencies.shop.clone(),
            presentment_currency: currencies.presentment.clone(),
        };
        let discount = input
            .discount_code
            .and_then(|discount| discount.item_fixed_discount_code);
        order.discount = discount.map(|discount| {
            let off = discount.amount_set.map(|bag| currencies.price(&bag));
            let off = off.unwrap_or_default();
            (discount.code, off.min(order.subtotal_before_discount()))
        });
        self.orders.orders.push(order);
        id
    }

    /// The customer that the input names or describes, and the email that the input gives.
    fn customer_of(
        &mut self,
        input: &OrderInput,
        now: Millis,
    ) -> Option<(CustomerId, Option<String>)> {
        let customer = input.customer.as_ref()?;
        if let Some(known) = &customer.to_associate {
            let id = self.orders.customer_by_gid(known.id.as_deref()?)?;
            let own = self.orders.customers.get(id.index())?.email.clone();
            return Some((
                id,
                known.email.clone().or_else(|| input.email.clone()).or(own),
            ));
        }
        let attributes = customer.to_upsert.as_ref()?;
        let email = attributes.email.clone().or_else(|| input.email.clone());
        let id = self.upsert_customer(attributes, email.as_deref(), now);
        Some((id, email))
    }

    /// Finds a customer by id or email and updates it, or makes a new one.
    pub(super) fn upsert_customer(
        &mut self,
        attributes: &CustomerAttributes,
        email: Option<&str>,
        now: Millis,
    ) -> CustomerId {
        let by_id = attributes
            .id
            .as_deref()
            .and_then(|id| self.orders.customer_by_gid(id));
        let same_email = |customer: &Customer| {
            let held = customer.email.as_deref();
            held.zip(email)
                .is_some_and(|(held, email)| held.eq_ignore_ascii_case(email))
        };
        let by_email = || {
            let index = self.orders.customers.iter().position(same_email)?;
            Some(CustomerId(place(index)))
        };
        let known = by_id.or_else(by_email);
        let id = known.unwrap_or(CustomerId(place(self.orders.customers.len())));
        if known.is_none() {
            self.orders.customers.push(Customer {
                email: None,
                first_name: None,
                last_name: None,
                created: seconds(now),
                updated: seconds(now),
            });
        }
        if let Some(customer) = self.orders.customers.get_mut(id.index()) {
            let update = |held: &mut Option<String>, given: Option<String>| {
                if given.is_some() {
                    *held = given;
                }
            };
            update(&mut customer.email, email.map(str::to_owned));
            update(&mut customer.first_name, attributes.first_name.clone());
            update(&mut customer.last_name, attributes.last_name.clone());
            customer.updated = seconds(now);
        }
        id
    }

    /// Makes a fulfilment order for each location, and claims.
    fn assign_parts(&mut self, order: OrderId, assigned: &[Assigned], now: Millis) {
        let mut locations = Vec::new();
        for part in assigned {
            if !locations.contains(&part.location) {
                locations.push(part.location);
            }
        }
        for location in locations {
            let here = assigned.iter().filter(|part| part.location == location);
            let lines = here
                .map(|part| FulfillmentOrderLine {
                    line: part.line,
                    total: part.units,
                    remaining: part.units,
                    claimed: part.claimed,
                })
                .collect();
            self.orders.fulfillment_orders.push(FulfillmentOrder {
                order,
                location,
                status: FulfillmentStatus::Open,
                progress: false,
                created: seconds(now),
                updated: seconds(now),
                lines,
            });
        }
        for part in assigned {
            if let Some(variant) = self.variant_of(order, part.line) {
                self.claim(part.location, variant, part.claimed, now);
            }
        }
    }
}

fn payload(order: Option<OrderId>, errors: Vec<Out<'static>>) -> Out<'static> {
    Record::out(
        "OrderCreatePayload",
        vec![
            ("order", order.map(Node::Order).into()),
            ("userErrors", Out::List(errors)),
        ],
    )
}

fn pairs(attributes: Option<&[input::Attribute]>) -> Vec<(String, String)> {
    let attributes = attributes.unwrap_or_default().iter();
    attributes
        .map(|one| (one.key.clone(), one.value.clone()))
        .collect()
}
