// The simulated Shopify and JOOR as a process beside this one, and its levers.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A shop and a JOOR account with the small catalogue, until `stop`. */
export class Sandbox {
  #process;
  #kill = () => this.#process.kill();

  static async start(program, options = ['--bulk-ms', '100']) {
    const sandbox = new Sandbox();
    const all = ['sandbox', '--shopify-port', '0', '--joor-port', '0', '--json', ...options];
    sandbox.#process = spawn(program, all, { stdio: ['ignore', 'pipe', 'ignore'] });
    process.once('exit', sandbox.#kill);
    await once(sandbox.#process, 'spawn');
    const ended = once(sandbox.#process, 'exit').then(([code]) => {
      throw new Error(`${program} sandbox ended with exit code ${code} before it said where it is.`);
    });
    const told = once(createInterface(sandbox.#process.stdout), 'line');
    const [line] = await Promise.race([told, ended]);
    ended.catch(() => {});
    const { shopify_url, joor_url, configuration } = JSON.parse(line);
    sandbox.shopifyUrl = shopify_url;
    sandbox.joorUrl = joor_url;
    sandbox.connection = { name: 'sandbox', ...sections(configuration).connection.sandbox };
    return sandbox;
  }

  async stop() {
    process.off('exit', this.#kill);
    this.#process.kill('SIGINT');
    await once(this.#process, 'exit');
  }

  /** What JOOR shows of a UPC: units, `made-to-order`, or null where there is no record. */
  async ats(upc, warehouse = 'Default') {
    const query = new URLSearchParams({ upc, warehouse });
    return (await answer(fetch(`${this.joorUrl}/sandbox/joor/ats?${query}`))).ats;
  }

  /** What was asked and what was changed, on both sides. */
  counters() {
    return answer(fetch(`${this.joorUrl}/sandbox/counters`));
  }

  /** Does what people do in Shopify's admin: `shop/sell`, or orders a fault: `faults`. */
  pull(lever, fields) {
    return answer(fetch(`${this.shopifyUrl}/sandbox/${lever}`, { method: 'POST', body: JSON.stringify(fields) }));
  }

  /** Variant ids by SKU: the UPCs of the styles on JOOR. */
  async upcs() {
    const query = '{ productVariants(first: 250) { nodes { id sku } } }';
    const { token } = this.connection.services.shopify;
    const headers = { 'content-type': 'application/json', 'x-shopify-access-token': token };
    const request = { method: 'POST', headers, body: JSON.stringify({ query }) };
    const { data } = await answer(fetch(`${this.shopifyUrl}/admin/api/2026-10/graphql.json`, request));
    return Object.fromEntries(data.productVariants.nodes.map(({ id, sku }) => [sku, id.split('/').at(-1)]));
  }
}

async function answer(exchange) {
  const response = await exchange;
  if (!response.ok) throw new Error(`${response.url} answered with ${response.status}: ${await response.text()}`);
  return response.json();
}

/** The TOML that the sandbox writes: sections, and keys whose values are JSON as well. */
function sections(text) {
  const root = {};
  let section = root;
  for (const line of text.split('\n')) {
    const [, name, many] = /^\[(?:([^[\]]+)|\[(.+)\])\]$/.exec(line) ?? [];
    if (name ?? many) {
      const path = (name ?? many).split('.');
      const last = path.pop();
      const parent = path.reduce((table, key) => (table[key] ??= {}), root);
      section = many ? ((parent[last] ??= [])[parent[last].length] = {}) : (parent[last] ??= {});
    }
    const [, key, value] = /^(\w+) = (.+)$/.exec(line) ?? [];
    if (key) section[key] = JSON.parse(value);
  }
  return root;
}
