// Shopify's real Admin schema, from the npm package in which Shopify itself publishes it.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { buildClientSchema } from "graphql";

/** The API version that atsync speaks. The plugin's operations are written for it. */
export const API_VERSION = "2026-10";

const DATA = new URL("node_modules/@shopify/dev-mcp/dist/data/", import.meta.url);

/** Makes a schema of the introspection result of one version. */
export function realSchema(version = API_VERSION) {
  const packed = readFileSync(new URL(`admin_${version}.json.gz`, DATA));
  const introspection = JSON.parse(gunzipSync(packed).toString("utf8"));
  return buildClientSchema(introspection.data ?? introspection);
}
