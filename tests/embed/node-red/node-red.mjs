// A Node-RED as a process beside this one, with the nodes of this folder installed.

import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const program = join(here, 'node_modules/node-red/red.js');

/** A component as ../node makes it callable, kept by its digest. */
export function built(component) {
  const sha256 = createHash('sha256').update(readFileSync(component)).digest('hex');
  const folder = join(here, 'generated', sha256);
  if (!existsSync(folder)) execFileSync(process.execPath, [join(here, '../node/build.mjs'), component, folder]);
  return { folder, sha256 };
}

/** The flow of this folder for one connection, whose `services` have addresses and secrets. */
export function flowFor({ settings, services }) {
  const addresses = {};
  const secrets = {};
  for (const [service, fields] of Object.entries(services)) {
    const { url, token_url, ...others } = fields;
    addresses[service] = { url, token_url };
    secrets[service] = others;
  }
  const flow = JSON.parse(readFileSync(join(here, 'flow.json'), 'utf8'));
  const connection = flow.find(({ type }) => type === 'atsync-connection');
  Object.assign(connection, { settings: JSON.stringify(settings), services: JSON.stringify(addresses) });
  connection.credentials = { secrets: JSON.stringify(secrets) };
  return flow;
}

export class NodeRed {
  #process;
  #lines;
  #url;

  /** Starts it on `userDir`, with the component in a folder of `built`. */
  static async start(userDir, component) {
    const red = new NodeRed();
    const port = await freePort();
    installIn(userDir);
    const options = ['--settings', join(here, 'settings.cjs'), '--userDir', userDir, '--port', port];
    const env = { ...process.env, ATSYNC_COMPONENT_FOLDER: component };
    red.#process = spawn(process.execPath, [program, ...options], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    red.#url = `http://127.0.0.1:${port}`;
    process.once('exit', () => red.#process.kill());
    red.#lines = createInterface(red.#process.stdout);
    await red.said('Started flows');
    return red;
  }

  /** When the next line with this text is in its log; fails if it ends before. */
  async said(text) {
    const lines = [];
    const done = new AbortController();
    const seen = new Promise((resolve) => {
      this.#lines.on('line', (line) => lines.push(line) && line.includes(text) && resolve());
    });
    const ended = once(this.#process, 'exit', done).then(() => {
      throw new Error(`Node-RED ended before it said "${text}":\n${lines.join('\n')}`);
    });
    ended.catch(() => {});
    await Promise.race([seen, ended]);
    done.abort();
  }

  /** Deploys a flow, as the editor does. */
  async deploy(flow) {
    const started = this.said('Started flows');
    const { status } = await this.#ask('/flows', flow, { 'node-red-deployment-type': 'full' });
    if (status !== 204) throw new Error(`Node-RED answered the flow with status ${status}.`);
    await started;
  }

  /** What the editor is told: the flow, or the credentials of a node. */
  async told(path) {
    return (await fetch(this.#url + path)).text();
  }

  /** One message into the flow: the status and the body of what came out of it. */
  async send(payload) {
    const response = await this.#ask('/pass', payload);
    return { status: response.status, body: await response.json() };
  }

  async stop() {
    this.#process.kill();
    if (this.#process.exitCode === null) await once(this.#process, 'exit');
  }

  #ask(path, body, headers = {}) {
    const sent = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
    return fetch(this.#url + path, sent);
  }
}

/** As `npm install FOLDER` does it. */
function installIn(userDir) {
  mkdirSync(join(userDir, 'node_modules'), { recursive: true });
  try {
    symlinkSync(here, join(userDir, 'node_modules/atsync-node-red'));
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
}

/**
 * A port that nobody listens on. It is none of those that the system gives away by itself: such a
 * one may be a client's before its server begins.
 */
async function freePort() {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const server = createServer().listen(port, '127.0.0.1');
    // `once` rejects when there is an error first.
    if (!(await once(server, 'listening').catch(() => undefined))) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
