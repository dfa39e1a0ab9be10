#!/usr/bin/env python3
"""Checks every named statement of src/*/*.sql against the schema that the migrations make.

 1. It can be prepared (tables and columns exist, the grammar holds).
 2. If it touches a tenant's table (one with a column organization_id, or organizations itself), it compares the
    organization with a parameter, in every part that reads, changes or inserts, or it says why not:
    `-- scope: system|provider reason`. A statement of `-- scope: user` compares the person as well.
 3. An upsert on a tenant's table cannot reach another organization's row.

Prints offenders, one a line, and exits 1. Usage: check_sql.py [ROOT]
"""

import glob
import os
import re
import sqlite3
import sys

from gen_migrations import read as read_migrations
from gen_sql import REASONED, SqlError, bare, parse

PARAMETER = r"\$\d+"


def schema(root):
    """An empty database with all migrations, and the numbering checked."""
    database = sqlite3.connect(":memory:")
    found = read_migrations(os.path.join(root, "src", "store", "sqlite", "migrations"))
    for place, (version, name, path) in enumerate(found, 1):
        if version != place:
            raise ValueError(f"{path}: migration {place:04d} is missing")
        with open(path, encoding="utf-8") as file:
            database.executescript(file.read())
    return database


def all_tables(database):
    return {row[0] for row in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}


def tenant_tables(database):
    names = all_tables(database)
    return {name for name in names if name == "organizations" or
            any(row[1] == "organization_id" for row in database.execute(f"PRAGMA table_info({name})"))}


def tables_of(text, known):
    """Known table -> the names it goes by in the statement."""
    found = {}
    pattern = r"(?:\b(?:FROM|JOIN|INTO|UPDATE)|,)\s+(\w+)(?:\s+(?:AS\s+)?(\w+))?"
    for table, alias in re.findall(pattern, text, re.I):
        if table.lower() not in known:
            continue
        names = found.setdefault(table.lower(), {table.lower()})
        if alias and alias.upper() not in KEYWORDS:
            names.add(alias.lower())
    return found


KEYWORDS = {"SET", "WHERE", "ON", "JOIN", "LEFT", "INNER", "CROSS", "ORDER", "GROUP", "LIMIT", "VALUES", "SELECT",
            "USING", "UNION", "INDEXED", "NOT", "RETURNING", "HAVING", "AS", "DEFAULT", "NATURAL"}


def compares(text, column):
    """`column` = $n or $n = `column`, also IS, and as part of a row value."""
    name = rf"(?<![\w.])(?:\w+\.)?{column}"
    side = rf"(?:{name}\b|COALESCE\({name},\s*''\))"
    return re.search(rf"{side}\s*(?:=|IS)\s*{PARAMETER}|{PARAMETER}\s*(?:=|IS)\s*{side}", text, re.I) is not None


def names_organization(text, tables):
    if compares(text, "organization_id"):
        return True
    names = tables.get("organizations", set())
    if names and set(tables) == {"organizations"} and compares(text, "id"):
        return True
    return any(re.search(rf"\b{name}\.id\s*(?:=|IS)\s*{PARAMETER}|{PARAMETER}\s*=\s*{name}\.id\b", text, re.I)
               for name in names)


def split_list(text):
    """Parts of a comma-separated list, commas inside parentheses kept."""
    parts, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if c == "," and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    return parts + [text[start:].strip()]


def closing(text, at):
    """Index of the parenthesis that closes the one at `at`."""
    depth = 0
    for i in range(at, len(text)):
        depth += (text[i] == "(") - (text[i] == ")")
        if depth == 0:
            return i
    return len(text)


