//! Walks a plan over the shop and writes the answer as JSON, without building a tree of it:
//! a bulk operation writes a million lines this way.

use std::io::Write as _;

use serde_json::{Value, json};

use super::Shop;
use super::cost;
use super::ids::Kind;
use super::node::{Node, Out, Refusal};
use super::page::Page;
use super::plan::{Field, Shape};
use super::store::Seconds;
use super::time;

/// A field that may not be null is null: its parent becomes null.
pub(crate) struct Bubble;

/// The actual cost of what was answered.
type Cost = u32;

/// A step of an error's path.
#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Place(usize),
}

/// Writes one answer or one file.
pub(crate) struct Walker<'a> {
    shop: &'a Shop,
    /// The JSON so far.
    pub(crate) out: Vec<u8>,
    /// Entries of `errors`.
    pub(crate) errors: Vec<Value>,
    /// Entries of `extensions.search`.
    pub(crate) searches: Vec<Value>,
    /// Set in bulk operations: connections met on the way are left for later, with the node
    /// they hang on, and slashes are escaped.
    pub(crate) later: Option<Vec<(Node, &'a Field)>>,
    path: Vec<Step<'a>>,
    last_time: (Seconds, String),
}

impl<'a> Walker<'a> {
    pub(crate) fn new(shop: &'a Shop) -> Self {
        Self {
            shop,
            out: Vec::new(),
            errors: Vec::new(),
            searches: Vec::new(),
            later: None,
            path: Vec::new(),
            last_time: (0, time::text(0)),
        }
    }

    /// A walker for the lines of a bulk operation's file.
    pub(crate) fn bulk(shop: &'a Shop) -> Self {
        Self {
            later: Some(Vec::new()),
            ..Self::new(shop)
        }
    }

