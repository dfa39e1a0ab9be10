// The scripts that watch over the sources turn red for what they are there for.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { repository } from '../lib/sim.mjs';

let folder;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mai-checks-'));
  for (const room of roomNames()) put(`src/${room}/empty.h`, '');
  cpSync(join(repository, 'src/ROOMS'), join(folder, 'src/ROOMS'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function roomNames() {
  return execFileSync('sed', ['-n', 's/^room *\\([a-z]*\\).*/\\1/p', join(repository, 'src/ROOMS')], { encoding: 'utf8' }).trim().split('\n');
}

function put(path, text) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const check = (name) => spawnSync(join(repository, 'tools', name), [folder], { encoding: 'utf8' });

function passes(name) {
  const { status, stdout } = check(name);
  assert.equal(status, 0, stdout);
}

function fails(name, pattern) {
  const { status, stdout } = check(name);
  assert.equal(status, 1, stdout);
  assert.match(stdout, pattern);
}

describe('check_rooms', () => {
  test('a room may use rooms below it', () => {
    put('src/ledger/a.c', '#include "base/empty.h"\n#include <stdio.h>\n');
    passes('check_rooms');
  });
  test('but not a room above it', () => {
    put('src/ledger/a.c', '\n#include "gateway/empty.h"\n');
    fails('check_rooms', /ledger\/a\.c:2: ledger may not use gateway/);
  });
  test('a foreign header belongs to its room', () => {
    put('src/store/sqlite/a.c', '#include <sqlite3.h>\n');
    passes('check_rooms');
    put('src/store/b.c', '#include <sqlite3.h>\n');
    fails('check_rooms', /store\/b\.c:1: <sqlite3\.h> belongs to store\/sqlite/);
  });
  test('an unknown foreign header is told', () => {
    put('src/api/a.c', '#include <zlib.h>\n');
    fails('check_rooms', /<zlib\.h> is in no line/);
  });
  test('the simulator knows only what it was given', () => {
    put('sim/a.c', '#include "money/empty.h"\n');
    passes('check_rooms');
    put('sim/a.c', '#include "ledger/empty.h"\n');
    fails('check_rooms', /sim may not use ledger/);
  });
});

describe('check_banned', () => {
  test('a call is found, a word in a comment or a text is not', () => {
    put('src/api/a.c', '/* strcpy(a, b) */ char *t = "malloc(1)"; int n = x.free(y), m = p->free(y); // atoi(z)\n');
    passes('check_banned');
    put('src/api/a.c', 'int a;\nint b = atoi (text);\n');
    fails('check_banned', /api\/a\.c:2: atoi is banned; use str_to_i64/);
  });
  test('only the floor may touch the heap', () => {
    put('src/base/mem.c', 'void *p = malloc(1);\n');
    passes('check_banned');
    put('src/io/a.c', 'void *p = malloc(1);\n');
    fails('check_banned', /io\/a\.c:1: malloc/);
  });
});

describe('check_size', () => {
  const body = (lines) => `static int\nlong_one(void)\n{\n${'    x();\n'.repeat(lines)}}\n`;
  test('a function of a screen passes, a long one is listed, a very long one fails', () => {
    put('src/api/a.c', body(60));
    passes('check_size');
    put('src/api/a.c', body(61));
    assert.match(check('check_size').stdout, /long_one has 61 lines/);
    passes('check_size');
    put('src/api/a.c', body(101));
    fails('check_size', /a\.c:3: long_one has 101 lines/);
  });
  test('a very long file fails', () => {
    put('src/api/a.c', body(1) + 'int x;\n'.repeat(1000));
    fails('check_size', /a\.c: 100\d lines/);
  });
});
