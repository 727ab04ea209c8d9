// Holds every GraphQL operation of atsync, and the sandbox's schema, to Shopify's real schema.
//
//   node check.mjs
//
// Prints a line for each check and ends with `N passed, N failed`.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { problems } from "./documents.mjs";
import { API_VERSION, realSchema } from "./schema.mjs";
import { subsetProblems } from "./subset.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");

/** Where documents stand. Those of `bulk` folders are run as bulk operations. */
const OPERATIONS = join(root, "plugin", "src", "shopify", "operations");
const COMPOSED = join(here, "composed");
const WRONG = join(here, "wrong");
const SANDBOX_SDL = join(root, "tests", "sandbox", "sdl", "admin.graphql");

const schema = realSchema();
const allowed = JSON.parse(readFileSync(join(here, "allowed-deprecations.json"), "utf8"));
let passed = 0;
let failed = 0;

function report(what, found) {
  if (found.length === 0) {
    passed += 1;
    console.log(`ok      ${what}`);
    return;
  }
  failed += 1;
  console.log(`FAILED  ${what}`);
  for (const sentence of found) console.log(`          ${sentence}`);
}

/** The documents below a folder: path, text, and whether it is run as a bulk operation. */
function documentsIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".graphql"))
    .sort()
    .map((name) => join(folder, name))
    .map((path) => ({ path, text: readFileSync(path, "utf8"), bulk: basename(dirname(path)) === "bulk" }));
}

/** The first line of a wrong document says what its refusal must mention. */
function refusalProblems({ text, bulk }) {
  const expected = /^# refused: (.+)$/m.exec(text)?.[1];
  if (!expected) return ["has no line `# refused: …` that tells what is wrong with it"];
  const found = problems(schema, text, { bulk });
  if (found.some((sentence) => sentence.includes(expected))) return [];
  return [`was to be refused with: ${expected}`, ...found.map((sentence) => `was told: ${sentence}`)];
}

const spoken = [...documentsIn(OPERATIONS), ...documentsIn(COMPOSED)];
for (const document of spoken) {
  report(relative(root, document.path), problems(schema, document.text, { bulk: document.bulk, allowed }));
}
for (const document of documentsIn(WRONG)) {
  report(`${relative(root, document.path)} is refused`, refusalProblems(document));
}
for (const { part, reason } of allowed) {
  const used = spoken.some(({ text, bulk }) => problems(schema, text, { bulk }).some((found) => found.includes(part)));
  report(`the allowed deprecation ${part} is still needed`, used && reason ? [] : ["take it off the list"]);
}
report("the sandbox's schema is a subset of the real one", subsetProblems(schema, readFileSync(SANDBOX_SDL, "utf8")));
const misfits = subsetProblems(schema, readFileSync(join(WRONG, "sandbox.sdl"), "utf8")).join("\n");
const expectedMisfits = readFileSync(join(WRONG, "sandbox.expected"), "utf8").trim();
report("a wrong sandbox schema is refused", misfits === expectedMisfits ? [] : misfits.split("\n"));

console.log(`\nShopify Admin API ${API_VERSION}, ${spoken.length} documents`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
