// atsync's component in Node against the simulated Shopify and JOOR, over real HTTP.
//
//   ATSYNC            the program, for `atsync sandbox`; default target/debug/atsync
//   ATSYNC_COMPONENT  the component; default target/wasm32-unknown-unknown/component/atsync_plugin.wasm

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, beforeEach, test } from 'node:test';
import { load } from './component.mjs';
import { Host } from './host.mjs';
import { Sandbox } from './sandbox.mjs';

const sync = { tag: 'sync' };
const folder = mkdtempSync(join(tmpdir(), 'atsync-node-'));
let instantiate, sandbox, host, upcs, shops = 0;

/** A file that cargo makes, or the one that the environment names. */
function built(variable, path, command) {
  const file = process.env[variable] ?? fileURLToPath(new URL(`../../../target/${path}`, import.meta.url));
  assert.ok(existsSync(file), `${file} is not there. Make it with \`${command}\`, or name another in ${variable}.`);
  return file;
}

const report = (outcome) => JSON.parse(outcome.report);

/** A host of the sandbox's shop with a ledger of its own, or with other things changed. */
const connected = (changed = {}, make = instantiate) =>
  new Host(make, { ...sandbox.connection, ledger: join(folder, `${(shops += 1)}.db`), ...changed });

before(async () => {
  const profile = '--profile component --target wasm32-unknown-unknown';
  const path = 'wasm32-unknown-unknown/component/atsync_plugin.wasm';
  const component = built('ATSYNC_COMPONENT', path, `cargo build -p atsync-plugin ${profile}`);
  console.log(`component sha256 ${createHash('sha256').update(readFileSync(component)).digest('hex')}`);
  const generated = new URL('generated/', import.meta.url);
  execFileSync(process.execPath, ['build.mjs', component, fileURLToPath(generated)]);
  instantiate = await load(generated);
});

beforeEach(async () => {
  await sandbox?.stop();
  sandbox = await Sandbox.start(built('ATSYNC', 'debug/atsync', 'cargo build -p atsync'));
  host = connected();
  upcs = await sandbox.upcs();
});

after(async () => {
  await sandbox?.stop();
  rmSync(folder, { recursive: true });
});

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
  const seen = [];
  const planning = connected({}, observed(seen));
  const outcome = await planning.pass({ tag: 'plan' });
  assert.equal(outcome.verdict, 'done', outcome.report);
  assert.ok(report(outcome).tables[0].rows.length > 0, 'it tells what it would publish');
  assert.deepEqual(planning.ledger.scan({ prefix: '', limit: 9 }), []);
  assert.equal(await ats('LIN-SND-S'), null);
  const asked = seen.flatMap(({ turn }) => turn.val.requests ?? []);
  assert.ok(!asked.some(({ effect }) => effect.val.changes), 'it does not even ask for a change');
});

test('the ledger outlives the host', async () => {
  await host.pass(sync);
  const { counts } = report(await connected({ ledger: host.connection.ledger }).pass(sync));
  assert.equal(counts.rows_published, 0);
});

test('the same completions give the same turns', async () => {
  const seen = [];
  await connected({}, observed(seen)).pass(sync);
  const { reconcile } = instantiate();
  for (const { call, given, turn } of seen) assert.deepEqual(reconcile[call](given), turn);
});

test('a pass may be abandoned at any turn and is simply followed by the next', async () => {
  for (const turns of [3, 12, 24, 36]) {
    const abandoned = connected({ ledger: host.connection.ledger }, observed([], turns));
    await abandoned.pass(sync).catch((error) => assert.equal(error.message, 'the host died'));
  }
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
  const outcome = await connected({ services: { ...services, shopify } }).pass(sync);
  assert.equal(outcome.verdict, 'failed');
  assert.equal(report(outcome).findings[0].code, 'shopify-unauthorized');
});

test('refused settings are a fault before anything is asked', async () => {
  const settings = { ...sandbox.connection.settings, interval_s: 1 };
  const findings = instantiate().manifest.checkSettings(JSON.stringify(settings));
  assert.equal(findings[0].path, '/interval_s');
  await assert.rejects(connected({ settings }).pass(sync), { kind: 'permanent-settings', code: 'settings-too-small' });
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

/** Instances that write down their turns, and whose host dies after so many of them. */
function observed(seen, turns = Infinity) {
  const watched = (reconcile, call) => (given) => {
    const turn = reconcile[call](given);
    if (seen.push({ call, given, turn }) === turns) throw new Error('the host died');
    return turn;
  };
  return () => {
    const { manifest, reconcile } = instantiate();
    return { manifest, reconcile: { start: watched(reconcile, 'start'), resume: watched(reconcile, 'resume') } };
  };
}
