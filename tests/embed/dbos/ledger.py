"""The ledger: a table of a SQLite file, and the three effects that read and write it."""

import sqlite3

from wasmtime.component import Variant

from exchange import record

EFFECTS = ("load", "scan", "commit")
TABLE = """CREATE TABLE IF NOT EXISTS ledger (
    connection TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (connection, key)
) WITHOUT ROWID"""


def prepare(file, *tables):
    """Makes a file whose transactions cost one wait for the disk each."""
    with sqlite3.connect(file) as sql:
        for statement in ("PRAGMA journal_mode = WAL", *tables):
            sql.execute(statement)


def answer(sql, connection, effect):
    """Answers `load`, `scan` or `commit` by an open transaction of `sql`, an sqlite3 connection."""
    what = effect.payload
    match effect.tag:
        case "load":
            one = "SELECT value FROM ledger WHERE connection = ? AND key = ?"
            found = (sql.execute(one, (connection, key)).fetchone() for key in what)
            return Variant("loaded", [row and row[0] for row in found])
        case "scan":
            # SQLite compares texts by their bytes, as the contract wants it.
            after = "key >= ?" if what.after is None else "key > ?"
            page = f"SELECT key, value FROM ledger WHERE connection = ? AND {after} AND key >= ? ORDER BY key"
            rows = sql.execute(page, (connection, what.after or "", what.prefix))
            entries = []
            for key, value in rows:
                if not key.startswith(what.prefix) or len(entries) == what.limit:
                    break
                entries.append(record(key=key, value=value))
            return Variant("scanned", entries)
        case "commit":
            gone = [(connection, write.key) for write in what if write.value is None]
            kept = [(connection, write.key, write.value) for write in what if write.value is not None]
            sql.executemany("DELETE FROM ledger WHERE connection = ? AND key = ?", gone)
            sql.executemany("INSERT OR REPLACE INTO ledger VALUES (?, ?, ?)", kept)
            return Variant("committed")


def scratch(file):
    """A copy of the ledger in memory, for a pass that changes nothing."""
    copy = sqlite3.connect(":memory:")
    with sqlite3.connect(file) as kept:
        kept.backup(copy)
    return copy
