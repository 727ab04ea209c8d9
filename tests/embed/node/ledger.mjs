// The ledger of one connection: a map from text to text in an SQLite file of its own.

/** @import { Scan, Write } from './generated/interfaces/atsync-connector-reconcile.js' */
import Database from 'libsql';

// A write without a value deletes. As one statement, a commit is there wholly or not at all.
const SCHEMA = `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;
  CREATE TABLE IF NOT EXISTS ledger (key TEXT PRIMARY KEY, value TEXT);
  CREATE TRIGGER IF NOT EXISTS deleted AFTER INSERT ON ledger WHEN new.value IS NULL
    BEGIN DELETE FROM ledger WHERE key = new.key; END`;
const COMMIT = `INSERT OR REPLACE INTO ledger SELECT value ->> 'key', value ->> 'value' FROM json_each(?)`;
const LOAD = `SELECT ledger.value FROM json_each(?) AS asked LEFT JOIN ledger ON ledger.key = asked.value ORDER BY asked.key`;
const SCAN = `SELECT key, value FROM ledger WHERE key >= ?1 AND key < ?1 || char(0x10ffff) AND key > ?2 ORDER BY key LIMIT ?3`;

/** What is committed is durable. SQLite compares texts by their UTF-8 bytes, as `scan` has to. */
export class Ledger {
  /** @param {string} file */
  constructor(file) {
    const database = new Database(file);
    database.exec(SCHEMA);
    const [load, scan, commit] = [LOAD, SCAN, COMMIT].map((sql) => /** @type {any} */ (database.prepare(sql)));
    this.load = (/** @type {string[]} */ keys) => load.raw().all(JSON.stringify(keys)).flat();
    this.scan = (/** @type {Scan} */ { prefix, after = '', limit }) => scan.all(prefix, after, limit);
    this.commit = (/** @type {Write[]} */ writes) => commit.run(JSON.stringify(writes));
    /** Begins a dry run, whose commits `drop` takes back. */
    this.begin = () => database.exec('BEGIN');
    this.drop = () => database.exec('ROLLBACK');
  }
}
