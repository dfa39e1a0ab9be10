// `mai client`: the menu of the seed guide, through a pipe and on a real terminal.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { command, plainEnvironment, settingsFor } from '../lib/mai.mjs';
import { Sim, executable, managementKey } from '../lib/sim.mjs';
import { Terminal } from '../lib/terminal.mjs';

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const middle = managementKey.slice(9, -4);

let sim, folder, env;
before(async () => (sim = await Sim.start()));
after(() => sim.stop());
beforeEach(async () => {
  await sim.reset();
  folder = mkdtempSync(join(tmpdir(), 'mai-menu-'));
  env = { ...settingsFor(sim), DATA_DIR: folder };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const menu = (answers, more = {}) => command(['client'], { env: { ...env, ...more }, input: answers.map((line) => `${line}\n`).join('') });
const clients = async () => (await command(['client', 'list', '--json'], { env })).json;

const banner = `🚀 Option 1: Simple Client API Key Creator & Usage Checker
${'='.repeat(60)}
Select mode:
1. Create new API key
2. Check usage of existing API key
Enter choice (1 or 2): `;

/** What the seed guide shows from the creation on. */
const created = ({ name, key, hash, limit, at }) => `
🔑 Creating API key for client: ${name}
📡 Response status: 201
✅ API key created successfully!

📋 CLIENT DATABASE ENTRY:
{
  "client_name": "${name}",
  "api_key": "${key}",
  "key_id": "${hash}",
  "monthly_limit": ${limit},
  "created_at": "${at}",
  "usage_tracking": "Option 1 - Daily summaries + live counters"
}

🎯 MANUAL SETUP INSTRUCTIONS:
1. Give API key to client administrator: ${key}
2. Client enters key in Settings → Connections
3. System automatically configures organization and usage tracking
4. External user ID is auto-learned on first API call

✅ Zero manual database configuration required!
`;

function entryOf(stdout) {
  const start = stdout.indexOf('{\n'), end = stdout.indexOf('\n}\n', start);
  return JSON.parse(stdout.slice(start, end + 2));
}

describe('through a pipe', () => {
  test('the session of the seed guide, word for word', async () => {
    const done = await menu(['1', managementKey, 'Company ABC', '500']);
    assert.equal(done.code, 0, done.output);
    assert.ok(done.stdout.startsWith(banner));
    for (const question of ['Enter your OpenRouter provisioning key: ', 'Enter client organization name: ', 'Enter monthly spending limit (USD, or press Enter to skip): '])
      assert.ok(done.stdout.includes(question), question);
    const entry = entryOf(done.stdout);
    const expected = created({ name: 'Company ABC', key: entry.api_key, hash: sha256(entry.api_key), limit: '500.0', at: entry.created_at });
    assert.ok(done.stdout.includes(expected), done.stdout);
    assert.match(entry.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/);
    const key = (await sim.json(`/keys/${entry.key_id}`)).data;
    assert.deepEqual([key.name, key.limit, key.limit_reset], ['Company ABC - mAI Client Key', 500, 'monthly']);
    assert.equal((await clients())[0].key_id, entry.key_id);
    assert.ok(!done.output.includes(middle), 'the provisioning key is not shown');
  });

  test('Enter means no limit', async () => {
    const done = await menu(['1', managementKey, 'Unlimited', '']);
    assert.equal(entryOf(done.stdout).monthly_limit, null);
    assert.equal((await sim.json(`/keys/${entryOf(done.stdout).key_id}`)).data.limit, null);
  });

  test('what is no amount is asked again, never taken for no limit', async () => {
    const done = await menu(['1', managementKey, 'Careful', 'five hundred', '-5', '0', '1e3', '$1,250.50']);
    assert.equal(done.code, 0, done.output);
    assert.equal(done.stdout.match(/❌/g).length, 4);
    assert.equal(entryOf(done.stdout).monthly_limit, 1250.5);
  });

  test('wrong choices, keys and empty names are asked again', async () => {
    const done = await menu(['3', '', '1', 'my key', 'sk-or-short', managementKey, '   ', 'Patience', '5']);
    assert.equal(done.code, 0, done.output);
    assert.equal(done.stdout.match(/❌/g).length, 5);
    assert.equal(entryOf(done.stdout).client_name, 'Patience');
  });

  test('it does not ask for ever, and ends with the input', async () => {
    const tries = await menu(['x', 'x', 'x', 'x', 'x', '1']), over = await menu(['1', managementKey, 'Half']);
    assert.deepEqual([tries.code, over.code], [1, 1]);
    assert.match(tries.stderr, /Too many tries; nothing was created/);
    assert.match(over.stderr, /The input ended; nothing was created/);
    assert.deepEqual(await clients(), []);
  });

  test('a provisioning key that OpenRouter does not take', async () => {
    const done = await menu(['1', 'sk-or-prov-wrong-key-wrong-key-wrong', 'Nobody', '']);
    assert.equal(done.code, 1);
    assert.match(done.stderr, /does not accept the provisioning key/);
    assert.match(done.stdout, /❌ Failed to create API key/);
    assert.ok(!done.stdout.includes('✅'));
    assert.deepEqual(await clients(), []);
  });

  test('the key can be stored, and Enter uses it the next time', async () => {
    const first = await menu(['1', managementKey, 'First', '', 'y']);
    assert.match(first.stdout, /Store the provisioning key, sealed, for the next time\? \(y\/N\)/);
    assert.match(first.stdout, /The provisioning key is stored, sealed\./);
    const second = await menu(['1', '', 'Second', '']);
    assert.equal(second.code, 0, second.output);
    assert.ok(second.stdout.includes(`(press Enter to use the stored one ending in ${managementKey.slice(-4)}): `));
    assert.ok(!second.stdout.includes('Store the provisioning key'));
    assert.deepEqual((await clients()).map((client) => client.client_name), ['First', 'Second']);
  });

  test('a configured key needs no typing and is not offered to be stored', async () => {
    const done = await menu(['1', '', 'Configured', ''], { OPENROUTER_PROVISIONING_KEY: managementKey });
    assert.equal(done.code, 0, done.output);
    assert.ok(done.stdout.includes('(press Enter to use the configured one ending in '));
    assert.ok(!done.stdout.includes('Store the provisioning key'));
  });

  test('a second client of the same name wants a yes', async () => {
    await menu(['1', managementKey, 'Twin', '']);
    const no = await menu(['1', managementKey, 'twin', '', 'n']);
    assert.equal(no.code, 1);
    assert.match(no.stdout, /There is a client with this name already/);
    assert.equal((await clients()).length, 1);
    const yes = await menu(['1', managementKey, 'twin', '', 'y']);
    assert.equal(yes.code, 0, yes.output);
    assert.equal((await clients()).length, 2);
    const third = await menu(['1', managementKey, 'TWIN', '', 'n']);
    assert.match(third.stdout, /There is a client with this name already/, 'also when several have it');
  });

  test('names of any script', async () => {
    for (const name of ['Łódź "Zażółć"', '株式会社', 'شركة', '🏢 & Söhne; DROP TABLE']) {
      const done = await menu(['1', managementKey, name, '']);
      assert.equal(entryOf(done.stdout).client_name, name);
    }
  });

  test('mode 2 tells what a key has used', async () => {
    const { key } = await sim.createKey({ name: 'Asked', limit: 100, limit_reset: 'monthly' });
    await (await sim.chat(key, { model: 'openai/gpt-4o-mini' })).text();
    const used = (await sim.json('/key', { key })).data;
    const done = await menu(['2', key]);
    assert.equal(done.code, 0, done.output);
    assert.ok(done.stdout.startsWith(banner));
    assert.match(done.stdout, /Limit +\$100\.00 a month/);
    assert.match(done.stdout, /Used in all +\$0\.\d+/);
    assert.match(done.stdout, /Remaining +\$99\.99|Remaining +\$100\.00/);
    assert.ok(used.usage > 0);
    assert.ok(!done.output.includes(key.slice(9, -4)));
    const wrong = await menu(['2', 'sk-or-v1-unknown-unknown-unknown']);
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /does not know this key/);
  });

  test('OpenRouter out of reach', async () => {
    const done = await menu(['1', managementKey, 'Nobody', ''], { OPENAI_API_BASE_URL: 'http://127.0.0.1:9/api/v1' });
    assert.equal(done.code, 1);
    assert.match(done.stderr, /^mai: .*reach|refused|connect/im);
    assert.deepEqual(await clients(), []);
  });
});

describe('on a terminal', () => {
  const open = (words, more = {}) => new Terminal([executable('mai'), ...words], { env: { ...plainEnvironment(), ...env, ...more } });

  test('the provisioning key is not echoed, the other answers are', async () => {
    const t = open(['client']);
    await t.answer('Enter choice (1 or 2): ', '1');
    await t.answer('Enter your OpenRouter provisioning key: ', managementKey);
    await t.answer('Enter client organization name: ', 'On a terminal');
    await t.answer('(USD, or press Enter to skip): ', '12');
    await t.answer('(y/N): ', 'n');
    assert.equal(await t.ended, 0);
    assert.ok(!t.screen.includes(middle), t.screen);
    assert.ok(t.screen.includes('Enter client organization name: On a terminal\r\n'));
    assert.ok(t.screen.includes('Enter choice (1 or 2): 1\r\n\r\nEnter your OpenRouter provisioning key: \r\nEnter client'));
    assert.ok(t.screen.includes('✅ Zero manual database configuration required!'));
    assert.equal((await clients())[0].monthly_limit, 12);
  });

  test('a key to check is not echoed either', async () => {
    const { key } = await sim.createKey({ name: 'Quiet' });
    const t = open(['client']);
    await t.answer('Enter choice (1 or 2): ', '2');
    await t.answer("Enter the client's API key: ", key);
    assert.equal(await t.ended, 0);
    assert.ok(!t.screen.includes(key.slice(9, -4)));
  });

  test('Ctrl-C at the hidden question ends and gives the echo back', async () => {
    const ctrlC = '\x03';
    const shell = new Terminal(['/bin/sh', '-c', `trap : INT; ${executable('mai')} client; echo "code $?"; stty -a`], {
      env: { ...plainEnvironment(), ...env },
    });
    await shell.answer('Enter choice (1 or 2): ', '1');
    await shell.expect('Enter your OpenRouter provisioning key: ');
    shell.press(ctrlC);
    await shell.expect('code 130');
    await shell.ended;
    assert.match(shell.screen.slice(shell.seen), / echo /);
    assert.doesNotMatch(shell.screen.slice(shell.seen), / -echo /);
    assert.deepEqual(await clients(), []);
  });

  test('create with flags asks for the key, hidden, and only then', async () => {
    const t = open(['client', 'create', '--name', 'Flags']);
    await t.answer('Enter your OpenRouter provisioning key: ', managementKey);
    assert.equal(await t.ended, 0);
    assert.ok(!t.screen.includes(middle));
    assert.equal((await clients())[0].client_name, 'Flags');
  });
});
