// A complete small host for atsync's component: a pass from its job to its outcome.
// What each effect asks of a host stands in wit/README.md.

import { setTimeout as sleep } from 'node:timers/promises';
import { Credential } from './credential.mjs';
import { readLines } from './lines.mjs';
import { boundedBody, failed, failure } from './answers.mjs';

const REQUEST_MS_MAX = 30_000;
const RESPONSE_BYTES_MAX = 16 * 2 ** 20;
const WAIT_MS_MAX = 60_000;
/** Headers that authenticate somebody: a connector neither writes nor reads them. */
const HOST_HEADERS = ['authorization', 'cookie', 'set-cookie', 'www-authenticate'];
/** Headers about a body as it travelled; the connector gets it unpacked. */
const TRAVEL_HEADERS = ['content-encoding', 'content-length'];

/** Why a pass ended without an outcome; a `permanent-…` one lasts until somebody changes something. */
export class Fault extends Error {
  constructor({ tag, val: { code, message, fix } }) {
    super(`${message} ${fix}`);
    Object.assign(this, { kind: tag, code, fix });
  }
}

/** One connection: its settings, its services with their secrets, and its ledger. */
export class Host {
  #instantiate;
  #connection;
  #ledger = new Map();
  #services = new Map();

  /**
   * `instantiate` makes a fresh instance of the component. `connection` is
   * `{ name, settings, services: { NAME: { url, token_url, …secrets } } }`.
   */
  constructor(instantiate, connection) {
    this.#instantiate = instantiate;
    this.#connection = connection;
    this.description = instantiate().manifest.describe();
    for (const service of this.description.services) {
      const given = connection.services[service.name] ?? {};
      const url = (given.url ?? service.defaultUrl).replace(/\/$/, '');
      this.#services.set(service.name, { url, credential: new Credential(service, { ...given, url }) });
    }
  }

  /** The keys of the ledger and their values, as they are now. */
  get ledger() {
    return new Map(this.#ledger);
  }

  /**
   * Runs one pass: `mode` is `{ tag: 'sync' }`, `{ tag: 'ask', val: { name, arguments } }` and so on.
   * Gives its outcome, or throws the `Fault` it ended with. One pass at a time.
   */
  async pass(mode, { hints = [], observe = () => {} } = {}) {
    const { reconcile } = this.#instantiate();
    const mayChange = mode.tag === 'sync' || mode.tag === 'act';
    // A dry run works on a copy of the ledger, which is dropped with it.
    const pass = { mayChange, ledger: mayChange ? this.#ledger : new Map(this.#ledger) };
    let latest = Date.now();
    const { name: connection, settings } = this.#connection;
    const job = { connection, settings: JSON.stringify(settings), mode, hints, now: BigInt(latest) };
    const open = new Map();
    let turn = next(() => reconcile.start(job));
    observe({ job, turn });
    while (turn.tag === 'waiting') {
      for (const { id, effect } of turn.val.requests) {
        open.set(id, this.#perform(effect, pass).then((answer) => ({ id, answer })));
      }
      const { id, answer } = await Promise.race(open.values());
      open.delete(id);
      latest = Math.max(latest, Date.now());
      const completion = { id, at: BigInt(latest), answer };
      turn = next(() => reconcile.resume([completion]));
      observe({ completion, turn });
    }
    return turn.val;
  }

  async #perform({ tag, val }, { ledger, mayChange }) {
    switch (tag) {
      case 'http':
        return this.#http(val, mayChange);
      case 'read-lines':
        if (!this.#mayDownload(val.url)) return failed('refused', 'a download from a host that nobody named');
        return readLines(val);
      case 'load':
        return { tag: 'loaded', val: val.map((key) => ledger.get(key)) };
      case 'scan':
        return { tag: 'scanned', val: scan(ledger, val) };
      case 'commit':
        for (const { key, value } of val) value === undefined ? ledger.delete(key) : ledger.set(key, value);
        return { tag: 'committed' };
      case 'wait-until':
        return waitUntil(Number(val));
      default:
        return failed('unsupported');
    }
  }

  async #http({ service, method, path, headers, body, changes }, mayChange) {
    const there = this.#services.get(service);
    if (!there) return failed('refused', `there is no service "${service}"`);
    if (!mayChange && (changes || ['put', 'patch', 'delete'].includes(method))) {
      return failed('refused', 'this pass changes nothing');
    }
    const url = new URL(`${there.url}/${path.replace(/^\//, '')}`);
    if (!path.startsWith('/') || !url.href.startsWith(`${there.url}/`)) {
      return failed('refused', 'a path that leads out of the service');
    }
    const hidden = [...HOST_HEADERS, there.credential.header];
    if (headers.some(([name]) => hidden.includes(name.toLowerCase()))) {
      return failed('refused', 'a header that is the host\'s to write');
    }
    const send = async (refused) => {
      const signed = [...headers, await there.credential.value(refused)];
      const signal = AbortSignal.timeout(REQUEST_MS_MAX);
      return fetch(url, { method: method.toUpperCase(), headers: signed, body, signal, redirect: 'manual' });
    };
    try {
      let response = await send();
      // The one repetition that is the host's: with a new token, where the old one was refused.
      if (response.status === 401 && there.credential.renewable) {
        await response.body?.cancel();
        response = await send(true);
      }
      const text = await boundedBody(response, RESPONSE_BYTES_MAX);
      if (text === undefined) return failed('too-large');
      const visible = ([name]) => !hidden.includes(name) && !TRAVEL_HEADERS.includes(name);
      const received = [...response.headers].filter(visible);
      return { tag: 'http', val: { status: response.status, headers: received, body: text } };
    } catch (error) {
      return failure(error);
    }
  }

  /** The hosts that the manifest names, and the services' own. */
  #mayDownload(address) {
    if (!URL.canParse(address)) return false;
    const { protocol, hostname, origin } = new URL(address);
    const own = [...this.#services.values()].some(({ url }) => new URL(url).origin === origin);
    const named = this.description.downloadHosts.some((host) =>
      host.startsWith('*.') ? hostname.split('.').slice(1).join('.') === host.slice(2) : hostname === host,
    );
    return own || (named && protocol === 'https:');
  }
}

/** The next turn. jco throws the `fault` of a result as it is; anything else thrown is a trap. */
function next(call) {
  try {
    return call();
  } catch (thrown) {
    throw thrown.tag ? new Fault(thrown) : thrown;
  }
}

/** A page of keys in byte order, which is not the order of JavaScript's strings. */
function scan(ledger, { prefix, after, limit }) {
  const bytes = (text) => Buffer.from(text);
  return [...ledger]
    .filter(([key]) => key.startsWith(prefix))
    .filter(([key]) => after === undefined || Buffer.compare(bytes(key), bytes(after)) > 0)
    .sort(([one], [other]) => Buffer.compare(bytes(one), bytes(other)))
    .slice(0, limit)
    .map(([key, value]) => ({ key, value }));
}

/** Timers may be a little early; the answer never is. */
async function waitUntil(at) {
  if (at - Date.now() > WAIT_MS_MAX) return failed('refused', `a wait of more than ${WAIT_MS_MAX} ms`);
  while (Date.now() < at) await sleep(at - Date.now());
  return { tag: 'woke' };
}
