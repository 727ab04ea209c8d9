// atsync as a service of Restate, against the simulated Shopify and JOOR. Processes are killed for
// real, in the middle of a pass.
//
//   ATSYNC   the program; default target/debug/atsync
//   VERBOSE  shows what the processes say

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { load } from './load.mjs';
import { Balancer, Gate, Restate, Sandbox, Service, call, freePort } from './stage.mjs';

const BULK = 'POST v2/bulk-inventory';
let restate, sandbox, joor, shop, services;
let acme = 'acme';

before(async () => {
  restate = await Restate.start();
});

after(() => restate.remove());

beforeEach(async () => {
  sandbox = await Sandbox.start();
  [joor, shop] = await Promise.all([Gate.start(sandbox.joor_url), Gate.start(sandbox.shopify_url)]);
  services = [];
  acme += 'e'; // a connection that Restate has not seen
});

afterEach(async () => {
  await Promise.all(services.map((service) => service.end()));
  await sandbox.end();
  joor.close();
  shop.close();
});

/** A process that serves connections of these names, all alike. */
async function serve(names, options) {
  const configuration = through(sandbox.connections(names));
  const service = await Service.start(restate, configuration, options);
  services.push(service);
  return service;
}

/** A configuration that goes through the gates. */
function through(configuration) {
  const { joor_url, shopify_url } = sandbox;
  return configuration.replaceAll(joor_url, joor.url).replaceAll(shopify_url, shop.url);
}

/** How often JOOR and Shopify were asked for something. */
async function asked(operation) {
  const { joor, shopify } = await sandbox.see('counters');
  return (joor.operations[operation] ?? shopify.operations[operation])?.requests ?? 0;
}

function done(ending) {
  assert.equal(ending.outcome?.verdict, 'done', JSON.stringify(ending));
  return ending.outcome.report;
}

test('a first sync shows on JOOR what the shop has, and a second one publishes nothing', async () => {
  await serve([acme]);
  done(await restate.call(acme, 'sync'));
  assert.equal(await sandbox.ats('LIN-SND-S'), 16);
  assert.equal(await sandbox.ats('LIN-INK-L'), 0, 'a sold-out SKU gets an explicit zero');
  const { counts } = done(await restate.call(acme, 'sync'));
  assert.equal(counts.rows_published, 0);
  assert.equal(counts.joor_writes, 0);
});

test('a process killed in the middle of a pass loses nothing, and no confirmed write is repeated', async () => {
  const port = await freePort();
  const service = await serve([acme], { port });
  const second = joor.hold('bulk-inventory', 1);
  const pass = restate.call(acme, 'sync');
  await second;
  await service.end();
  joor.open();
  await serve([acme], { port });
  done(await pass);
  assert.equal(await sandbox.ats('LIN-SND-S'), 16);
  assert.equal(await asked(BULK), 3, 'two messages; only the one whose answer nobody saw came twice');
});

test('a killed server goes on from its journal, and no confirmed write is repeated', async () => {
  await serve([acme]);
  const second = joor.hold('bulk-inventory', 1);
  const key = { 'idempotency-key': 'a sync that outlives the server' };
  const asking = restate.call(acme, 'sync', undefined, key).catch(() => 'cut off');
  await second;
  await restate.end();
  assert.equal(await asking, 'cut off');
  joor.open();
  restate = await restate.again();
  done(await restate.call(acme, 'sync', undefined, key));
  assert.equal(await sandbox.ats('LIN-SND-S'), 16);
  assert.equal(await asked(BULK), 3);
});

test('an order whose creation nobody saw confirmed is created once', async () => {
  const port = await freePort();
  const service = await serve([acme], { port });
  done(await restate.call(acme, 'sync'));
  const lines = [{ upc: await sandbox.upc('LIN-SND-S'), units: 3, price: '45.00' }];
  const { order } = await sandbox.pull('joor/place-order', { linesheet: 'SS27', approved: true, lines });
  const created = shop.hold('orderCreate');
  const pass = restate.call(acme, 'sync');
  await created;
  await service.end();
  shop.open();
  await serve([acme], { port });
  done(await pass);
  const orders = await sandbox.see('shop/orders');
  assert.equal(orders.length, 1, `JOOR order ${order} in Shopify`);
  assert.equal(await asked('OrderCreate'), 1);
  assert.equal(await sandbox.ats('LIN-SND-S'), 13);
});

