// Two Node-RED nodes: `atsync-connection` is one shop and one account, `atsync` runs a pass of it
// for each message. The host behind them is the one next door, in ../node.

const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

/** After a pass that did not say when to come again. */
const RETRY_MS = 60_000;
const COLOURS = { done: 'green', attention: 'yellow', failed: 'red' };

module.exports = async function (RED) {
  const { load } = await import('../node/component.mjs');
  const { Host } = await import('../node/host.mjs');
  // The folder that `node ../node/build.mjs COMPONENT FOLDER` wrote.
  const instantiate = await load(pathToFileURL(`${RED.settings.atsyncComponent}/`));

  function Connection(config) {
    RED.nodes.createNode(this, config);
    let host, closing, progress;
    // Passes of one connection follow each other, whoever asks for them.
    let last = Promise.resolve();

    // An instance whose turns are looked at on their way to the host.
    const watched = () => {
      const { manifest, reconcile } = instantiate();
      const watch = (step) => (given) => {
        if (closing) throw new Error('Node-RED stopped this flow. The next pass takes up what is left.');
        const turn = step(given);
        if (turn.val.progress) progress(turn.val.progress);
        return turn;
      };
      return { manifest, reconcile: { start: watch(reconcile.start), resume: watch(reconcile.resume) } };
    };

    // Made by the first pass, so that what is missing is said where somebody looks.
    const made = () => {
      const services = JSON.parse(config.services || '{}');
      const secrets = JSON.parse(this.credentials.secrets || '{}');
      for (const [name, fields] of Object.entries(secrets)) services[name] = { ...services[name], ...fields };
      const ledger = config.ledger || join(RED.settings.userDir, `atsync-${this.id}.db`);
      return new Host(watched, { name: config.name, settings: JSON.parse(config.settings), services, ledger });
    };

    /** Runs a pass when those before it are over; then it calls `begin`, and `tell` with its progress. */
    this.pass = (mode, hints, begin, tell) => {
      const pass = last.then(() => {
        begin();
        progress = tell;
        host ??= made();
        return host.pass(mode, hints);
      });
      last = pass.catch(() => {});
      return pass;
    };

    // A pass may be dropped at any turn; two at once may not be.
    this.on('close', (done) => {
      closing = true;
      last.then(done);
    });
  }

  function Pass(config) {
    RED.nodes.createNode(this, config);
    const connection = RED.nodes.getNode(config.connection);

    this.on('input', async (msg, send, done) => {
      const show = (fill, text) => this.status({ fill, shape: fill === 'blue' ? 'ring' : 'dot', text });
      const tell = ({ what, done: units, total }) => {
        show('blue', total === undefined ? `${what}, ${units}` : `${what}, ${units} of ${total}`);
        send([null, { payload: { what, done: Number(units), total: total && Number(total) } }, null]);
      };
      try {
        const { mode, hints } = asked(msg.payload);
        show('grey', 'waiting for another pass');
        const outcome = await connection.pass(mode, hints, () => show('blue', mode.tag), tell);
        const report = JSON.parse(outcome.report);
        const nextRun = Number(outcome.nextRun);
        show(COLOURS[outcome.verdict], report.summary.slice(0, 60));
        // `delay` is what the node of that name waits, so that a wire back makes a schedule.
        const delay = Math.max(0, nextRun - Date.now());
        send([{ ...msg, payload: report, verdict: outcome.verdict, nextRun, delay }, null, null]);
      } catch (error) {
        const { kind = 'broken', code = kind, message, fix } = error;
        show('red', code);
        const delay = kind.startsWith('permanent') ? undefined : RETRY_MS;
        send([null, null, { ...msg, payload: { kind, code, message, fix }, delay }]);
      }
      done();
    });
  }

  RED.nodes.registerType('atsync-connection', Connection, { credentials: { secrets: { type: 'password' } } });
  RED.nodes.registerType('atsync', Pass, { settings: { atsyncComponent: { value: '', exportable: false } } });
};

/** What a message asks for: `"plan"`, or `{ mode, name, arguments, hints }`; anything else is a sync. */
function asked(payload) {
  const given = typeof payload === 'string' && payload ? { mode: payload } : (payload ?? {});
  const { mode = 'sync', name, hints = [] } = given;
  if (mode !== 'ask' && mode !== 'act') return { mode: { tag: mode }, hints };
  return { mode: { tag: mode, val: { name, arguments: JSON.stringify(given.arguments ?? {}) } }, hints };
}
