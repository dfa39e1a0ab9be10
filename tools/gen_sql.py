#!/usr/bin/env python3
"""Turns a room's statements (src/<room>/<file>.sql) into C constants.

    -- name: org_by_id
    -- scope: organization
    -- Any further comment lines.
    SELECT id, name FROM organizations WHERE id = $1;

becomes `const struct sql SQL_ORG_BY_ID = {"org_by_id", "SELECT ..."};`. A statement's text runs until the next
name. Parameters are $1..$n without a gap, so that one text serves every engine. Scopes are read by check_sql.py:
organization, user: the statement compares the tenant's column with a parameter; provider, system: it
deliberately does not, and the words behind say why.

Usage: gen_sql.py INPUT.sql OUTPUT.h OUTPUT.c
"""

import os
import re
import sys

NAME = re.compile(r"--\s*name:\s*(\S.*?)\s*$")
SCOPE = re.compile(r"--\s*scope:\s*(\S+)\s*(.*?)\s*$")
WORD = re.compile(r"[a-z][a-z0-9_]*\Z")
SCOPES = ("organization", "user", "provider", "system")
REASONED = ("provider", "system")
# One token: a quoted text or name, a line comment, a block comment, or a single character.
TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|.", re.S)


class SqlError(Exception):
    """A fault in a .sql file, with its place."""


class Statement:
    def __init__(self, name, path, line):
        self.name = name
        self.path = path
        self.line = line
        self.scope = None
        self.reason = ""
        self.lines = []
        self.text = ""

    def fail(self, what):
        raise SqlError(f"{self.path}:{self.line}: {self.name}: {what}")


def tokens(text):
    """Tokens without comments; quoted parts stay whole."""
    for match in TOKEN.finditer(text):
        token = match.group(0)
        if not token.startswith(("--", "/*")) or len(token) == 1:
            yield token


def is_quoted(token):
    return token[0] in "'\"" and len(token) > 1


def without_comments(text):
    lines = "".join(tokens(text)).split("\n")
    return "\n".join(line.rstrip() for line in lines if line.strip())


def bare(text):
    """The text with quoted parts blanked: what a check may look at."""
    return "".join("''" if is_quoted(t) else t for t in tokens(text))


def finish(statement):
    text = without_comments("\n".join(statement.lines)).strip()
    if text.endswith(";"):
        text = text[:-1].rstrip()
    look = bare(text)
    if not text:
        statement.fail("has no text")
    if ";" in look:
        statement.fail("holds more than one statement")
    if "?" in look or re.search(r"[:@][A-Za-z_0-9]", look.replace("::", "")):
        statement.fail("parameters are written $1, $2, ...")
    if "'" in look.replace("''", "") or '"' in look:
        statement.fail("has a quote that does not end")
    numbers = sorted({int(n) for n in re.findall(r"\$(\d+)", look)})
    if numbers != list(range(1, len(numbers) + 1)):
        statement.fail(f"parameters are not $1..$n without a gap: {numbers}")
    if re.search(r"\$(?!\d)", look):
        statement.fail("'$' without a number")
    statement.text = text
    return statement


def read_scope(statement, line):
    match = SCOPE.match(line)
    if not match or match.group(1) not in SCOPES:
        statement.fail("scope is one of " + ", ".join(SCOPES))
    if statement.scope is not None:
        statement.fail("has two scopes")
    statement.scope, statement.reason = match.group(1), match.group(2)
    if statement.scope in REASONED and not statement.reason:
        statement.fail(f"scope {statement.scope} needs a reason behind it")


def open_statement(path, number, line, seen):
    match = NAME.match(line)
    name = match.group(1) if match else ""
    if not WORD.match(name):
        raise SqlError(f"{path}:{number}: a name is [a-z][a-z0-9_]*, this is '{name}'")
    if name in seen:
        raise SqlError(f"{path}:{number}: {name} is there already, at line {seen[name]}")
    seen[name] = number
    return Statement(name, path, number)


def parse(path):
    """All statements of a file, in its order."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    found, seen, current = [], {}, None
    for number, line in enumerate(lines, 1):
        stripped = line.strip()
        if re.match(r"--\s*name\s*:", stripped):
            current = open_statement(path, number, stripped, seen)
            found.append(current)
        elif current is None:
            if stripped and not stripped.startswith("--"):
                raise SqlError(f"{path}:{number}: text before the first `-- name:`")
        elif re.match(r"--\s*scope\s*:", stripped):
            read_scope(current, stripped)
        else:
            current.lines.append(line)
    return [finish(s) for s in found]


def c_string(text):
    lines = text.split("\n")
    quoted = []
    for i, line in enumerate(lines):
        end = "\\n" if i + 1 < len(lines) else ""
        quoted.append('"' + line.replace("\\", "\\\\").replace('"', '\\"').replace("??", "?\\?") + end + '"')
    return "\n     ".join(quoted)


def header(source, stem, statements):
    guard = f"MAI_GENERATED_{stem.upper()}_SQL_H"
    rows = "\n".join(f"extern const struct sql SQL_{s.name.upper()};" for s in statements)
    return (f"/* Made from {source} by tools/gen_sql.py. */\n#ifndef {guard}\n#define {guard}\n\n"
            f'#include "store/db.h"\n\n{rows}\n\n#endif\n')


def code(source, include, statements):
    rows = "\n".join(f'const struct sql SQL_{s.name.upper()} = {{\n    "{s.name}",\n     {c_string(s.text)}}};'
                     for s in statements)
    return f'/* Made from {source} by tools/gen_sql.py. */\n#include "{include}"\n\n{rows}\n'


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main(argv):
    if len(argv) != 4:
        print("usage: gen_sql.py INPUT.sql OUTPUT.h OUTPUT.c", file=sys.stderr)
        return 2
    source, header_path, code_path = argv[1:]
    room = os.path.basename(os.path.dirname(os.path.abspath(source)))
    stem = os.path.splitext(os.path.basename(source))[0]
    shown = f"src/{room}/{os.path.basename(source)}"
    try:
        statements = parse(source)
    except (SqlError, OSError, UnicodeDecodeError) as fault:
        print(f"gen_sql: {fault}", file=sys.stderr)
        return 1
    write(header_path, header(shown, stem, statements))
    write(code_path, code(shown, f"{room}/{os.path.basename(header_path)}", statements))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
