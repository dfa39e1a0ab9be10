#!/usr/bin/env python3
"""Embeds migrations (NNNN_name.sql of one folder, in order) as a C table, and tells the build what it read.

Usage: gen_migrations.py FOLDER OUTPUT.c DEPFILE
"""

import os
import re
import sys

from gen_sql import c_string

NAME = re.compile(r"(\d{4})_([a-z][a-z0-9_]*)\.sql\Z")


def read(folder):
    """(version, name, path) in order; anything strange in the folder is an error."""
    found = []
    for entry in sorted(os.listdir(folder)):
        match = NAME.match(entry)
        if not match:
            raise ValueError(f"{folder}/{entry}: a migration is named NNNN_name.sql")
        if found and found[-1][0] == int(match.group(1)):
            raise ValueError(f"{folder}/{entry}: version {match.group(1)} is there twice")
        if int(match.group(1)) == 0:
            raise ValueError(f"{folder}/{entry}: versions start at 0001")
        found.append((int(match.group(1)), match.group(2), os.path.join(folder, entry)))
    return found


def row(version, name, path):
    with open(path, encoding="utf-8") as file:
        return f'    {{{version}, "{name}",\n     {c_string(file.read().strip())}}},\n'


def main(argv):
    if len(argv) != 4:
        print("usage: gen_migrations.py FOLDER OUTPUT.c DEPFILE", file=sys.stderr)
        return 2
    folder, output, depfile = argv[1:]
    try:
        found = read(folder) if os.path.isdir(folder) else []
        rows = "".join(row(*one) for one in found)
    except (OSError, ValueError) as fault:
        print(f"gen_migrations: {fault}", file=sys.stderr)
        return 1
    with open(output, "w", encoding="utf-8") as file:
        file.write("/* Made from src/store/sqlite/migrations/ by tools/gen_migrations.py. */\n"
                   '#include "store/sqlite/migrate.h"\n\n'
                   f"const struct migration migrations[] = {{\n{rows}    {{0, NULL, NULL}}}};\n"
                   "const size_t migration_count = COUNT_OF(migrations) - 1;\n")
    with open(depfile, "w", encoding="utf-8") as file:
        file.write(f"{output}: {' '.join([folder] + [path for _, _, path in found])}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
