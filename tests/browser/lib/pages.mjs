// Every page, who sees it, and what is on it when it is complete. For tests that look at all of them.

const chat = '[data-testid=answer][aria-busy=false] .md';

export const pages = [
  { who: 'nobody', path: '/signin', ready: 'form' },
  { who: 'admin', path: '/', ready: '[data-testid=model-picker]' },
  { who: 'admin', path: '/c/:chat', ready: chat },
  { who: 'admin', path: '/settings/account', ready: 'main li .words' },
  { who: 'admin', path: '/settings/usage', ready: '[data-testid=trend-chart] canvas' },
  { who: 'admin', path: '/settings/usage?tab=stats', ready: 'main [role=tabpanel] dd' },
  { who: 'admin', path: '/settings/usage?tab=users', ready: '[data-testid=by-user] tbody tr' },
  { who: 'admin', path: '/settings/usage?tab=models', ready: '[data-testid=by-model] tbody tr' },
  { who: 'admin', path: '/settings/connections', ready: '[data-testid=key-state]' },
  { who: 'admin', path: '/admin/users', ready: 'tbody tr' },
  { who: 'admin', path: '/admin/invitations', ready: 'main h1' },
  { who: 'provider', path: '/provider/clients', ready: 'tbody tr' },
  { who: 'provider', path: '/provider/clients/:client', ready: '[data-testid=by-model] tbody tr' },
  { who: 'provider', path: '/provider/settings', ready: 'main form' },
  { who: 'provider', path: '/provider/system', ready: 'main dd' },
  { who: 'provider', path: '/nowhere', ready: 'main a' },
];

/** People with something on every page: Ann has a chat with code and a table. */
export async function furnish(office) {
  const ann = await office.enter(office.world.admin);
  await ann.chooseModel('openai/gpt-4o-mini');
  await office.next({
    answer: '## Title\n\nSome *text* with a [link](https://example.com) and `code`.\n\n```js\nconst a = 1; // comment\n```\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n> quote\n\n1. one\n2. two',
  });
  await ann.askFully('Show me everything');
  const chatId = await ann.chatId();
  await ann.leave();
  return (path) => path.replace(':chat', chatId).replace(':client', office.world.organization);
}

/** Opens each page of `who` one after the other and looks at it. */
export async function lookAt(visitor, who, fill, look) {
  for (const page of pages.filter((one) => one.who === who)) {
    await visitor.open(fill(page.path));
    await visitor.page.locator(page.ready).first().waitFor();
    await look(page.path);
  }
}

export const roles = ['nobody', 'admin', 'provider'];

/** The session of a role in this office; nothing for nobody. */
export const sessionOf = (office, who) => ({ admin: office.world.admin, provider: office.world.provider })[who];
