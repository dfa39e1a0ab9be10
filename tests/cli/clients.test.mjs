// `mai client ...` with flags, each case once with the store opened by the command and once beside a running server.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Mai, command, settingsFor } from '../lib/mai.mjs';
import { Sim, managementKey } from '../lib/sim.mjs';

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const withKey = { env: { OPENROUTER_PROVISIONING_KEY: managementKey } };

let sim;
before(async () => (sim = await Sim.start()));
after(() => sim.stop());
beforeEach(() => sim.reset());

/** A place where commands run: `mai(words, options)`. */
const places = {
  'without a server': async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mai-cli-'));
    return {
      folder,
      mai: (words, { env = {}, ...rest } = {}) => command(words, { ...rest, env: { ...settingsFor(sim), DATA_DIR: folder, ...env } }),
      log: () => '',
      end: () => rmSync(folder, { recursive: true, force: true }),
    };
  },
  'beside a running server': async () => {
    const server = await Mai.start({ sim });
    return { folder: server.folder, mai: (words, options) => server.command(words, options), log: () => server.log, end: () => server.stop() };
  },
};

for (const [name, open] of Object.entries(places))
  describe(name, () => {
    let place;
    before(async () => (place = await open()));
    after(() => place.end());

    async function good(words, options) {
      const done = await place.mai(words, options);
      assert.equal(done.code, 0, `${words.join(' ')}: ${done.output}`);
      return done;
    }

    async function failed(words, pattern, options) {
      const done = await place.mai(words, options);
      assert.equal(done.code, 1, `${words.join(' ')}: ${done.output}`);
      assert.match(done.stderr, pattern);
      assert.equal(done.stdout, '');
      return done;
    }

    const create = async (clientName, ...more) => (await good(['client', 'create', `--name=${clientName}`, '--json', ...more], withKey)).json;
    const show = async (client) => (await good(['client', 'show', client, '--json'])).json;
    const keyAtSim = async (hash) => (await sim.json(`/keys/${hash}`)).data;

    test('create makes a key with a monthly limit, an organization and an admin', async () => {
      const made = await create('Company ABC', '--limit', '500', '--markup', '1.45', '--timezone', 'Europe/Warsaw', '--currency', 'PLN',
        '--admin-email', 'ann@abc.example', '--admin-name', 'Ann');
      assert.deepEqual(Object.keys(made), ['client_name', 'organization_id', 'api_key', 'key_id', 'monthly_limit', 'markup', 'created_at', 'usage_tracking', 'admin']);
      assert.equal(made.key_id, sha256(made.api_key));
      assert.equal(made.monthly_limit, 500);
      assert.equal(made.markup, 1.45);
      assert.match(made.admin.one_time_password, /^[a-z]{4}(-[a-z]{4}){4}$/);
      const key = await keyAtSim(made.key_id);
      assert.equal(key.name, 'Company ABC - mAI Client Key');
      assert.equal(key.limit, 500);
      assert.equal(key.limit_reset, 'monthly');
      const shown = await show('company abc');
      assert.equal(shown.organization_id, made.organization_id);
      assert.equal(shown.timezone, 'Europe/Warsaw');
      assert.equal(shown.currency, 'PLN');
      assert.equal(shown.key_state, 'expected');
      assert.equal(shown.people, 1);
    });

    test('the provisioning key comes from standard input too', async () => {
      const done = await good(['client', 'create', '--name', 'By stdin', '--json', '--key-stdin'], { input: `${managementKey}\n` });
      assert.equal(done.json.client_name, 'By stdin');
      assert.equal(done.json.monthly_limit, null);
      await failed(['client', 'create', '--name', 'x', '--key-stdin'], /Standard input is empty/);
    });

    test('without a provisioning key nothing is made, and it says what to do', async () => {
      const before = (await sim.requests()).length;
      await failed(['client', 'create', '--name', 'Nobody'], /OPENROUTER_PROVISIONING_KEY.*provisioning-key --save/);
      assert.equal((await sim.requests()).length, before);
      await failed(['client', 'show', 'Nobody'], /no client/);
    });

    test('a stored provisioning key is used, told without its text, and forgotten', async () => {
      await failed(['client', 'provisioning-key', '--save', '--key-stdin'], /does not know/, { input: 'sk-or-v1-not-a-key-at-all-000000000000\n' });
      const { key } = await sim.createKey({ name: 'Inference' });
      await failed(['client', 'provisioning-key', '--save', '--key-stdin'], /not a provisioning/, { input: key });
      await good(['client', 'provisioning-key', '--save', '--key-stdin'], { input: `${managementKey}\n` });
      const told = await good(['client', 'provisioning-key', '--json']);
      assert.deepEqual(told.json, { source: 'stored', last4: managementKey.slice(-4) });
      assert.equal((await good(['client', 'create', '--name', 'By the stored key', '--json'])).json.client_name, 'By the stored key');
      await good(['client', 'provisioning-key', '--forget']);
      assert.equal((await good(['client', 'provisioning-key', '--json'])).json.source, null);
    });

    const names = ['Ünïcode & Söhne', '株式会社テスト', 'شركة الاختبار', '🚀 Rockets 👩‍👩‍👧', "Robert'); DROP TABLE organizations;--", 'quote " and \\ backslash', '--json', '<b>bold</b>'];
    for (const odd of names)
      test(`a client called ${odd}`, async () => {
        const made = await create(odd);
        assert.equal(made.client_name, odd);
        assert.equal((await keyAtSim(made.key_id)).name, `${odd} - mAI Client Key`);
        assert.equal((await good(['client', 'show', `--client=${odd}`, '--json'])).json.organization_id, made.organization_id);
        assert.ok((await good(['client', 'list', '--json'])).json.some((client) => client.client_name === odd));
        assert.ok((await good(['client', 'list'])).stdout.includes(odd));
      });

    test('an unacceptable value is refused before OpenRouter is asked', async () => {
      const before = (await sim.requests()).length;
      await failed(['client', 'create', '--name', '   '], /name/i, withKey);
      await failed(['client', 'create', '--name', 'x'.repeat(201)], /name/i, withKey);
      await failed(['client', 'create', '--name', 'x', '--timezone', 'Mars/Olympus'], /time zone/i, withKey);
      await failed(['client', 'create', '--name', 'x', '--currency', 'XXX'], /USD or PLN/, withKey);
      await failed(['client', 'create', '--name', 'x', '--admin-email', 'nobody'], /e-mail/i, withKey);
      assert.equal((await sim.requests()).length, before);
    });

    test('an ambiguous name lists the ids', async () => {
      const [one, two] = [await create('Twin'), await create('twin')];
      const done = await failed(['client', 'show', 'TWIN'], /Several clients/);
      assert.ok(done.stderr.includes(one.organization_id) && done.stderr.includes(two.organization_id));
      assert.equal((await show(one.organization_id)).client_name, 'Twin');
      assert.equal((await good(['client', 'show', '--client', two.organization_id, '--json'])).json.client_name, 'twin');
    });

    test('set changes mAI and the key at OpenRouter', async () => {
      const made = await create('Changing', '--limit', '10');
      await good(['client', 'set', 'Changing', '--limit', '25.5', '--markup', '2', '--api-access', 'on', '--name', 'Changed',
        '--billing-email', 'bills@x.example', '--timezone', 'Asia/Tokyo'], withKey);
      const shown = await show('Changed');
      assert.equal(shown.monthly_limit, 25.5);
      assert.equal(shown.markup, 2);
      assert.equal(shown.api_access, true);
      assert.equal(shown.billing_email, 'bills@x.example');
      assert.equal(shown.timezone, 'Asia/Tokyo');
      assert.equal((await keyAtSim(made.key_id)).limit, 25.5);
      const done = await good(['client', 'set', '--client', 'Changed', '--limit', 'none', '--billing-email', 'none', '--json'], withKey);
      assert.equal(done.json.monthly_limit, null);
      assert.equal(done.json.billing_email, null);
      assert.equal((await keyAtSim(made.key_id)).limit, null);
    });

    test('a limit that OpenRouter cannot be told holds in mAI, with a note', async () => {
      await create('Offline', '--limit', '10');
      await sim.script({ rules: [{ path: '/keys/*', do: { status: 500 } }] });
      const done = await good(['client', 'set', 'Offline', '--limit', '20'], withKey);
      await sim.script({ rules: [] });
      assert.match(done.stderr, /^Note: .*OpenRouter/);
      assert.equal((await show('Offline')).monthly_limit, 20);
    });

    test('disable and enable reach the key', async () => {
      const made = await create('Switched');
      await good(['client', 'disable', 'Switched'], withKey);
      assert.equal((await keyAtSim(made.key_id)).disabled, true);
      assert.equal((await show('Switched')).is_disabled, true);
      assert.match((await good(['client', 'list'])).stdout, /disabled .*Switched/);
      await good(['client', 'enable', '--client', 'Switched'], withKey);
      assert.equal((await keyAtSim(made.key_id)).disabled, false);
      assert.equal((await show('Switched')).is_disabled, false);
    });

    test('rotate gives another key and ends the one nobody had entered', async () => {
      const made = await create('Rotated', '--limit', '7');
      await failed(['client', 'rotate', 'Rotated'], /no provisioning key/);
      const { json } = await good(['client', 'rotate', 'Rotated', '--json'], withKey);
      assert.notEqual(json.api_key, made.api_key);
      assert.equal(json.key_id, sha256(json.api_key));
      assert.equal((await keyAtSim(json.key_id)).limit, 7);
      assert.equal((await sim.request(`/keys/${made.key_id}`)).status, 404);
      assert.equal((await show('Rotated')).key_id, json.key_id);
    });

    test('delete asks, and then ends the key', async () => {
      const made = await create('Ending');
      await failed(['client', 'delete', 'Ending'], /Nothing was deleted/, withKey);
      await failed(['client', 'delete', 'Ending'], /Nothing was deleted/, { ...withKey, input: 'n\n' });
      assert.equal((await show('Ending')).client_name, 'Ending');
      const done = await good(['client', 'delete', 'Ending', '--json'], { ...withKey, input: 'yes\n' });
      assert.deepEqual(done.json, { organization_id: made.organization_id, deleted: true });
      assert.equal((await sim.request(`/keys/${made.key_id}`)).status, 404);
      await failed(['client', 'show', 'Ending'], /no client/);
      await create('Ending too');
      await good(['client', 'delete', 'Ending too', '--yes'], withKey);
    });

    test('a failing OpenRouter makes nothing and is quoted', async () => {
      await sim.script({ rules: [{ path: '/keys', do: { status: 500 } }] });
      await failed(['client', 'create', '--name', 'Never'], /OpenRouter/, withKey);
      await sim.script({ rules: [] });
      await failed(['client', 'show', 'Never'], /no client/);
      await failed(['client', 'create', '--name', 'Never'], /does not accept the provisioning key/, {
        env: { OPENROUTER_PROVISIONING_KEY: 'sk-or-v1-wrong-key-wrong-key-wrong-key' },
      });
    });

    test('usage of all, of one, of a key', async () => {
      await create('Unused', '--limit', '3');
      const all = (await good(['client', 'usage', '--json'])).json;
      assert.ok(all.some((row) => row.client_name === 'Unused' && row.monthly_limit === 3 && row.month.billed === '0'));
      const one = (await good(['client', 'usage', 'Unused', '--from', '2026-11-01', '--to', '2026-11-23', '--json'])).json;
      assert.equal(one.remaining, '3');
      assert.deepEqual([one.from, one.to, one.models], ['2026-11-01', '2026-11-23', []]);
      assert.match((await good(['client', 'usage', 'Unused'])).stdout, /REQUESTS/);
      const { key } = await sim.createKey({ name: 'Asked', limit: 8 });
      const asked = await good(['client', 'usage', '--key-stdin', '--json'], { input: `${key}\n` });
      assert.equal(asked.json.limit, 8);
      assert.equal(asked.json.usage, '0');
      await failed(['client', 'usage', '--key-stdin'], /does not know this key/, { input: 'sk-or-v1-wrong-wrong-wrong\n' });
    });

    test('lists are whole, searchable, and end with the reader', async () => {
      for (let i = 0; i < 12; i++) await create(`Listed ${i}`);
      const found = (await good(['client', 'list', '--search', 'listed', '--json'])).json;
      assert.equal(found.length, 12);
      assert.deepEqual((await good(['client', 'list', '--search', 'no such', '--json'])).json, []);
    });

    test('no key is printed, logged or kept in clear', async () => {
      const made = await create('Secretive');
      const printed = (await good(['client', 'list', '--json'])).output + (await good(['client', 'show', 'Secretive'])).output + (await good(['client', 'list'])).output;
      const middle = (key) => key.slice(9, -4);
      for (const key of [made.api_key, managementKey]) {
        assert.ok(!printed.includes(middle(key)));
        assert.ok(!place.log().includes(middle(key)));
        for (const file of readdirSync(place.folder).filter((file) => file.startsWith('mai.db')))
          assert.ok(!readFileSync(join(place.folder, file)).includes(middle(key)), file);
      }
      assert.ok(printed.includes(made.api_key.slice(-4)), 'its last four characters are shown');
    });
  });
