// What Shopify asks of a query that it is to run as a bulk operation.
// https://shopify.dev/docs/api/usage/bulk-operations/queries
import { Kind, TypeInfo, getNamedType, isListType, getNullableType, visit, visitWithTypeInfo } from "graphql";

const CONNECTIONS_MAX = 5;
const NESTING_MAX = 2;
const BYTES_MAX = 65_535;

/** The broken rules, as sentences. The document has been validated against the schema. */
export function bulkProblems(schema, document, text) {
  const found = [];
  const [operation, ...others] = document.definitions;
  if (operation.kind !== Kind.OPERATION_DEFINITION || operation.operation !== "query" || others.length > 0) {
    return ["a bulk operation is one query and nothing else"];
  }
  if (Buffer.byteLength(text) > BYTES_MAX) found.push(`the document is larger than ${BYTES_MAX} bytes`);
  if (operation.variableDefinitions?.length > 0) found.push("a bulk query takes no variables");
  const roots = operation.selectionSet.selections;
  if (roots.length !== 1) found.push("a bulk query has exactly one root field");
  const root = roots[0].name?.value;
  if (root === "node" || root === "nodes") found.push(`the root field ${root} is not allowed`);
  found.push(...connectionProblems(schema, operation));
  return found;
}

/** Counts the connections, and looks into each. */
function connectionProblems(schema, operation) {
  const found = [];
  const types = new TypeInfo(schema);
  const open = []; // connections around the place where the walk is
  const lists = []; // list fields that are not the edges of a connection
  let connections = 0;
  const isConnection = () => getNamedType(types.getType())?.name.endsWith("Connection") ?? false;
  const isPlainList = (field) => field.name.value !== "edges" && isListType(getNullableType(types.getType()));

  visit(operation, visitWithTypeInfo(types, {
    Field: {
      enter(field) {
        if (isPlainList(field)) lists.push(field);
        if (!isConnection()) return;
        connections += 1;
        open.push(field);
        const name = field.name.value;
        if (lists.length > 0) found.push(`connection ${name} is inside the list ${lists.at(-1).name.value}`);
        if (open.length > NESTING_MAX) found.push(`connection ${name} is nested deeper than ${NESTING_MAX} levels`);
        found.push(...shapeProblems(field));
      },
      leave(field) {
        if (lists.at(-1) === field) lists.pop();
        if (open.at(-1) === field) open.pop();
      },
    },
  }));
  if (connections === 0) found.push("a bulk query has at least one connection");
  if (connections > CONNECTIONS_MAX) {
    found.push(`${connections} connections, of which a bulk query may have ${CONNECTIONS_MAX}`);
  }
  return found;
}

/** A connection is read through `edges { node { id … } }`. */
function shapeProblems(connection) {
  const name = connection.name.value;
  if (child(connection, "nodes")) return [`connection ${name} selects nodes; a bulk query selects edges { node }`];
  const node = child(child(connection, "edges"), "node");
  if (!node) return [`connection ${name} does not select edges { node }`];
  const holdsConnection = node.selectionSet.selections.some((selection) => child(selection, "edges"));
  const id = child(node, "id");
  if (holdsConnection && (!id || id.alias)) return [`the nodes of ${name} have children and do not select a plain id`];
  return [];
}

function child(field, name) {
  return field?.selectionSet?.selections.find((selection) => selection.name?.value === name);
}