def insert_names_organization(text, tables):
    """The organization's column is given a parameter: by VALUES at its place, or by a comparing SELECT."""
    match = re.search(r"\bINTO\s+(\w+)(?:\s+AS\s+\w+)?\s*\(", text, re.I)
    if not match:
        return False
    column = "id" if match.group(1).lower() == "organizations" else "organization_id"
    end = closing(text, match.end() - 1)
    columns = [c.lower() for c in split_list(text[match.end():end])]
    if column not in columns:
        return False
    rest = text[end + 1:].lstrip()
    if not rest.upper().startswith("VALUES"):
        return names_organization(rest, tables) or re.search(PARAMETER, select_value(rest, columns.index(column)))
    at = rest.index("(")
    value = split_list(rest[at + 1:closing(rest, at)])[columns.index(column)]
    return re.fullmatch(PARAMETER, value) is not None


def select_value(text, place):
    match = re.match(r"SELECT\s+(.*?)(?:\sFROM\s|$)", text, re.I | re.S)
    values = split_list(match.group(1)) if match else []
    return values[place] if place < len(values) and re.fullmatch(PARAMETER, values[place]) else ""


def upsert_is_safe(text, tables):
    match = re.search(r"\bON\s+CONFLICT\s*(\(.*?\))?(.*)\Z", text, re.I | re.S)
    if not match or re.match(r"\s*(WHERE.*?)?DO\s+NOTHING", match.group(2), re.I | re.S):
        return True
    if "organization_id" in (match.group(1) or "") or set(tables) == {"organizations"}:
        return True
    return re.search(r"WHERE.*organization_id\s*=\s*(?:excluded\.organization_id|\$\d+)", match.group(2),
                     re.I | re.S) is not None


def changes_by_condition(text):
    """An UPDATE's own condition, without what it sets; other statements whole."""
    if not re.match(r"\s*UPDATE\b", text, re.I):
        return text
    match = re.search(r"\bWHERE\b.*", text, re.I | re.S)
    return match.group(0) if match else ""


def fault(statement, tenants, known):
    text = bare(statement.text)
    tables = tables_of(text, known)
    touched = sorted(tenants & set(tables))
    if not touched or statement.scope in REASONED:
        return None
    if re.match(r"\s*INSERT\b", text, re.I):
        if not insert_names_organization(text, tables):
            return f"inserts into {touched[0]} without the organization as a parameter"
        return None if upsert_is_safe(text, tables) else "its ON CONFLICT can change another organization's row"
    parts = re.split(r"\bUNION\b(?:\s+ALL\b)?", changes_by_condition(text), flags=re.I)
    for part in parts:
        if tenants & set(tables_of(part, known) or tables) and not names_organization(part, tables):
            return f"touches {', '.join(touched)} without comparing the organization with a parameter"
    if statement.scope == "user" and not (compares(text, "user_id") or compares(text, "id")):
        return "has scope user and does not compare the person with a parameter"
    return None


def prepare_fault(statement, database):
    numbers = {n: None for n in re.findall(r"\$(\d+)", bare(statement.text))}
    try:
        database.execute("EXPLAIN " + statement.text, numbers)
    except sqlite3.Error as error:
        return f"cannot be prepared: {error}"
    return None


def check(root):
    database = schema(root)
    tenants, known = tenant_tables(database), all_tables(database)
    offenders, count = [], 0
    for path in sorted(glob.glob(os.path.join(root, "src", "*", "*.sql"))):
        for statement in parse(path):
            count += 1
            for what in (prepare_fault(statement, database), fault(statement, tenants, known)):
                if what:
                    offenders.append(f"{os.path.relpath(path, root)}:{statement.line}: {statement.name}: {what}")
    return offenders, count, tenants


def main(argv):
    root = argv[1] if len(argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    try:
        offenders, count, tenants = check(root)
    except (SqlError, OSError, ValueError, sqlite3.Error) as error:
        print(f"check_sql: {error}", file=sys.stderr)
        return 1
    for line in offenders:
        print(line)
    print(f"check_sql: {count} statements, {len(tenants)} tenant tables, {len(offenders)} offenders", file=sys.stderr)
    return 1 if offenders else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
