// atsync as a service of Restate, against the simulated Shopify and JOOR. Processes are killed for
// real, in the middle of a pass.
//
//   ATSYNC   the program; default target/debug/atsync
//   VERBOSE  shows what the processes say

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { Gate, Restate, Sandbox, Service, call } from './stage.mjs';

const BULK = 'POST v2/bulk-inventory';
let restate, sandbox, joor, configuration, services;

before(async () => {
  restate = await Restate.start();
});

after(() => restate.remove());

beforeEach(async () => {
  sandbox = await Sandbox.start();
  joor = await Gate.start(sandbox.joor_url);
  configuration = sandbox.configuration.replaceAll(sandbox.joor_url, joor.url);
  services = [];
});

afterEach(async () => {
  await Promise.all(services.map((service) => service.end()));
  await sandbox.end();
  joor.server.closeAllConnections();
  joor.server.close();
});

/** A process that serves connections of these names, all alike. */
async function serve(names, options) {
  const service = await Service.start(restate, connections(names), options);
  services.push(service);
  return service;
}

/** The sandbox's configuration, once for each name. */
function connections(names) {
  const [head, ...rest] = configuration.split(/^(?=\[connection\.sandbox)/m);
  return head + names.map((name) => rest.join('').replaceAll('connection.sandbox', `connection.${name}`)).join('\n');
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
  await serve(['acme']);
  done(await restate.call('acme', 'sync'));
  assert.equal(await sandbox.ats('LIN-SND-S'), 16);
  assert.equal(await sandbox.ats('LIN-INK-L'), 0, 'a sold-out SKU gets an explicit zero');
  const { counts } = done(await restate.call('acme', 'sync'));
  assert.equal(counts.rows_published, 0);
  assert.equal(counts.joor_writes, 0);
});
