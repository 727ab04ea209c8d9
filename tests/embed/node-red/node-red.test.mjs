// atsync's component in a real Node-RED, against the simulated Shopify and JOOR, over real HTTP.
//
//   ATSYNC            the program, for `atsync sandbox`; default target/debug/atsync
//   ATSYNC_COMPONENT  the component; default target/wasm32-unknown-unknown/component/atsync_plugin.wasm

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { Sandbox } from '../node/sandbox.mjs';
import { NodeRed, built, flowFor } from './node-red.mjs';

const target = fileURLToPath(new URL('../../../target', import.meta.url));
const program = process.env.ATSYNC ?? `${target}/debug/atsync`;
const component = process.env.ATSYNC_COMPONENT ?? `${target}/wasm32-unknown-unknown/component/atsync_plugin.wasm`;
const userDir = mkdtempSync(join(tmpdir(), 'atsync-node-red-'));
let sandbox, red, upcs;

before(async () => {
  const { folder, sha256 } = built(component);
  console.log(`component sha256 ${sha256}`);
  sandbox = await Sandbox.start(program);
  upcs = await sandbox.upcs();
  red = await NodeRed.start(userDir, folder);
  await red.deploy(flowFor(sandbox.connection));
});

after(async () => {
  await red?.stop();
  await sandbox?.stop();
  rmSync(userDir, { recursive: true });
});

const sell = (units) => sandbox.pull('shop/sell', { variant: 'LIN-SND-S', location: 'Paris', units });
const ats = () => sandbox.ats(upcs['LIN-SND-S']);

test('a message runs a pass, and JOOR shows the stock', async () => {
  const { status, body } = await red.send({ mode: 'sync' });
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.verdict, 'done');
  assert.equal(await ats(), 16, 'the sum of Paris and Lyon');
  assert.ok(body.next_run > Date.now(), 'the next run lies ahead');
});

test('messages that come together wait for each other', async () => {
  await sell(5);
  const told = await Promise.all([red.send({}), red.send({}), red.send({})]);
  const published = told.map(({ body }) => body.report.counts.rows_published);
  assert.deepEqual(published, [1, 0, 0], 'the first one does the work, and the others see that it is done');
  assert.equal(await ats(), 11);
});

test('a question is answered, and a plan changes nothing', async () => {
  const { body } = await red.send({ mode: 'ask', name: 'explain', arguments: { sku: 'LIN-SND-S' } });
  assert.equal(body.report.data.skus[0].rows[0].value, '11');
  await sell(1);
  const before = await sandbox.counters();
  const planned = await red.send({ mode: 'plan' });
  assert.equal(planned.body.report.counts.rows_planned, 1);
  assert.equal((await sandbox.counters()).joor.writes, before.joor.writes);
  assert.equal(await ats(), 11);
});

test('secrets stand in no flow, and the editor is not told', async () => {
  const files = ['flows.json', 'flows_cred.json', '.config.runtime.json'].map((name) => readFileSync(join(userDir, name), 'utf8'));
  const told = await Promise.all([red.told('/flows'), red.told('/credentials/atsync-connection/shop-and-account')]);
  const { services } = sandbox.connection;
  for (const secret of [services.shopify.token, services['joor-v2'].token, services['joor-v4'].password]) {
    assert.ok(![...files, ...told].some((text) => text.includes(secret)), 'a secret can be read');
  }
});

test('a fault leaves by the third output, with what to do', async () => {
  const { settings } = sandbox.connection;
  await red.deploy(flowFor({ ...sandbox.connection, settings: { ...settings, interval_s: 1 } }));
  const { status, body } = await red.send({});
  assert.equal(status, 502);
  assert.deepEqual([body.kind, body.code], ['permanent-settings', 'settings-too-small']);
  assert.match(body.fix, /\w/);
});

test('the ledger outlives Node-RED, and the schedule begins by itself', async () => {
  await red.stop();
  red = await NodeRed.start(userDir, built(component).folder);
  const flow = flowFor(sandbox.connection);
  flow.find(({ label }) => label === 'Schedule').disabled = false;
  const followed = red.said('1 row published.');
  await red.deploy(flow);
  await followed;
  assert.equal(await ats(), 10);
});
