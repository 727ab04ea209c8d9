//! A validated operation, made ready to walk: fragments and directives are resolved, variables
//! filled in, fields of one name merged.

use apollo_compiler::ast;
use apollo_compiler::executable::{
    ExecutableDocument, Field as Selected, Operation, Selection, SelectionSet,
};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::Valid;
use apollo_compiler::{Node, Schema};
use serde_json::{Map, Value};

/// One field to answer.
#[derive(Debug)]
pub(crate) struct Field {
    /// The name in the answer: the alias, or the field's own.
    pub(crate) key: String,
    pub(crate) name: String,
    /// The object type that this field is for, when its place could hold several.
    pub(crate) on: Option<String>,
    /// Arguments that were given; an explicit null is kept.
    pub(crate) args: Map<String, Value>,
    pub(crate) shape: Shape,
    pub(crate) nullable: bool,
    /// The key of `@idempotent`, where it stands on this field.
    pub(crate) idempotency_key: Option<String>,
    /// Line and column, from 1.
    pub(crate) at: (usize, usize),
    pub(crate) fields: Vec<Field>,
}

/// What kind of answer a field has.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A scalar or enum.
    Leaf,
    /// An object or a list of objects of this type.
    Object(String),
    /// A connection: pages of objects.
    Connection,
}

impl Field {
    pub(crate) fn text(&self, arg: &str) -> Option<&str> {
        self.args.get(arg).and_then(Value::as_str)
    }

    pub(crate) fn flag(&self, arg: &str) -> bool {
        self.args.get(arg).and_then(Value::as_bool).unwrap_or(false)
    }

    pub(crate) fn int(&self, arg: &str) -> Option<i64> {
        self.args.get(arg).and_then(Value::as_i64)
    }

    /// The strings of a list argument.
    pub(crate) fn texts(&self, arg: &str) -> Vec<&str> {
        match self.args.get(arg) {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(item)) => vec![item],
            _ => Vec::new(),
        }
    }

    /// The fields asked of a connection's nodes, whether through `nodes` or `edges { node }`.
    pub(crate) fn node_fields(&self) -> impl Iterator<Item = &Field> {
        self.fields
            .iter()
            .flat_map(|field| match field.name.as_str() {
                "nodes" => field.fields.iter().collect::<Vec<_>>(),
                "edges" => field
                    .fields
                    .iter()
                    .filter(|inner| inner.name == "node")
                    .flat_map(|inner| &inner.fields)
                    .collect(),
                _ => Vec::new(),
            })
    }
}

/// Plans an operation. `variables` are coerced already.
pub(crate) fn plan(
    schema: &Schema,
    document: &Valid<ExecutableDocument>,
    operation: &Operation,
    variables: &Map<String, Value>,
) -> Vec<Field> {
    let planner = Planner {
        schema,
        document,
        variables,
    };
    let mut fields = Vec::new();
    planner.collect(&operation.selection_set, None, &mut fields);
    fields
}

struct Planner<'a> {
    schema: &'a Schema,
    document: &'a Valid<ExecutableDocument>,
    variables: &'a Map<String, Value>,
}

impl Planner<'_> {
    fn collect(&self, set: &SelectionSet, on: Option<&str>, fields: &mut Vec<Field>) {
        for selection in &set.selections {
            if !self.included(selection.directives()) {
                continue;
            }
            match selection {
                Selection::Field(field) => self.field(field, on, fields),
                Selection::InlineFragment(fragment) => {
                    let on = fragment
                        .type_condition
                        .as_ref()
                        .and_then(|name| self.object(name))
                        .or(on);
                    self.collect(&fragment.selection_set, on, fields);
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = spread.fragment_def(self.document) {
                        let on = self.object(fragment.type_condition()).or(on);
                        self.collect(&fragment.selection_set, on, fields);
                    }
                }
            }
        }
    }

    /// The name, if it is that of an object type: only then does it narrow anything.
    fn object<'n>(&self, name: &'n str) -> Option<&'n str> {
        self.schema.get_object(name).map(|_| name)
    }

    fn field(&self, selected: &Node<Selected>, on: Option<&str>, fields: &mut Vec<Field>) {
        let key = selected.response_key().as_str();
        let known = fields
            .iter_mut()
            .find(|field| field.key == key && field.on.as_deref() == on);
        if let Some(field) = known {
            self.collect(&selected.selection_set, None, &mut field.fields);
            return;
        }
        let mut inner = Vec::new();
        self.collect(&selected.selection_set, None, &mut inner);
        let at = selected
            .line_column_range(&self.document.sources)
            .map_or((1, 1), |range| (range.start.line, range.start.column));
        fields.push(Field {
            key: key.to_owned(),
            name: selected.name.to_string(),
            on: on.map(str::to_owned),
            args: self.arguments(&selected.arguments),
            shape: self.shape(selected),
            nullable: !selected.ty().is_non_null(),
            idempotency_key: selected
                .directives
                .get("idempotent")
                .and_then(|directive| self.arguments(&directive.arguments).remove("key"))
                .and_then(|key| key.as_str().map(str::to_owned)),
            at,
            fields: inner,
        });
    }

    fn shape(&self, field: &Selected) -> Shape {
        let name = field.ty().inner_named_type();
        match self.schema.types.get(name) {
            Some(ExtendedType::Scalar(_) | ExtendedType::Enum(_)) | None => Shape::Leaf,
            Some(_) if name.ends_with("Connection") => Shape::Connection,
            Some(_) => Shape::Object(name.to_string()),
        }
    }

    fn included(&self, directives: &ast::DirectiveList) -> bool {
        let condition = |name: &str| {
            let directive = directives.get(name)?;
            self.arguments(&directive.arguments).get("if")?.as_bool()
        };
        condition("include") != Some(false) && condition("skip") != Some(true)
    }

    fn arguments(&self, arguments: &[Node<ast::Argument>]) -> Map<String, Value> {
        arguments
            .iter()
            .filter_map(|argument| {
                let value = self.value(&argument.value)?;
                Some((argument.name.to_string(), value))
            })
            .collect()
    }

    /// `None` for a variable that was not given: the argument then counts as not given.
    fn value(&self, value: &ast::Value) -> Option<Value> {
        Some(match value {
            ast::Value::Variable(name) => self.variables.get(name.as_str())?.clone(),
            ast::Value::List(items) => Value::Array(
                items
                    .iter()
                    .map(|item| self.value(item).unwrap_or(Value::Null))
                    .collect(),
            ),
            ast::Value::Object(members) => Value::Object(
                members
                    .iter()
                    .filter_map(|(name, value)| Some((name.to_string(), self.value(value)?)))
                    .collect(),
            ),
            constant => super::variables::constant(constant),
        })
    }
}
