//! Which rule decides: SKU before style before tag before linesheet before everything.

use serde::Deserialize;

use super::finding::Finding;
use super::id::Id;
use super::settings::{Endless, Rule, Settings, min_above_max};

/// A rule and what it is for: exactly one of the four.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct ScopedRule {
    /// Linesheet code.
    pub linesheet: Option<String>,
    /// Tag of the style in Shopify.
    pub tag: Option<String>,
    /// Shopify product id.
    pub style: Option<String>,
    /// SKU.
    pub sku: Option<String>,
    /// What it sets.
    #[serde(flatten)]
    pub rule: Rule,
}

impl ScopedRule {
    /// What is wrong with the rule at `index`.
    pub fn judge(&self, index: usize) -> Vec<Finding> {
        let path = format!("/rules/{index}");
        let mut findings: Vec<_> = min_above_max(&self.rule, &path).into_iter().collect();
        let scopes = [&self.linesheet, &self.tag, &self.style, &self.sku];
        let fix = "Give it exactly one of `linesheet`, `tag`, `style` and `sku`.";
        match scopes.iter().filter(|s| s.is_some()).count() {
            1 => {}
            0 => findings.push(
                Finding::error(
                    "settings-rule-without-scope",
                    format!("Rule {} does not say what it is for.", index + 1),
                    format!("{fix} For everything, use `availability`."),
                )
                .at(&path),
            ),
            _ => findings.push(
                Finding::error(
                    "settings-rule-with-two-scopes",
                    format!("Rule {} says more than once what it is for.", index + 1),
                    fix,
                )
                .at(&path),
            ),
        }
        if self.rule == Rule::default() {
            findings.push(
                Finding::error(
                    "settings-rule-without-effect",
                    format!("Rule {} sets nothing.", index + 1),
                    "Give it a `reserve`, `percentage`, `min`, `max`, `untracked` or `continue_selling`, or remove it.",
                )
                .at(&path),
            );
        }
        if let Some(style) = self.style.as_deref().filter(|s| Id::parse(s).is_none()) {
            findings.push(
                Finding::error(
                    "settings-not-an-id",
                    format!(
                        "`rules.{index}.style` is \"{style}\", which is not a Shopify product id."
                    ),
                    "Use the digits at the end of the product's address in the Shopify admin.",
                )
                .at(format!("{path}/style")),
            );
        }
        findings
    }
}

/// The scope a value came from; it borrows the words of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope<'s> {
    /// No rule: the connector's own default.
    Default,
    /// `availability`.
    Global,
    /// A rule for a linesheet code.
    Linesheet(&'s str),
    /// A rule for a tag.
    Tag(&'s str),
    /// A rule for a style.
    Style(&'s str),
    /// A rule for a SKU.
    Sku(&'s str),
}

impl std::fmt::Display for Scope<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Global => f.write_str("global rule"),
            Self::Linesheet(code) => write!(f, "rule for linesheet \"{code}\""),
            Self::Tag(tag) => write!(f, "rule for tag \"{tag}\""),
            Self::Style(id) => write!(f, "rule for style {id}"),
            Self::Sku(sku) => write!(f, "rule for SKU \"{sku}\""),
        }
    }
}

/// What a rule is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Shopify product id.
    pub style: Id,
    /// Merchant's SKU.
    pub sku: &'a str,
    /// Tags of the style.
    pub tags: &'a [String],
    /// Codes of the linesheets the style is on.
    pub linesheets: &'a [String],
}

/// The values that hold for one SKU, each with the scope that set it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resolved<'s> {
    /// Units kept back.
    pub reserve: (i64, Scope<'s>),
    /// Share that JOOR gets.
    pub percentage: (i64, Scope<'s>),
    /// Lower bound.
    pub min: Option<(i64, Scope<'s>)>,
    /// Upper bound.
    pub max: Option<(i64, Scope<'s>)>,
    /// For SKUs that Shopify does not count.
    pub untracked: (Endless, Scope<'s>),
    /// For SKUs that go on selling.
    pub continue_selling: (Endless, Scope<'s>),
}

impl<'s> Resolved<'s> {
    /// The rules of `settings` for `subject`.
    pub fn new(settings: &'s Settings, subject: &Subject<'_>) -> Self {
        // From the most special to the most general; the sort keeps the order of the list.
        let mut rules: Vec<(u8, Scope<'s>, &'s Rule)> = settings
            .rules
            .iter()
            .filter_map(|r| matched(r, subject).map(|(rank, scope)| (rank, scope, &r.rule)))
            .collect();
        rules.sort_by_key(|(rank, _, _)| *rank);
        rules.push((4, Scope::Global, &settings.availability));
        Self {
            reserve: first(&rules, |r| r.reserve).unwrap_or((0, Scope::Default)),
            percentage: first(&rules, |r| r.percentage).unwrap_or((100, Scope::Default)),
            min: first(&rules, |r| r.min),
            max: first(&rules, |r| r.max),
            untracked: first(&rules, |r| r.untracked)
                .unwrap_or((Endless::MadeToOrder, Scope::Default)),
            continue_selling: first(&rules, |r| r.continue_selling)
                .unwrap_or((Endless::PublishAvailable, Scope::Default)),
        }
    }
}

fn first<'s, T>(
    rules: &[(u8, Scope<'s>, &'s Rule)],
    field: impl Fn(&'s Rule) -> Option<T>,
) -> Option<(T, Scope<'s>)> {
    rules
        .iter()
        .find_map(|(_, scope, rule)| field(rule).map(|value| (value, *scope)))
}

fn matched<'s>(rule: &'s ScopedRule, subject: &Subject<'_>) -> Option<(u8, Scope<'s>)> {
    if let Some(sku) = rule.sku.as_deref() {
        return (sku == subject.sku).then_some((0, Scope::Sku(sku)));
    }
    if let Some(style) = rule.style.as_deref() {
        return (Id::parse(style) == Some(subject.style)).then_some((1, Scope::Style(style)));
    }
    if let Some(tag) = rule.tag.as_deref() {
        let has = subject
            .tags
            .iter()
            .any(|t| t.trim().to_lowercase() == tag.trim().to_lowercase());
        return has.then_some((2, Scope::Tag(tag)));
    }
    let code = rule.linesheet.as_deref()?;
    let on = subject
        .linesheets
        .iter()
        .any(|l| l.eq_ignore_ascii_case(code));
    on.then_some((3, Scope::Linesheet(code)))
}
