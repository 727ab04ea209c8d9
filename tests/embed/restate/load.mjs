// Many connections on one machine: how many passes, how long each takes, and what they need.
//
//   node load.mjs [CONNECTIONS [MINUTES [PROCESSES]]]     default: 1000 connections, 3 minutes, 1 process
//
// All connections share one simulated shop and account with the small catalogue, whose limits are
// taken away; each has its own ledger and schedule, a pass a minute.

import { execFileSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Restate, Sandbox, Service, UNLIMITED } from './stage.mjs';

const AT_ONCE = 32;

/** Figures of a run, as one flat object. */
export async function load({ connections, minutes, processes }) {
  const sandbox = await Sandbox.start(UNLIMITED);
  const restate = await Restate.start();
  const names = Array.from({ length: connections }, (_, n) => `brand-${n}`);
  const services = [];
  try {
    for (let n = 0; n < processes; n++) services.push(await Service.start(restate, sandbox.connections(names)));
    const first = await all(names, (name) => restate.call(name, 'sync'));
    const again = await all(names, (name) => restate.call(name, 'sync'));
    const steady = minutes > 0 ? await onSchedule(restate, minutes) : {};
    return {
      connections,
      processes,
      first_passes_per_s: first.per_s,
      first_p50_ms: first.p50,
      first_p99_ms: first.p99,
      passes_per_s: again.per_s,
      p50_ms: again.p50,
      p99_ms: again.p99,
      ...steady,
      server_mib: restate.memory(),
      service_mib: services.map((service) => service.memory()),
      disk_mib: Math.round(Number(execFileSync('du', ['-sk', restate.folder]).toString().split('\t')[0]) / 1024),
    };
  } finally {
    await Promise.all(services.map((service) => service.end()));
    await sandbox.end();
    await restate.remove();
  }
}

/** Calls for every name, some at once: how many a second, and how long one takes. */
async function all(names, act) {
  const waiting = [...names];
  const took = [];
  const began = performance.now();
  const worker = async () => {
    for (let name = waiting.pop(); name; name = waiting.pop()) {
      const from = performance.now();
      const { outcome } = await act(name);
      if (outcome?.verdict !== 'done') throw new Error(`${name} is not done: ${JSON.stringify(outcome)}`);
      took.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const per_s = Math.round((names.length / (performance.now() - began)) * 10_000) / 10;
  took.sort((a, b) => a - b);
  return { per_s, p50: part(took, 0.5), p99: part(took, 0.99) };
}

/** The passes that Restate calls by itself, and how late it is. */
async function onSchedule(restate, minutes) {
  const before = await scheduled(restate);
  await pause(minutes * 60_000);
  const passes = (await scheduled(restate)) - before;
  const rows = await restate.query(`SELECT value_utf8 AS last FROM state WHERE key = 'last-pass'`);
  const took = rows.map(({ last }) => JSON.parse(last)).map(({ started, ended }) => ended - started);
  took.sort((a, b) => a - b);
  const per_s = Math.round((passes / minutes / 60) * 10) / 10;
  return { scheduled_per_s: per_s, scheduled_p50_ms: part(took, 0.5), scheduled_p99_ms: part(took, 0.99) };
}

/** All calls that were ever scheduled. */
async function scheduled(restate) {
  const rows = await restate.query(`SELECT value_utf8 AS number FROM state WHERE key = 'scheduled'`);
  return rows.reduce((sum, { number }) => sum + Number(number), 0);
}

function part(sorted, share) {
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [connections = 1000, minutes = 3, processes = 1] = process.argv.slice(2).map(Number);
  console.log(JSON.stringify(await load({ connections, minutes, processes }), null, 1));
}
