"""The ledger of one connection: a map from text to text in an SQLite file of its own."""

import json
import sqlite3

from binding import record

# A write without a value deletes. As one statement, a commit is there wholly or not at all.
SCHEMA = """PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS ledger (key TEXT PRIMARY KEY, value TEXT);
  CREATE TRIGGER IF NOT EXISTS deleted AFTER INSERT ON ledger WHEN new.value IS NULL
    BEGIN DELETE FROM ledger WHERE key = new.key; END;"""
COMMIT = "INSERT OR REPLACE INTO ledger SELECT value ->> 0, value ->> 1 FROM json_each(?)"
LOAD = "SELECT ledger.value FROM json_each(?) AS asked LEFT JOIN ledger ON ledger.key = asked.value ORDER BY asked.key"
SCAN = "SELECT key, value FROM ledger WHERE key >= ?1 AND key < ?1 || char(0x10ffff) AND key > ?2 ORDER BY key LIMIT ?3"


class Ledger:
    """What is committed is durable. SQLite compares texts by their UTF-8 bytes, as `scan` has to."""

    def __init__(self, file):
        self._database = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._database.executescript(SCHEMA)

    def copy(self):
        """A copy in memory."""
        copy = Ledger(":memory:")
        self._database.backup(copy._database)
        return copy

    def load(self, keys):
        return [value for (value,) in self._database.execute(LOAD, [json.dumps(keys)])]

    def scan(self, prefix, after, limit):
        return [record(key=key, value=value) for key, value in self._database.execute(SCAN, [prefix, after, limit])]

    def commit(self, writes):
        self._database.execute(COMMIT, [json.dumps([(write.key, write.value) for write in writes])])
