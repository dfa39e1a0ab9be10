// Words, flags and help: what every command has in common, without data.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { command } from '../lib/mai.mjs';

let scratch, env;
before(() => {
  scratch = mkdtempSync(join(tmpdir(), 'mai-cli-'));
  env = { DATA_DIR: join(scratch, 'data') };
});
after(() => rmSync(scratch, { recursive: true, force: true }));

const mai = (...words) => command(words, { env });

/** Names of all commands, as `mai` lists them. */
async function listed() {
  const { stdout } = await mai();
  return [...stdout.matchAll(/^ {2}(\S+(?: \S+)?) {2,}\S/gm)].map((match) => match[1]);
}

async function refused(words, pattern) {
  const done = await mai(...words);
  assert.equal(done.code, 2, `${words.join(' ')}: ${done.output}`);
  assert.equal(done.stdout, '');
  assert.match(done.stderr, pattern);
  assert.match(done.stderr, /^mai: [^\n]*\n$/, 'one line');
  return done;
}

describe('help', () => {
  test('mai alone and mai --help list the commands', async () => {
    const alone = await mai(), help = await mai('--help'), word = await mai('help');
    assert.deepEqual([alone.code, help.code, word.code], [0, 0, 0]);
    assert.equal(alone.stdout, help.stdout);
    assert.equal(alone.stdout, word.stdout);
    for (const name of ['serve', 'client', 'user add', 'ledger list', 'backup', 'restore', 'doctor', 'version'])
      assert.ok((await listed()).includes(name), name);
  });

  test('every listed command explains itself, and so does every group', async () => {
    const names = await listed();
    assert.ok(names.length >= 20);
    for (const name of [...names, 'user', 'ledger']) {
      for (const words of [[...name.split(' '), '--help'], [...name.split(' '), '-h'], ['help', ...name.split(' ')]]) {
        const done = await mai(...words);
        assert.equal(done.code, 0, words.join(' '));
        assert.ok(done.stdout.startsWith(`Usage: mai ${name}`), done.stdout);
        assert.equal(done.stderr, '');
      }
    }
  });

  test('whatever lists or creates has --json', async () => {
    for (const name of await listed()) {
      if (!/(list|add|create|show|usage|rotate|version|doctor|verify|backup)$/.test(name)) continue;
      const { stdout } = await mai(...name.split(' '), '--help');
      assert.match(stdout, /^ {2}--json /m, name);
    }
  });

  test('mai serve --help lists every variable of the contract', async () => {
    const { stdout } = await mai('serve', '--help');
    for (const name of 'HOST PORT DATA_DIR DATABASE_URL WEBUI_NAME WEBUI_URL WEBUI_SECRET_KEY ENABLE_SIGNUP DEFAULT_USER_ROLE WEBUI_ADMIN_EMAIL WEBUI_ADMIN_PASSWORD WEBUI_ADMIN_NAME MAI_PROVIDER_EMAIL MAI_PROVIDER_PASSWORD OPENAI_API_BASE_URL OPENROUTER_PROVISIONING_KEY DEFAULT_MARKUP_RATE MAI_ALLOW_PRIVATE_UPSTREAMS MAI_IMPORT FORWARDED_ALLOW_IPS LOG_LEVEL LOG_FORMAT'.split(' '))
      assert.match(stdout, new RegExp(`^ {2}${name} `, 'm'));
  });

  test('help and version need no acceptable settings and make no folder', async () => {
    const wrong = { ...env, PORT: 'nonsense', DEFAULT_MARKUP_RATE: '-1' };
    assert.equal((await command(['serve', '--help'], { env: wrong })).code, 0);
    assert.equal((await command(['version'], { env: wrong })).code, 0);
    assert.equal(existsSync(env.DATA_DIR), false);
  });
});

