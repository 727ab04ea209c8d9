// A complete small host for atsync's component: a pass from its job to its outcome.
// What each effect asks of a host stands in wit/README.md.

/** @import { Answer, Effect, Hint, Job, Mode } from './generated/interfaces/atsync-connector-reconcile.js' */
import { setTimeout as sleep } from 'node:timers/promises';
import { Ledger } from './ledger.mjs';
import { readLines } from './lines.mjs';
import { Service, failed, failure } from './service.mjs';

const WAIT_MS_MAX = 60_000n;
const now = () => BigInt(Date.now());

/** One connection: its settings, its services with their secrets, and its ledger. */
export class Host {
  /** @type {Map<string, Service>} */
  services = new Map();

  /**
   * @param {() => import('./generated/atsync.js').Root} instantiate makes a fresh instance of the component
   * @param {{ name: string, settings: object, services: Record<string, Record<string, string>>, ledger: string }} connection
   */
  constructor(instantiate, connection) {
    this.instantiate = instantiate;
    this.connection = connection;
    this.description = instantiate().manifest.describe();
    this.ledger = new Ledger(connection.ledger);
    for (const one of this.description.services) this.services.set(one.name, new Service(one, connection.services[one.name]));
  }

  /**
   * Runs one pass and gives its outcome, or throws the fault it ended with: an error with `kind`,
   * `code` and `fix`. One pass at a time.
   * @param {Mode} mode
   * @param {Hint[]} hints
   */
  async pass(mode, hints = []) {
    const { name, settings } = this.connection;
    const job = { connection: name, settings: JSON.stringify(settings), mode, hints, now: now() };
    const dry = mode.tag !== 'sync' && mode.tag !== 'act';
    if (dry) this.ledger.begin();
    return this.#turns(job, dry).catch(fault).finally(() => dry && this.ledger.drop());
  }

  /** @param {Job} job */
  async #turns(job, /** @type {boolean} */ dry) {
    const { reconcile } = this.instantiate();
    const open = new Map();
    let at = job.now;
    let turn = reconcile.start(job);
    while (turn.tag === 'waiting') {
      for (const { id, effect } of turn.val.requests) {
        if (open.has(id)) throw new Error(`The component asked for request ${id} while it was open.`);
        open.set(id, this.perform(effect, dry).catch(failure).then((answer) => ({ id, answer })));
      }
      if (!open.size) throw new Error('The component waits for nothing.');
      const { id, answer } = await Promise.race(open.values());
      open.delete(id);
      at = at > now() ? at : now();
      turn = reconcile.resume([{ id, at, answer }]);
    }
    return turn.val;
  }

  /**
   * Performs one effect. Throws what keeps it from an answer.
   * @param {Effect} effect
   * @returns {Promise<Answer>}
   */
  async perform({ tag, val }, /** @type {boolean} */ dry) {
    switch (tag) {
      case 'http':
        if (val.changes && dry) throw failed('refused', 'this pass changes nothing');
        return this.services.get(val.service)?.exchange(val) ?? failed('refused', `there is no service "${val.service}"`);
      case 'read-lines':
        return this.mayDownload(val.url) ? readLines(val) : failed('refused', 'a download from a host that nobody named');
      case 'load': return { tag: 'loaded', val: this.ledger.load(val) };
      case 'scan': return { tag: 'scanned', val: this.ledger.scan(val) };
      case 'commit':
        this.ledger.commit(val);
        return { tag: 'committed' };
      case 'wait-until':
        if (val - now() > WAIT_MS_MAX) throw failed('refused', `a wait of more than ${WAIT_MS_MAX} ms`);
        // Timers may be a little early; the answer never is.
        while (now() < val) await sleep(Number(val - now()));
        return { tag: 'woke' };
    }
  }

  /** The services' own hosts, and those that the manifest names. */
  mayDownload(/** @type {string} */ address) {
    if (!URL.canParse(address)) return false;
    const { protocol, hostname, origin } = new URL(address);
    const own = [...this.services.values()].some(({ base }) => new URL(base).origin === origin);
    const named = [hostname, hostname.replace(/^[^.]+/, '*')].some((name) => this.description.downloadHosts.includes(name));
    return own || (named && protocol === 'https:');
  }
}

/** jco throws the `fault` of a result as it is; anything else is a trap, or ours. */
function fault(/** @type {any} */ thrown) {
  throw thrown.tag ? Object.assign(new Error(), { kind: thrown.tag, ...thrown.val }) : thrown;
}
