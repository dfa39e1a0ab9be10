/* Fails when a page needs more compressed JavaScript before it works than its budget. Sizes are gzip -9, the
 * larger of the two codings that the server offers. What a page loads later, on demand, is not counted. */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const DIST = new URL('../dist/', import.meta.url);
const BUDGETS_KB = {
  'src/lib/chat/ChatApp.svelte': 100,
  'src/lib/auth/SignInPage.svelte': 60,
  'src/lib/usage/UsagePage.svelte': 90,
};
const manifest = JSON.parse(readFileSync(new URL('assets/manifest.json', DIST), 'utf8'));

function needed(key, seen = new Set()) {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const child of manifest[key].imports ?? []) needed(child, seen);
  return seen;
}

function size(file) {
  return gzipSync(readFileSync(new URL(file, DIST)), { level: 9 }).length;
}

const everywhere = ['index.html', 'src/lib/i18n/pl.ts'];
let is_over = false;
for (const [page, budget] of Object.entries(BUDGETS_KB)) {
  const shell = page.includes('/usage/') ? ['src/lib/shell/Workspace.svelte'] : [];
  const keys = new Set([...everywhere, ...shell, page].flatMap((key) => [...needed(key)]));
  const files = new Set([...keys].map((key) => manifest[key].file));
  const kb = ([...files].reduce((sum, file) => sum + size(file), 0) + size('theme.js')) / 1000;
  is_over ||= kb > budget;
  console.log(`${kb > budget ? 'OVER' : 'ok  '} ${kb.toFixed(1).padStart(6)} kB of ${budget} kB  ${page}`);
}
process.exit(is_over ? 1 : 0);
