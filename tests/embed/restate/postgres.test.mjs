// The same service with its ledgers in PostgreSQL: a real server, killed and cut off at chosen
// points.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Postgres, Wire } from './postgres.mjs';
import { Gate, Restate, Sandbox, Service, freePort } from './stage.mjs';

let restate, postgres, wire, sandbox, joor, service, port;
let acme = 'acme';

before(async () => {
  [restate, postgres] = await Promise.all([Restate.start(), Postgres.start()]);
  wire = await Wire.start(postgres);
});

after(async () => {
  wire.close();
  await Promise.all([restate.remove(), postgres.remove()]);
});

beforeEach(async () => {
  sandbox = await Sandbox.start();
  joor = await Gate.start(sandbox.joor_url);
  port = await freePort();
  acme += 'e'; // a connection that nobody has seen
});

afterEach(async () => {
  await service?.end();
  await sandbox.end();
  joor.close();
});

/** The process that serves connections of these names, all alike, with their ledgers in `database`. */
async function serve(names = [acme], database = wire.url) {
  const connections = sandbox.connections(names).replaceAll(sandbox.joor_url, joor.url);
  service = await Service.start(restate, `restate.postgres = "${database}"\n${connections}`, { port });
}

function done(ending) {
  assert.equal(ending.outcome?.verdict, 'done', JSON.stringify(ending));
  return ending.outcome.report;
}

async function lease(connection) {
  const { rows } = await postgres.query('SELECT lease, commits FROM atsync.lease WHERE connection = $1', [connection]);
  return rows[0];
}

test('the ledger stands in the database, and none in the object', async () => {
  await serve();
  done(await restate.call(acme, 'sync'));
  assert.equal(await sandbox.ats('LIN-SND-S'), 16);
  const { counts } = done(await restate.call(acme, 'sync'));
  assert.equal(counts.rows_published, 0, 'the second pass knows what the first one sent');
  assert.ok((await postgres.ledger(acme)).length > 20);
  const state = await restate.query(`SELECT key FROM state WHERE service_key = '${acme}' AND key LIKE 'ledger%'`);
  assert.deepEqual(state, []);
  assert.equal((await lease(acme)).lease, '2', 'one for each pass');
});

test('a plan and a question write nothing into the database', async () => {
  await serve();
  done(await restate.call(acme, 'sync'));
  const before = [await postgres.ledger(acme), await lease(acme)];
  done(await restate.call(acme, 'plan'));
  done(await restate.call(acme, 'ask', { name: 'parked' }));
  assert.deepEqual([await postgres.ledger(acme), await lease(acme)], before);
});

test('a commit whose answer nobody saw is carried out once', async () => {
  const twin = `${acme}-twin`;
  await serve([acme, twin]);
  done(await restate.call(twin, 'sync'));
  const carriedOut = wire.hold(5);
  const pass = restate.call(acme, 'sync');
  await carriedOut;
  await service.end();
  wire.open();
  await serve([acme, twin]);
  done(await pass);
  const keys = async (connection) => (await postgres.ledger(connection)).map(({ key }) => key);
  assert.deepEqual(await keys(acme), await keys(twin), 'as in a pass that nobody cut off');
  assert.deepEqual(await lease(acme), await lease(twin), 'the same pass, with the same number of commits');
});

test('a pass whose lease went to another one commits nothing more, and says so', async () => {
  await serve();
  const published = joor.hold('bulk-inventory');
  const pass = restate.call(acme, 'sync');
  await published;
  await postgres.query('UPDATE atsync.lease SET lease = lease + 1, commits = 0 WHERE connection = $1', [acme]);
  const before = await postgres.ledger(acme);
  joor.open();
  assert.equal((await pass).broken?.code, 'lease-lost');
  assert.deepEqual(await postgres.ledger(acme), before);
  done(await restate.call(acme, 'sync'));
  assert.equal(await sandbox.ats('LIN-SND-S'), 16);
});

test('a database that goes away ends the pass in words, and the next one goes on', async () => {
  await serve();
  const published = joor.hold('bulk-inventory');
  const pass = restate.call(acme, 'sync');
  await published;
  await postgres.end();
  joor.open();
  const { broken } = await pass;
  assert.equal(broken?.code, 'postgres');
  assert.match(broken.message, new RegExp(`The ledger of ${acme} could not be used: .+`));
  postgres = await postgres.again();
  done(await restate.call(acme, 'sync'));
  assert.equal(await sandbox.ats('LIN-SND-S'), 16);
});

test('a database that cannot be used is refused at the start, and no password is shown', async () => {
  const nobody = `postgresql://atsync:hunter2@127.0.0.1:${await freePort()}/postgres`;
  await assert.rejects(serve([acme], nobody), ({ message, wrong }) => {
    assert.equal(wrong.code, 'postgres');
    assert.doesNotMatch(message + wrong.fix, /hunter2/);
    return true;
  });
});

test('the host kit has nothing against it as a ledger', async (t) => {
  const [kit, here] = ['../kit/run', '.'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const env = { ...process.env, RESTATE_POSTGRES: postgres.url };
  const cases = ['keys', 'scan', 'commits', 'outlives'].flatMap((word) => ['--case', word]);
  const { stdout } = await promisify(execFile)(kit, [...cases, here], { env });
  t.diagnostic(stdout.trim().split('\n').at(-1));
});
