// A service as the host talks to it: its address, its credential, one exchange.

/** @import { Answer, HttpRequest } from './generated/interfaces/atsync-connector-reconcile.js' */
/** @import * as Manifest from './generated/interfaces/atsync-connector-manifest.js' */

const REQUEST_MS_MAX = 30_000;
const RESPONSE_BYTES_MAX = 16 * 2 ** 20;
/** Headers that authenticate somebody: a connector neither writes nor reads them. */
const AUTHENTICATING = ['authorization', 'cookie', 'proxy-authorization', 'set-cookie', 'www-authenticate'];
/** Headers about a body as it travelled; the connector gets it unpacked. */
const TRAVELLING = ['content-encoding', 'content-length', 'transfer-encoding'];

/**
 * The answer that says why there is none; it is also what is thrown on the way.
 * @param {string} tag
 * @param {string} [val]
 * @returns {any}
 */
export const failed = (tag, val) => ({ tag: 'failed', val: { tag, val } });

/** The same from whatever was thrown. */
export function failure(/** @type {any} */ error) {
  if (error.tag) return error;
  return error.name === 'TimeoutError' ? failed('timed-out') : failed('unreachable', error.cause?.message || error.message);
}

/**
 * The first `max` bytes of a body, or fewer; what comes after them is not downloaded.
 * @param {Response} response
 * @param {number} max
 */
export async function firstBytes(response, max) {
  const chunks = [];
  let length = 0;
  for await (const chunk of /** @type {any} */ (response.body ?? [])) {
    chunks.push(chunk);
    if ((length += chunk.length) >= max) break;
  }
  return Buffer.concat(chunks).subarray(0, max);
}

export class Service {
  #token = { text: '', endsAt: 0 };

  /**
   * @param {Manifest.Service} service
   * @param {Record<string, string>} given `url`, maybe `token_url`, and the secrets of one of the service's ways
   */
  constructor({ name, summary, defaultUrl, auth }, given = {}) {
    const way = auth.find(({ val }) => val.secrets.every((key) => given[key] !== undefined));
    const base = (given.url ?? defaultUrl)?.replace(/\/$/, '');
    if (!way || !base) throw new Error(`The service ${name} needs an address and a credential: ${summary}`);
    this.way = way;
    this.base = base;
    this.given = given;
    this.hidden = [...AUTHENTICATING, way.val.header.name.toLowerCase()];
  }

  /**
   * One exchange, and one more with a new token where the old one was refused. Throws the answer
   * that says why there is none.
   * @param {HttpRequest} request
   * @returns {Promise<Answer>}
   */
  async exchange({ method, path, headers, body }) {
    const url = new URL(this.base + path);
    const climbs = url.pathname.replace(/%2f|%5c/gi, '/').split('/').includes('..');
    const leaves = climbs || !path.startsWith('/') || !url.href.startsWith(`${this.base}/`);
    if (leaves) throw failed('refused', 'a path that leads out of the service');
    const signs = headers.some(([name]) => this.hidden.includes(name.toLowerCase()));
    if (signs) throw failed('refused', 'a header that is the host\'s to write');
    const signal = AbortSignal.timeout(REQUEST_MS_MAX);
    const request = { method: method.toUpperCase(), body, signal, redirect: /** @type {const} */ ('manual') };
    const send = async (renew = false) => fetch(url, { ...request, headers: [...headers, await this.#credential(renew)] });
    let response = await send();
    if (response.status === 401 && this.way.tag === 'grant') response = await send(true);
    const bytes = await firstBytes(response, RESPONSE_BYTES_MAX + 1);
    if (bytes.length > RESPONSE_BYTES_MAX) throw failed('too-large');
    const shown = [...response.headers].filter(([name]) => !this.hidden.includes(name) && !TRAVELLING.includes(name));
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    return { tag: 'http', val: { status: response.status, headers: shown, body: text } };
  }

  /** @returns {Promise<[string, string]>} */
  async #credential(/** @type {boolean} */ renew) {
    const { tag, val } = this.way;
    if (tag === 'fixed') return [val.header.name, fill(val.header.form, this.given)];
    if (renew || Date.now() >= this.#token.endsAt) await this.#grant(val);
    return [val.header.name, fill(val.header.form, { access_token: this.#token.text })];
  }

  async #grant(/** @type {Manifest.GrantAuth} */ { tokenUrl, encoding, fields, tokenField, lifetimeField }) {
    const address = this.given.token_url ?? (tokenUrl.startsWith('/') ? this.base + tokenUrl : tokenUrl);
    const filled = fields.map(([name, form]) => [name, fill(form, this.given)]);
    const signal = AbortSignal.timeout(REQUEST_MS_MAX);
    const response = await fetch(address, { method: 'POST', body: encoded(encoding, filled), signal });
    const lasting = response.status < 500 && ![408, 429].includes(response.status);
    if (!response.ok) throw failed(lasting ? 'refused' : 'unreachable', `no token: status ${response.status}`);
    const answer = /** @type {any} */ (await response.json());
    const lifetimeS = answer[lifetimeField ?? ''] ?? Infinity;
    // Renewed in the last tenth of its life, before the service refuses it.
    this.#token = { text: answer[tokenField], endsAt: Date.now() + lifetimeS * 900 };
  }
}

function encoded(/** @type {string} */ encoding, /** @type {string[][]} */ fields) {
  if (encoding === 'json') return new Blob([JSON.stringify(Object.fromEntries(fields))], { type: 'application/json' });
  const form = encoding === 'multipart' ? new FormData() : new URLSearchParams();
  fields.forEach(([name, value]) => form.append(name, value));
  return form;
}

/** `Bearer {key}`, `OAuth2 {base64:key}`. */
function fill(/** @type {string} */ form, /** @type {Record<string, any>} */ secrets) {
  return form.replace(/\{(base64:)?(\w+)\}/g, (_, coded, key) => Buffer.from(secrets[key]).toString(coded ? 'base64' : 'utf8'));
}