    pub(crate) fn shop(&self) -> &'a Shop {
        self.shop
    }

    /// Writes the fields of a node as an object.
    pub(crate) fn object(&mut self, node: &Node, fields: &'a [Field]) -> Result<Cost, Bubble> {
        self.out.push(b'{');
        let cost = self.members(node, fields)?;
        self.out.push(b'}');
        Ok(cost)
    }

    /// Writes the fields of a node without the brackets.
    pub(crate) fn members(&mut self, node: &Node, fields: &'a [Field]) -> Result<Cost, Bubble> {
        let mut sum: Cost = 0;
        let mut first = true;
        for field in fields {
            if field.on.as_deref().is_some_and(|on| on != node.typename()) {
                continue;
            }
            if field.shape == Shape::Connection
                && let Some(later) = &mut self.later
            {
                later.push((node.clone(), field));
                continue;
            }
            if !first {
                self.out.push(b',');
            }
            first = false;
            sum = sum.saturating_add(self.field(node, field)?);
        }
        Ok(sum)
    }

    /// Writes a key and its value.
    pub(crate) fn field(&mut self, node: &Node, field: &'a Field) -> Result<Cost, Bubble> {
        if field.shape != Shape::Connection {
            return self.found(self.shop.resolve(node, field), field);
        }
        self.under_key(field, |walker| walker.connection(node, field))
    }

    /// Writes a key and an answer that was found already.
    pub(crate) fn found(
        &mut self,
        answer: Result<Out<'_>, Refusal>,
        field: &'a Field,
    ) -> Result<Cost, Bubble> {
        self.under_key(field, |walker| match answer {
            Ok(answer) => walker.answer(&answer, field),
            Err(refusal) => Err(walker.refuse(&refusal, field)),
        })
    }

    /// Writes a field's key and what `write` writes, or null if that may be and has to be.
    fn under_key(
        &mut self,
        field: &'a Field,
        write: impl FnOnce(&mut Self) -> Result<Cost, Bubble>,
    ) -> Result<Cost, Bubble> {
        self.text(&field.key);
        self.out.push(b':');
        let (start, depth) = (self.out.len(), self.path.len());
        self.path.push(Step::Key(&field.key));
        let written = write(self);
        self.path.truncate(depth); // a failure may have left steps of its own
        match written {
            Err(Bubble) if field.nullable => {
                self.out.truncate(start);
                self.out.extend(b"null");
                Ok(0)
            }
            written => written,
        }
    }

    fn refuse(&mut self, refusal: &Refusal, field: &Field) -> Bubble {
        let (line, column) = field.at;
        let extensions = if refusal.code == "ACCESS_DENIED" {
            let documentation = "https://shopify.dev/api/usage/access-scopes";
            json!({ "code": refusal.code, "documentation": documentation })
        } else {
            json!({ "code": refusal.code })
        };
        self.errors.push(json!({
            "message": refusal.message,
            "locations": [{ "line": line, "column": column }],
            "extensions": extensions,
            "path": self.path(),
        }));
        Bubble
    }

    fn path(&self) -> Value {
        let step = |step: &Step<'_>| match step {
            Step::Key(key) => Value::from(*key),
            Step::Place(place) => Value::from(*place),
        };
        self.path.iter().map(step).collect()
    }

    fn answer(&mut self, answer: &Out<'_>, field: &'a Field) -> Result<Cost, Bubble> {
        match answer {
            Out::Null if !field.nullable => return Err(Bubble),
            Out::Null => self.out.extend(b"null"),
            Out::Bool(flag) => self.out.extend(if *flag { &b"true"[..] } else { b"false" }),
            Out::Int(number) => self.raw(format_args!("{number}")),
            Out::Text(text) => self.text(text),
            Out::Digits(number) => self.raw(format_args!("\"{number}\"")),
            Out::Time(at) => self.time(*at),
            Out::Gid(kind, number) => self.gid(*kind, *number),
            Out::Node(node) => {
                let own = match &field.shape {
                    Shape::Object(name) => cost::object(name),
                    _ => 0,
                };
                return Ok(self.object(node, &field.fields)?.saturating_add(own));
            }
            Out::List(items) => {
                self.out.push(b'[');
                let mut most = 0;
                for (place, item) in items.iter().enumerate() {
                    if place > 0 {
                        self.out.push(b',');
                    }
                    self.path.push(Step::Place(place));
                    let start = self.out.len();
                    let written = match item {
                        Out::Null => Err(Bubble),
                        item => self.answer(item, field),
                    };
                    self.path.pop();
                    if let Ok(cost) = written {
                        most = most.max(cost);
                    } else {
                        self.out.truncate(start);
                        self.out.extend(b"null");
                    }
                }
                self.out.push(b']');
                return Ok(most);
            }
        }
        Ok(0)
    }

    fn connection(&mut self, node: &Node, field: &'a Field) -> Result<Cost, Bubble> {
        let page = self.shop.allowed(node, field).and_then(|()| {
            let mut records = self.shop.records(node, field)?;
            let refused = std::mem::take(&mut records.refused);
            Ok((records.page(field)?, refused))
        });
        let (page, refused) = page.map_err(|refusal| self.refuse(&refusal, field))?;
        for (name, value) in refused {
            self.warn(field, &name, &value);
        }
        let size = u32::try_from(page.nodes.len()).unwrap_or(u32::MAX);
        let mut dearest = 0;
        self.out.push(b'{');
        for (place, part) in field.fields.iter().enumerate() {
            if place > 0 {
                self.out.push(b',');
            }
            self.text(&part.key);
            self.out.push(b':');
            self.path.push(Step::Key(&part.key));
            match part.name.as_str() {
                "pageInfo" => self.page_info(&page, part),
                "nodes" | "edges" => {
                    self.out.push(b'[');
                    for (place, (cursor, node)) in page.nodes.iter().enumerate() {
                        if place > 0 {
                            self.out.push(b',');
                        }
                        self.path.push(Step::Place(place));
                        let cost = if part.name == "nodes" {
                            self.object(node, &part.fields)?
                        } else {
                            self.edge(cursor, node, part)?
                        };
                        self.path.pop();
                        dearest = dearest.max(cost);
                    }
                    self.out.push(b']');
                }
                name => self.typename(name, &format!("{}Connection", node.typename())),
            }
            self.path.pop();
        }
        self.out.push(b'}');
        Ok(cost::connection(size, dearest))
    }

    fn edge(&mut self, cursor: &str, node: &Node, edge: &'a Field) -> Result<Cost, Bubble> {
        let mut cost = 0;
        self.out.push(b'{');
        for (place, part) in edge.fields.iter().enumerate() {
            if place > 0 {
                self.out.push(b',');
            }
            self.text(&part.key);
            self.out.push(b':');
            match part.name.as_str() {
                "cursor" => self.text(cursor),
                "node" => cost = self.object(node, &part.fields)?,
                name => self.typename(name, &format!("{}Edge", node.typename())),
            }
        }
        self.out.push(b'}');
        Ok(cost)
    }

    fn page_info(&mut self, page: &Page, part: &Field) {
        let cursors = page.nodes.first().zip(page.nodes.last());
        let mut info = serde_json::Map::new();
        for field in &part.fields {
            let value = match field.name.as_str() {
                "hasNextPage" => page.has_next.into(),
                "hasPreviousPage" => page.has_previous.into(),
                "startCursor" => cursors.map_or(Value::Null, |(start, _)| start.0.as_str().into()),
                "endCursor" => cursors.map_or(Value::Null, |(_, end)| end.0.as_str().into()),
                _ => "PageInfo".into(),
            };
            info.insert(field.key.clone(), value);
        }
        self.raw(format_args!("{}", Value::Object(info)));
    }

    fn typename(&mut self, name: &str, typename: &str) {
        if name == "__typename" {
            self.text(typename);
        } else {
            self.out.extend(b"null");
        }
    }

    fn warn(&mut self, field: &Field, name: &str, value: &str) {
        self.searches.push(json!({
            "path": self.path(),
            "query": field.text("query"),
            "parsed": { "field": name, "match_all": value },
            "warnings": [{
                "field": name,
                "message": "Invalid search field for this query.",
                "code": "invalid_field",
            }],
        }));
    }

    fn raw(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to memory does not fail.
        self.out.write_fmt(text).unwrap_or_default();
    }

    /// Writes a JSON string.
    pub(crate) fn text(&mut self, text: &str) {
        let slashes = self.later.is_some();
        let apart =
            |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\' || (byte == b'/' && slashes);
        self.out.push(b'"');
        let mut rest = text.as_bytes();
        while let Some(place) = rest.iter().position(|byte| apart(*byte)) {
            let (plain, from) = rest.split_at(place);
            self.out.extend_from_slice(plain);
            let (byte, after) = from.split_first().unwrap_or((&0, &[]));
            match byte {
                b'\n' => self.out.extend(b"\\n"),
                byte if *byte < b' ' => self.raw(format_args!("\\u{byte:04x}")),
                byte => self.out.extend([b'\\', *byte]),
            }
            rest = after;
        }
        self.out.extend_from_slice(rest);
        self.out.push(b'"');
    }

    fn time(&mut self, at: Seconds) {
        if self.last_time.0 != at {
            self.last_time = (at, time::text(at));
        }
        self.out.push(b'"');
        self.out.extend(self.last_time.1.as_bytes());
        self.out.push(b'"');
    }

    /// Writes a global id.
    pub(crate) fn gid(&mut self, kind: Kind, number: u64) {
        let name = kind.name();
        if self.later.is_some() {
            self.raw(format_args!("\"gid:\\/\\/shopify\\/{name}\\/{number}\""));
        } else {
            self.raw(format_args!("\"gid://shopify/{name}/{number}\""));
        }
    }
}
