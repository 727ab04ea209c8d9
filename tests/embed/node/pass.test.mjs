// atsync's component in Node against the simulated Shopify and JOOR, over real HTTP.
//
//   ATSYNC            the program, for `atsync sandbox`; default target/debug/atsync
//   ATSYNC_COMPONENT  the component; default target/wasm32-unknown-unknown/component/atsync_plugin.wasm

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { after, before, beforeEach, test } from 'node:test';
import { loadComponent } from './component.mjs';
import { Host } from './host.mjs';
import { Sandbox } from './sandbox.mjs';

const sync = { tag: 'sync' };
let instantiate, sandbox, host, upcs;

/** A file that cargo makes, or the one that the environment names. */
function built(variable, path, command) {
  const file = process.env[variable] ?? fileURLToPath(new URL(`../../../target/${path}`, import.meta.url));
  assert.ok(existsSync(file), `${file} is not there. Make it with \`${command}\`, or name another in ${variable}.`);
  return file;
}

const report = (outcome) => JSON.parse(outcome.report);

before(async () => {
  const profile = '--profile component --target wasm32-unknown-unknown';
  const path = 'wasm32-unknown-unknown/component/atsync_plugin.wasm';
  instantiate = await loadComponent(built('ATSYNC_COMPONENT', path, `cargo build -p atsync-plugin ${profile}`));
});

beforeEach(async () => {
  await sandbox?.stop();
  sandbox = await Sandbox.start(built('ATSYNC', 'debug/atsync', 'cargo build -p atsync'));
  host = new Host(instantiate, sandbox.connection);
  upcs = await sandbox.upcs();
});

after(() => sandbox?.stop());

const ats = (sku) => sandbox.ats(upcs[sku]);

test('a first sync shows on JOOR what the shop has', async () => {
  const outcome = await host.pass(sync);
  assert.equal(outcome.verdict, 'done', outcome.report);
  assert.equal(await ats('LIN-SND-S'), 16, 'the sum of Paris and Lyon');
  assert.equal(await ats('LIN-INK-L'), 0, 'a sold-out SKU gets an explicit zero');
  assert.equal(await ats('WRP-RST-M'), 0, 'an oversold one as well');
  assert.equal(await ats('TOT-NAT'), 'made-to-order', 'nobody counts it');
  assert.equal(await ats('CPE-BLK-38'), null, 'it is only on a made-to-order linesheet');
});

test('a sale is followed, and only what changed is published', async () => {
  await host.pass(sync);
  await sandbox.pull('shop/sell', { variant: 'LIN-SND-S', location: 'Paris', units: 5 });
  const { counts } = report(await host.pass(sync));
  assert.equal(await ats('LIN-SND-S'), 11);
  assert.equal(counts.rows_published, 1);
});

test('a sync with nothing to do publishes nothing', async () => {
  await host.pass(sync);
  const { counts } = report(await host.pass(sync));
  assert.equal(counts.rows_published, 0);
  assert.equal(counts.joor_writes, 0);
});

test('a plan decides everything and changes nothing', async () => {
  const asked = [];
  const outcome = await host.pass({ tag: 'plan' }, { observe: ({ turn }) => asked.push(...requests(turn)) });
  assert.equal(outcome.verdict, 'done', outcome.report);
  assert.ok(report(outcome).tables[0].rows.length > 0, 'it tells what it would publish');
  assert.equal(host.ledger.size, 0);
  assert.equal(await ats('LIN-SND-S'), null);
  assert.ok(!asked.some(({ effect }) => effect.val.changes), 'it does not even ask for a change');
});

test('the same completions give the same turns', async () => {
  const seen = [];
  await host.pass(sync, { observe: (step) => seen.push(step) });
  const { reconcile } = instantiate();
  const [{ job, turn }, ...steps] = seen;
  assert.deepEqual(reconcile.start(job), turn);
  for (const { completion, turn } of steps) assert.deepEqual(reconcile.resume([completion]), turn);
});

test('a pass may be abandoned at any turn and is simply followed by the next', async () => {
  for (const last of [3, 12, 24, 36]) await abandon(last);
  const outcome = await host.pass(sync);
  assert.equal(outcome.verdict, 'done', outcome.report);
  assert.equal(await ats('LIN-SND-S'), 16);
  assert.equal(await ats('LIN-INK-L'), 0);
});

test('a message that was cut off on its way back is sent again', async () => {
  await sandbox.pull('faults', { side: 'joor', operation: 'bulk-inventory', fault: 'cut-after' });
  const outcome = await host.pass(sync);
  assert.equal(outcome.verdict, 'done', outcome.report);
  assert.equal(report(outcome).counts.joor_writes, 3, 'two messages, one of them twice');
  assert.equal(await ats('LIN-SND-S'), 16);
});

test('a wrong secret is a failed pass that says what to do', async () => {
  const { services } = sandbox.connection;
  const shopify = { ...services.shopify, token: 'wrong' };
  const wrong = new Host(instantiate, { ...sandbox.connection, services: { ...services, shopify } });
  const outcome = await wrong.pass(sync);
  assert.equal(outcome.verdict, 'failed');
  assert.equal(report(outcome).findings[0].code, 'shopify-unauthorized');
});

test('refused settings are a fault before anything is asked', async () => {
  const settings = { ...sandbox.connection.settings, interval_s: 1 };
  const wrong = new Host(instantiate, { ...sandbox.connection, settings });
  const findings = instantiate().manifest.checkSettings(JSON.stringify(settings));
  assert.equal(findings[0].path, '/interval_s');
  await assert.rejects(wrong.pass(sync), { kind: 'permanent-settings', code: 'settings-too-small' });
});

test('policy answers without a pass', () => {
  const item = {
    style: '1', sku: 'LIN-SND-S', tags: [], linesheets: [], tracked: true, continueSelling: false, onSale: true,
  };
  const level = (location, units) => ({ location, quantity: { tag: 'available', val: units }, incoming: [] });
  const levels = [level('Paris', 12n), level('Lyon', 4n)];
  const claims = [{ order: '7', location: 'Paris', units: 3n }];
  const settings = JSON.stringify(sandbox.connection.settings);
  const { rows } = instantiate().policy.availability(settings, item, levels, claims);
  assert.deepEqual(rows.map(({ warehouse, value }) => [warehouse, value]), [['Default', { tag: 'units', val: 13n }]]);
});

/** The requests of a turn. */
function requests(turn) {
  return turn.tag === 'waiting' ? turn.val.requests : [];
}

/** A pass whose host dies after so many turns; one that needs fewer is done. */
async function abandon(turns) {
  const died = new Error('the host died');
  const observe = () => {
    if (--turns === 0) throw died;
  };
  await host.pass(sync, { observe }).catch((error) => assert.equal(error, died));
}
