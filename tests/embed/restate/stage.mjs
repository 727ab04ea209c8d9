// Everything that a test stands on, as processes beside this one: the simulated Shopify and JOOR,
// Restate's server, and any number of `atsync restate`.

import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer, request } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** Takes the limits of both sides away. */
export const UNLIMITED = ['--bulk-ms', '0', '--credits', '1000000000'].concat(
  ['--cost-limit', '1000000000', '--cost-per-second', '1000000000'],
);

const target = (path) => fileURLToPath(new URL(`../../../target/${path}`, import.meta.url));
const ATSYNC = process.env.ATSYNC ?? target('debug/atsync');
export const HERE = '127.0.0.1';

/** A program that runs beside this one, and never longer. */
export class Program {
  #process;
  /** The last lines that it wrote. */
  #said = [];

  constructor(command, args, environment = {}, options = {}) {
    if (!existsSync(command)) throw new Error(`${command} is not there. Make it with \`cargo build\` or \`npm ci\`.`);
    const env = { ...process.env, ...environment };
    this.#process = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], ...options });
    this.ended = once(this.#process, 'exit');
    this.lines = createInterface(this.#process.stdout);
    if (process.env.VERBOSE) this.#process.stderr.pipe(process.stderr);
    for (const lines of [this.lines, createInterface(this.#process.stderr)]) {
      lines.on('line', (line) => (this.#said = [...this.#said.slice(-4), line]));
    }
    const kill = () => this.#process.kill('SIGKILL');
    process.once('exit', kill);
    this.ended.then(() => process.removeListener('exit', kill));
  }

  get pid() {
    return this.#process.pid;
  }

  /** The first line that `wanted` accepts. */
  async line(wanted = () => true) {
    const found = new Promise((resolve) => {
      this.lines.on('line', (line) => wanted(line) && resolve(line));
    });
    const gone = once(this.#process, 'close').then(([code, signal]) => {
      const said = this.#said.join('\n') || 'nothing';
      throw new Error(`${this.#process.spawnfile} ended (${code ?? signal}) before it was ready, and said:\n${said}`);
    });
    gone.catch(() => {});
    return Promise.race([found, gone]);
  }

  /** Resident memory, in MiB. */
  memory() {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Math.round(/VmRSS:\s+(\d+)/.exec(status)[1] / 1024);
  }

  async end(signal = 'SIGKILL') {
    this.#process.kill(signal);
    await this.ended;
  }
}

/** The simulated Shopify and JOOR, and their levers. */
export class Sandbox extends Program {
  static async start(options = ['--bulk-ms', '100']) {
    const sandbox = new Sandbox(ATSYNC, ['sandbox', '--shopify-port', '0', '--joor-port', '0', '--json', ...options]);
    return Object.assign(sandbox, JSON.parse(await sandbox.line()));
  }

  /** The configuration, with the one connection once for each name. */
  connections(names) {
    const [, ...sections] = this.configuration.split(/^(?=\[\[?connection\.sandbox)/m);
    const one = sections.join('');
    return names.map((name) => one.replaceAll('connection.sandbox', `connection.${name}`)).join('\n');
  }

  /** The variant's id, which is its UPC on JOOR. */
  async upc(sku) {
    const [, token] = /^token = "(.+)"$/m.exec(this.configuration);
    const headers = { 'content-type': 'application/json', 'x-shopify-access-token': token };
    const query = `{ productVariants(first: 1, query: "sku:${sku}") { nodes { id } } }`;
    const url = `${this.shopify_url}/admin/api/2026-10/graphql.json`;
    const { data } = await call(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
    return data.productVariants.nodes[0].id.split('/').at(-1);
  }

  /** What JOOR shows of a SKU: units, `made-to-order`, or null where there is no record. */
  async ats(sku) {
    const asked = new URLSearchParams({ upc: await this.upc(sku), warehouse: 'Default' });
    return (await call(`${this.joor_url}/sandbox/joor/ats?${asked}`)).ats;
  }

  /** Does what people do, on either side: `shop/sell`, `joor/place-order`, or orders a fault: `faults`. */
  pull(lever, fields) {
    return call(`${this.shopify_url}/sandbox/${lever}`, { method: 'POST', body: JSON.stringify(fields) });
  }

  see(what) {
    return call(`${this.shopify_url}/sandbox/${what}`);
  }
}

/** Restate's server, with a folder and ports of its own. */
export class Restate extends Program {
  static async start({ folder, ports } = {}) {
    folder ??= mkdtempSync(join(tmpdir(), 'atsync-restate-'));
    if (ports) return Restate.#startAt(folder, ports);
    for (let tries = 1; ; tries++) {
      const ports = { ingress: await freePort(), admin: await freePort(), node: await freePort() };
      try {
        return await Restate.#startAt(folder, ports);
      } catch (error) {
        // Somebody else may have taken a port that was free a moment ago.
        if (tries === 3) throw error;
        console.error(`${error.message}\nIt is started once more, on other ports than ${Object.values(ports)}.`);
      }
    }
  }

  static async #startAt(folder, ports) {
    for (const port of Object.values(ports)) await left(port);
    const restate = new Restate(serverProgram(), ['--base-dir', folder, '--no-logo', '--listen-mode', 'tcp'], {
      RESTATE_NODE_NAME: 'one',
      RESTATE_DISABLE_TELEMETRY: 'true',
      RESTATE_LOG_FORMAT: 'json',
      RESTATE_WORKER__INVOKER__EAGER_STATE_SIZE_LIMIT: '256 KiB',
      RESTATE_WORKER__INVOKER__HTTP2_STREAMS_PER_CONNECTION_LIMIT: '8',
      RESTATE_BIND_ADDRESS: `${HERE}:${ports.node}`,
      RESTATE_INGRESS__BIND_ADDRESS: `${HERE}:${ports.ingress}`,
      RESTATE_ADMIN__BIND_ADDRESS: `${HERE}:${ports.admin}`,
    });
    const address = (port) => `http://${HERE}:${port}`;
    Object.assign(restate, { folder, ports, ingress: address(ports.ingress), admin: address(ports.admin) });
    await restate.line((line) => line.includes('admin-api-server'));
    return restate;
  }

  /** The same server after it ended. */
  again() {
    return Restate.start(this);
  }

  /** Calls a handler of a connection. */
  call(connection, handler, input, headers = {}) {
    const body = input === undefined ? undefined : JSON.stringify(input);
    const kind = body === undefined ? {} : { 'content-type': 'application/json' };
    const url = `${this.ingress}/atsync/${connection}/${handler}`;
    return call(url, { method: 'POST', headers: { ...kind, ...headers }, body });
  }

  /** Asks Restate's own tables. */
  async query(query) {
    const headers = { 'content-type': 'application/json', accept: 'application/json' };
    return (await call(`${this.admin}/query`, { method: 'POST', headers, body: JSON.stringify({ query }) })).rows;
  }

  async remove() {
    await this.end();
    rmSync(this.folder, { recursive: true });
  }
}

/** A process of `atsync restate`. */
export class Service extends Program {
  /** Serves what `configuration` says, and puts it on the schedule if `scheduled`. */
  static async start(restate, configuration, { port = 0, address, scheduled = false } = {}) {
    if (port) await left(port);
    const file = join(restate.folder, 'atsync.toml');
    writeFileSync(file, configuration, { mode: 0o600 });
    const where = ['--config', file, '--listen', `${HERE}:${port}`, '--admin', restate.admin, '--json'];
    if (address) where.push('--address', address);
    if (scheduled) where.push('--ingress', restate.ingress);
    const service = new Service(ATSYNC, ['restate', ...where]);
    const told = JSON.parse(await service.line());
    const [wrong] = told.report?.findings ?? [];
    if (wrong) throw Object.assign(new Error(wrong.message), { wrong });
    return Object.assign(service, told);
  }
}

/** Stands before a side of the sandbox, in its place in all addresses, and holds answers back. */
export class Gate {
  #held = [];
  #opened;

  static async start(target) {
    const gate = new Gate();
    gate.server = createServer((asked, answer) => gate.#pass(target, asked, answer));
    gate.server.listen(0, HERE);
    await once(gate.server, 'listening');
    gate.url = `http://${HERE}:${gate.server.address().port}`;
    return gate;
  }

  /** After `skip` requests with `part` in their path or body, no such request is answered before
      the gate opens. Comes back when the first of them was carried out on the other side. */
  hold(part, skip = 0) {
    this.#opened = new Promise((resolve) => (this.open = resolve)).then(() => (this.#held = []));
    return new Promise((resolve) => this.#held.push({ part, skip, resolve }));
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }

  async #pass(target, asked, answer) {
    const body = Buffer.concat(await asked.toArray());
    const { method } = asked;
    const { 'accept-encoding': _, ...headers } = asked.headers;
    const forward = request(target + asked.url, { method, headers });
    forward.end(body);
    const [response] = await once(forward, 'response');
    const content = Buffer.concat(await response.toArray()).toString().replaceAll(target, this.url);
    const held = this.#held.find(({ part }) => (asked.url + body).includes(part));
    if (held && held.skip-- <= 0) {
      held.resolve();
      await this.#opened;
    }
    const { 'content-length': __, 'transfer-encoding': ___, ...kept } = response.headers;
    answer.writeHead(response.statusCode, kept).end(content);
  }
}

/** One address before several processes: each connection goes to the next that takes it. */
export class Balancer {
  static async start(ports) {
    const balancer = new Balancer();
    balancer.taken = new Map(ports.map((port) => [port, 0]));
    let turn = 0;
    const pass = (client, tries) => {
      const port = ports[turn++ % ports.length];
      const behind = connect(port, HERE);
      behind.once('connect', () => {
        tries = 0;
        balancer.taken.set(port, balancer.taken.get(port) + 1);
        client.pipe(behind).pipe(client);
      });
      behind.once('error', () => (tries > 0 ? pass(client, tries - 1) : client.destroy()));
      behind.once('end', () => client.destroy());
      client.on('error', () => behind.destroy());
    };
    balancer.server = createTcpServer((client) => pass(client, ports.length)).listen(0, HERE);
    await once(balancer.server, 'listening');
    balancer.url = `http://${HERE}:${balancer.server.address().port}`;
    return balancer;
  }
}

const FIRST_PORT = 20_000;
const LAST_PORT = 31_999;
/** Where this process looks next: processes begin at different places. */
let nextPort = randomInt(FIRST_PORT, LAST_PORT + 1);

/**
 * A port that nobody listens on, and another one each time. It is none of those that the system
 * gives away by itself: such a one may be a client's before its server begins.
 */
export async function freePort() {
  for (;;) {
    const port = nextPort;
    nextPort = port === LAST_PORT ? FIRST_PORT : port + 1;
    const server = createTcpServer().listen(port, HERE);
    // `once` rejects when there is an error first.
    if (!(await once(server, 'listening').catch(() => undefined))) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

/** Waits until nobody listens on a port: a killed process leaves its own only when it is gone. */
async function left(port) {
  for (;;) {
    const server = createTcpServer().listen(port, HERE);
    // `once` rejects when there is an error first.
    const free = await once(server, 'listening').catch(() => undefined);
    if (free) {
      server.close();
      return once(server, 'close');
    }
    await pause(20);
  }
}

/** A call that is answered with JSON, or with nothing. */
export async function call(url, options) {
  const text = await told(url, options);
  return text ? JSON.parse(text) : undefined;
}

/** What is answered, as it is, however long it takes: `fetch` waits for five minutes. */
export async function told(url, { body, headers, ...options } = {}) {
  // Restate takes no body without its kind.
  const kind = body === undefined ? {} : { 'content-type': 'text/plain' };
  const asked = request(url, { ...options, headers: { ...kind, ...headers } });
  asked.end(body);
  const [response] = await once(asked, 'response');
  const text = Buffer.concat(await response.toArray()).toString();
  const status = response.statusCode;
  if (status >= 400) throw Object.assign(new Error(`${url}: ${status} ${text}`), { status });
  return text;
}

/** The server's program in the npm package for this machine. */
function serverProgram() {
  const machine = `${process.platform}-${process.arch}`;
  const folder = createRequire(import.meta.url).resolve(`@restatedev/restate-server-${machine}/package.json`);
  return join(folder, '..', 'bin', 'restate-server');
}
