// The walk is worth something only if it turns red: the organization (or, where a person's own things are behind two walls,
// organization and person) is taken out of one statement at a time, and the walk must name the route that leaks.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { mutant } from './mutant.mjs';

const here = dirname(fileURLToPath(import.meta.url));

const organization = ['organization_id'];
const person = ['organization_id', 'user_id'];

/** The statement, what it compares no more, the routes to walk, what the walk must say. */
const walls = [
  { room: 'tenancy', statement: 'user_by_id', without: organization, only: '/users/', says: /^leak: GET \/api\/v1\/users\/\{id\}:/m },
  { room: 'tenancy', statement: 'user_list', without: organization, only: '/users$', says: /^leak: GET \/api\/v1\/users:/m },
  { room: 'tenancy', statement: 'invitation_list', without: organization, only: '/invitations', says: /^leak: GET \/api\/v1\/invitations:/m },
  { room: 'tenancy', statement: 'invitation_delete', without: organization, only: '/invitations', says: /^status: DELETE \/api\/v1\/invitations\/\{id\}: as admin, with another organization: 200/m },
  { room: 'tenancy', statement: 'key_list_shown', without: organization, only: '/openai/config', says: /^leak: GET \/openai\/config:/m },
  { room: 'ledger', statement: 'usage_totals', without: organization, only: 'usage/', says: /^figures: GET \S+\/usage\/my-organization:/m },
  { room: 'ledger', statement: 'usage_models', without: organization, only: 'usage/by-model', says: /^figures: GET \S+\/usage\/by-model\/\{org\}:/m },
  // behind two walls
  { room: 'chat', statement: 'chat_row', without: person, only: '/chats/\\{id\\}$', says: /^status: GET \/api\/v1\/chats\/\{id\}: as user, with another organization: 200/m },
  { room: 'chat', statement: 'words_search', without: person, only: '/chats/search', says: /^leak: GET \/api\/v1\/chats\/search:/m },
  { room: 'chat', statement: 'message_set_content', without: person, only: '/messages/', says: /^changed: rows of chat_messages/m },
  { room: 'tenancy', statement: 'api_key_revoke', without: person, only: '/api_keys', says: /^status: DELETE \/api\/v1\/auths\/api_keys\/\{id\}: as [^,]+, with [^:]+: 200/m },
];

/** Builds, walks, gives { code, output }. */
async function walkWith(wall, only) {
  const folder = mkdtempSync(join(tmpdir(), 'mai-mutant-'));
  try {
    await mutant({ folder, ...wall });
    return await new Promise((done) => {
      const child = spawn(process.execPath, [join(here, 'walk.mjs'), '--only', only], { env: { ...process.env, MAI_BUILD: folder, NODE_TEST_CONTEXT: undefined } });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
      child.on('close', (code) => done({ code, output }));
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('linked the same way and unchanged, it stays green', async () => {
  const { code, output } = await walkWith({ room: 'tenancy' }, walls.map((wall) => wall.only).join('|'));
  assert.equal(code, 0, output);
});

describe('without its wall the walk names the leak of', { concurrency: 2 }, () => {
  for (const wall of walls)
    test(`${wall.room} ${wall.statement}`, async () => {
      const { code, output } = await walkWith(wall, wall.only);
      assert.equal(code, 1, `the walk ended with ${code}:\n${output}`);
      assert.match(output, wall.says);
    });
});