describe('version', () => {
  test('as text and as JSON', async () => {
    const text = await mai('version'), json = await mai('version', '--json');
    assert.match(text.stdout, /^mAI \d+\.\d+\.\d+\n$/);
    assert.equal(`mAI ${json.json.version}\n`, text.stdout);
  });
});

describe('wrong usage', () => {
  test('unknown commands name the nearest', async () => {
    await refused(['clint'], /'clint'; did you mean 'client'\?/);
    await refused(['client', 'creat', '--name', 'x'], /did you mean 'create'\?/);
    await refused(['frobnicate'], /`mai --help` lists all/);
    await refused(['user', 'frobnicate'], /`mai user --help` lists all/);
    await refused(['user'], /mai user --help/);
    await refused(['statement'], /There is no command/);
  });

  test('unknown flags name the nearest', async () => {
    await refused(['client', 'create', '--nme', 'x'], /did you mean '--name'\?/);
    await refused(['client', 'list', '--jsn'], /did you mean '--json'\?/);
    await refused(['client', 'list', '--quite-different'], /`mai client list --help` lists all/);
    await refused(['user', 'add', '--password', 'x'], /did you mean '--password-stdin'\?/);
    await refused(['client', 'create', '--menu-x'], /There is no flag/);
  });

  test('flags miss values, have too many, come twice', async () => {
    await refused(['client', 'create', '--name'], /--name needs/);
    await refused(['client', 'create', '--name', '--json'], /--name needs/);
    await refused(['client', 'list', '--json=yes'], /--json takes no value/);
    await refused(['client', 'create', '--name', 'a', '--name', 'b'], /--name is given twice/);
  });

  test('values of the wrong kind', async () => {
    const create = ['client', 'create', '--name', 'a'];
    for (const limit of ['five', '-5', '1e3', '', '1.0000000000001', '99999999999999'])
      await refused([...create, `--limit=${limit}`], /--limit: '.*' is not an amount/);
    for (const markup of ['0', '-1', 'x', '101', '1.3x']) await refused([...create, `--markup=${markup}`], /--markup: .* is not a factor/);
    await refused([...create, '--limit-reset', 'yearly'], /none, daily, weekly or monthly/);
    await refused(['client', 'set', 'a', '--api-access', 'yes'], /on or off/);
    await refused(['ledger', 'list', '--from', 'yesterday'], /a date or time/);
    await refused(['client', 'usage', 'a', '--from', '2026-11-23T00:00:00Z'], /a date such as/);
    await refused(['user', 'add', '--email', 'a@b.c', '--name', 'a', '--role', 'king'], /provider, admin, user or pending/);
  });

  test('missing and superfluous words', async () => {
    await refused(['backup'], /needs PATH/);
    await refused(['client', 'show'], /Say which client/);
    await refused(['client', 'show', 'a', '--client', 'b'], /named twice/);
    await refused(['client', 'show', 'a', 'b'], /no further word: 'b'/);
    await refused(['client', 'set', 'a'], /Say what to change/);
    await refused(['client', 'create', '--limit', '5'], /needs --name/);
    await refused(['user', 'role', 'a@b.c'], /needs EMAIL ROLE/);
    await refused(['client', 'usage', '--from', '2026-11-01'], /need a client/);
    await refused(['version', 'x'], /no further word/);
  });

  test('text that is none', async () => {
    await refused(['client', 'show', 'bell\u0007'], /not text/);
    await refused(['client', 'show', 'line\nbreak'], /not text/);
  });
});

describe('secrets as arguments', () => {
  const secret = 'sk-or-v1-0123456789abcdef0123456789abcdef';
  for (const words of [['client', 'usage', secret], ['client', 'create', '--name', 'x', '--key', secret], ['client', `--key=${secret}`], [secret]])
    test(words.map((word) => word.replace(secret, 'KEY')).join(' '), async () => {
      const done = await refused(words, /A key was given on the command line/);
      assert.ok(!done.output.includes(secret.slice(6)), 'it is not repeated');
    });
});
