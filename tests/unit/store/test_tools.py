#!/usr/bin/env python3
"""gen_sql.py, gen_migrations.py and check_sql.py: what they make and what they refuse."""

import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "tools"))
import check_sql  # noqa: E402
import gen_migrations  # noqa: E402
import gen_sql  # noqa: E402

SCHEMA = """
CREATE TABLE organizations (id TEXT PRIMARY KEY, name TEXT) STRICT;
CREATE TABLE users (id TEXT PRIMARY KEY, organization_id TEXT, name TEXT) STRICT;
CREATE TABLE rates (day TEXT PRIMARY KEY, mid INTEGER) STRICT;
"""


def put(folder, path, text):
    path = os.path.join(folder, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


class GenSql(unittest.TestCase):
    def parse(self, text):
        with tempfile.TemporaryDirectory() as folder:
            return gen_sql.parse(put(folder, "room/room.sql", text))

    def refused(self, text, words):
        with self.assertRaises(gen_sql.SqlError) as caught:
            self.parse(text)
        self.assertIn(words, str(caught.exception))

    def test_statements(self):
        found = self.parse("-- head\n-- name: one\n-- scope: system why\n-- more\nSELECT '--;$9' -- x\n  , $1;\n\n"
                           "-- name: two\nSELECT /* ; */ \"a\"\n")
        self.assertEqual([s.name for s in found], ["one", "two"])
        self.assertEqual(found[0].text, "SELECT '--;$9'\n  , $1")
        self.assertEqual((found[0].scope, found[0].reason), ("system", "why"))
        self.assertEqual(found[1].text, 'SELECT  "a"')

    def test_c_text(self):
        self.assertEqual(gen_sql.c_string('a "b" \\'), '"a \\"b\\" \\\\"')

    def test_refusals(self):
        self.refused("SELECT 1", "before the first")
        self.refused("-- name: Bad\nSELECT 1", "a name is")
        self.refused("-- name: a b\nSELECT 1", "a name is")
        self.refused("-- name: a\nSELECT 1\n-- name: a\nSELECT 2", "is there already, at line 1")
        self.refused("-- name: a\n-- only words\n", "has no text")
        self.refused("-- name: a\nSELECT 1; SELECT 2", "more than one statement")
        self.refused("-- name: a\nSELECT $1, $3", "without a gap")
        self.refused("-- name: a\nSELECT ?", "parameters are written")
        self.refused("-- name: a\nSELECT 'x", "does not end")
        self.refused("-- name: a\n-- scope: everybody\nSELECT 1", "scope is one of")
        self.refused("-- name: a\n-- scope: provider\nSELECT 1", "needs a reason")
        self.refused("-- name: a\n-- scope: user\n-- scope: user\nSELECT 1", "two scopes")


class GenMigrations(unittest.TestCase):
    def test_names(self):
        with tempfile.TemporaryDirectory() as folder:
            put(folder, "0002_b.sql", "")
            put(folder, "0001_a.sql", "")
            self.assertEqual([m[:2] for m in gen_migrations.read(folder)], [(1, "a"), (2, "b")])
            put(folder, "0002_c.sql", "")
            self.assertRaisesRegex(ValueError, "there twice", gen_migrations.read, folder)
            os.remove(os.path.join(folder, "0002_c.sql"))
            put(folder, "notes.txt", "")
            self.assertRaisesRegex(ValueError, "is named", gen_migrations.read, folder)


class CheckSql(unittest.TestCase):
    def offences(self, statement, scope=""):
        with tempfile.TemporaryDirectory() as folder:
            put(folder, "src/store/sqlite/migrations/0001_a.sql", SCHEMA)
            put(folder, "src/room/room.sql", f"-- name: it\n{scope}\n{statement};\n")
            return check_sql.check(folder)[0]

    def assert_good(self, statement, scope=""):
        self.assertEqual(self.offences(statement, scope), [])

    def assert_bad(self, statement, words, scope=""):
        found = self.offences(statement, scope)
        self.assertTrue(found and words in found[0], found)
        self.assertIn("src/room/room.sql:1: it: ", found[0])

    def test_reads(self):
        self.assert_good("SELECT name FROM users WHERE id = $1 AND organization_id = $2")
        self.assert_good("SELECT u.name FROM users u JOIN organizations o ON o.id = u.organization_id WHERE o.id = $1")
        self.assert_good("SELECT name FROM organizations WHERE id = $1")
        self.assert_good("SELECT mid FROM rates")
        self.assert_bad("SELECT name FROM users WHERE id = $1", "touches users without")
        self.assert_bad("SELECT name FROM users u WHERE u.organization_id = 'x' AND id = $1", "touches users without")
        self.assert_bad("SELECT o.name FROM organizations o, rates r WHERE r.day = $1", "touches organizations without")
        self.assert_bad("SELECT name FROM users WHERE organization_id = $1 UNION SELECT name FROM users", "touches users")

    def test_reasons(self):
        self.assert_good("SELECT name FROM users WHERE id = $1", "-- scope: system sign-in begins here")
        self.assert_bad("SELECT name FROM users WHERE id = $1", "touches users", "-- scope: organization")
        self.assert_bad("SELECT name FROM users WHERE organization_id = $1", "does not compare the person",
                        "-- scope: user")

    def test_changes(self):
        self.assert_good("UPDATE users SET name = $1 WHERE id = $2 AND organization_id = $3")
        self.assert_good("DELETE FROM users WHERE organization_id = $1")
        self.assert_bad("UPDATE users SET organization_id = $1 WHERE id = $2", "touches users")
        self.assert_bad("UPDATE users SET name = $1", "touches users")
        self.assert_bad("DELETE FROM users WHERE id = $1", "touches users")

    def test_inserts(self):
        self.assert_good("INSERT INTO users (id, organization_id, name) VALUES ($1, $2, 'x')")
        self.assert_good("INSERT INTO users (id, organization_id) SELECT $1, $2 FROM rates")
        self.assert_bad("INSERT INTO users (id, organization_id) VALUES ($1, 'x')", "inserts into users")
        self.assert_bad("INSERT INTO users (id, name) VALUES ($1, $2)", "inserts into users")
        self.assert_bad("INSERT INTO users (id, organization_id) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET name = $1",
                        "ON CONFLICT")
        self.assert_good("INSERT INTO users (id, organization_id) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET "
                         "name = $1 WHERE users.organization_id = excluded.organization_id")

    def test_prepared(self):
        self.assert_bad("SELECT nmae FROM rates", "cannot be prepared: no such column: nmae")
        self.assert_bad("SELEC 1", "cannot be prepared")

    def test_missing_migration(self):
        with tempfile.TemporaryDirectory() as folder:
            put(folder, "src/store/sqlite/migrations/0002_a.sql", SCHEMA)
            self.assertRaisesRegex(ValueError, "0001 is missing", check_sql.check, folder)


if __name__ == "__main__":
    unittest.main()
