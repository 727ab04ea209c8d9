// One GraphQL document held to the schema: parsed, validated, no deprecated part unless allowed.
import { GraphQLError, NoDeprecatedCustomRule, parse, specifiedRules, validate } from "graphql";
import { bulkProblems } from "./bulk.mjs";

/**
 * What is wrong with one document, as sentences; an empty list when nothing is.
 *
 * `allowed` are the deprecated parts that may be used: `{ part, reason }`, where `part` is a
 * piece of graphql-js' message (`InventoryItem.variant`).
 */
export function problems(schema, text, { bulk, allowed = [] }) {
  let document;
  try {
    document = parse(text);
  } catch (error) {
    if (error instanceof GraphQLError) return [sentence(error)];
    throw error;
  }
  const errors = validate(schema, document, specifiedRules).map(sentence);
  if (errors.length > 0) return errors;
  const deprecated = validate(schema, document, [NoDeprecatedCustomRule])
    .map(sentence)
    .filter((message) => !allowed.some(({ part }) => message.includes(part)));
  return [...deprecated, ...(bulk ? bulkProblems(schema, document, text) : [])];
}

function sentence(error) {
  const place = error.locations?.[0];
  return place ? `line ${place.line}: ${error.message}` : error.message;
}