test('a webhook is believed with the right signature, and once', async () => {
  await serve([acme]);
  done(await restate.call(acme, 'sync'));
  const [, secret] = /^secrets = \["(.+)"\]$/m.exec(sandbox.configuration);
  const deliver = (id, key) => {
    const body = JSON.stringify({ inventory_item_id: 1, location_id: 1, available: 3 });
    const headers = {
      'content-type': 'application/json',
      'x-shopify-topic': 'inventory_levels/update',
      'x-shopify-webhook-id': id,
      'x-shopify-hmac-sha256': createHmac('sha256', key).update(body).digest('base64'),
    };
    return call(`${restate.ingress}/atsync/${acme}/webhook`, { method: 'POST', headers, body });
  };
  const waiting = async () => (await restate.call(acme, 'status')).hints;
  await assert.rejects(deliver('forged', 'another secret'), { status: 401 });
  for (const id of ['first', 'first', 'second']) await deliver(id, secret);
  await restate.call(acme, 'start');
  assert.equal(await waiting(), 2);
  const { counts } = done(await restate.call(acme, 'sync'));
  assert.equal(counts.hints, 2);
  assert.equal(await waiting(), 0);
});

test('the schedule begins by itself, and the next pass waits in Restate', async () => {
  await serve([acme], { scheduled: true });
  const { standing, last } = await until(async () => {
    const status = await restate.call(acme, 'status');
    return status.last && status;
  });
  assert.equal(last.kind, 'sync');
  assert.equal(last.verdict, 'Done');
  assert.equal(await sandbox.ats('LIN-SND-S'), 16);
  const [next] = await until(() => calls('due'));
  assert.equal(next.status, 'scheduled');
  const late = Date.parse(next.scheduled_start_at) - standing.next_run;
  assert.ok(late >= 0 && late < 1_000, `when the pass said, and not ${late} ms later`);
});

test('a plan and a question change nothing, and nobody waits for them', async () => {
  const port = await freePort();
  await serve([acme], { port });
  const published = joor.hold('bulk-inventory');
  const pass = restate.call(acme, 'sync');
  await published;
  const { tables } = done(await restate.call(acme, 'plan'));
  assert.ok(tables[0].rows.length > 0, 'it tells what it would publish');
  assert.equal(done(await restate.call(acme, 'ask', { name: 'parked' })).kind, 'ask');
  assert.equal(await asked(BULK), 1, 'by the pass that is under way');
  joor.open();
  await services.pop().end();
  await serve([acme], { port });
  done(await pass);
});

test('an unknown connection and a wrong question are refused in words', async () => {
  await serve([acme]);
  await assert.rejects(restate.call('nobody', 'sync'), { status: 404, message: /no connection `nobody`/ });
  const { outcome, fault } = await restate.call(acme, 'ask', { name: 'why' });
  assert.ok(fault ?? outcome.verdict === 'failed');
});

test('two processes share the connections, and one goes on with what the other leaves', async () => {
  const names = Array.from({ length: 20 }, (_, n) => `${acme}-${n}`);
  const ports = [await freePort(), await freePort()];
  const balancer = await Balancer.start(ports);
  for (const port of ports) await serve(names, { port, address: balancer.url });
  const held = joor.hold('bulk-inventory', 10);
  const passes = names.map((name) => restate.call(name, 'sync'));
  await held;
  await services[0].end();
  joor.open();
  for (const pass of passes) done(await pass);
  assert.ok(ports.every((port) => balancer.taken.get(port) > 0), 'both were at work');
  balancer.server.close();
});

test('twenty connections at once', async (t) => {
  const figures = await load({ connections: 20, minutes: 0, processes: 1 });
  t.diagnostic(JSON.stringify(figures));
  assert.ok(figures.passes_per_s > 0);
});

/** The calls of a handler of this connection that are not over, if there are any. */
async function calls(handler) {
  const of = `target_service_key = '${acme}' AND target_handler_name = '${handler}'`;
  const rows = await restate.query(`SELECT * FROM sys_invocation WHERE ${of}`);
  const open = rows.filter(({ status }) => status !== 'completed');
  return open.length ? open : undefined;
}

/** What `look` finds, as soon as it finds something: Restate does on its own time what nobody waits for. */
async function until(look) {
  for (;;) {
    const found = await look();
    if (found) return found;
    await pause(50);
  }
}
