/* Colours for code. The core and each language are fetched when a text first needs them. */
import type { HLJSApi, LanguageFn } from 'highlight.js';

type Load = () => Promise<{ default: LanguageFn }>;

const LOADERS: Record<string, Load> = {
  bash: () => import('highlight.js/lib/languages/bash'),
  c: () => import('highlight.js/lib/languages/c'),
  cpp: () => import('highlight.js/lib/languages/cpp'),
  csharp: () => import('highlight.js/lib/languages/csharp'),
  css: () => import('highlight.js/lib/languages/css'),
  diff: () => import('highlight.js/lib/languages/diff'),
  dockerfile: () => import('highlight.js/lib/languages/dockerfile'),
  excel: () => import('highlight.js/lib/languages/excel'),
  go: () => import('highlight.js/lib/languages/go'),
  ini: () => import('highlight.js/lib/languages/ini'),
  java: () => import('highlight.js/lib/languages/java'),
  javascript: () => import('highlight.js/lib/languages/javascript'),
  json: () => import('highlight.js/lib/languages/json'),
  kotlin: () => import('highlight.js/lib/languages/kotlin'),
  lua: () => import('highlight.js/lib/languages/lua'),
  makefile: () => import('highlight.js/lib/languages/makefile'),
  markdown: () => import('highlight.js/lib/languages/markdown'),
  nginx: () => import('highlight.js/lib/languages/nginx'),
  php: () => import('highlight.js/lib/languages/php'),
  powershell: () => import('highlight.js/lib/languages/powershell'),
  python: () => import('highlight.js/lib/languages/python'),
  r: () => import('highlight.js/lib/languages/r'),
  ruby: () => import('highlight.js/lib/languages/ruby'),
  rust: () => import('highlight.js/lib/languages/rust'),
  scala: () => import('highlight.js/lib/languages/scala'),
  sql: () => import('highlight.js/lib/languages/sql'),
  swift: () => import('highlight.js/lib/languages/swift'),
  typescript: () => import('highlight.js/lib/languages/typescript'),
  vbnet: () => import('highlight.js/lib/languages/vbnet'),
  xml: () => import('highlight.js/lib/languages/xml'),
  yaml: () => import('highlight.js/lib/languages/yaml'),
};

const ALIASES: Record<string, string> = {
  sh: 'bash', shell: 'bash', zsh: 'bash', console: 'bash', h: 'c', 'c++': 'cpp', cc: 'cpp', hpp: 'cpp', cs: 'csharp', 'c#': 'csharp',
  docker: 'dockerfile', golang: 'go', toml: 'ini', js: 'javascript', jsx: 'javascript', mjs: 'javascript', json5: 'json', jsonc: 'json',
  kt: 'kotlin', make: 'makefile', md: 'markdown', ps1: 'powershell', py: 'python', python3: 'python', rb: 'ruby', rs: 'rust',
  ts: 'typescript', tsx: 'typescript', vb: 'vbnet', vba: 'vbnet', html: 'xml', svg: 'xml', vue: 'xml', svelte: 'xml', yml: 'yaml',
  patch: 'diff', formula: 'excel',
};

const LONGEST = 60_000;
let core: Promise<HLJSApi> | null = null;
const registered = new Map<string, Promise<void>>();

async function ready(name: string): Promise<HLJSApi> {
  core ??= import('highlight.js/lib/core').then((m) => m.default);
  const hljs = await core;
  let loading = registered.get(name);
  if (!loading) {
    loading = LOADERS[name]!().then((m) => hljs.registerLanguage(name, m.default));
    registered.set(name, loading);
  }
  await loading;
  return hljs;
}

/* HTML of the coloured code, or null when the language is unknown, the code too long or the load failed. */
export async function highlight(code: string, language: string): Promise<string | null> {
  const name = ALIASES[language] ?? language;
  if (!(name in LOADERS) || code.length > LONGEST) return null;
  try {
    const hljs = await ready(name);
    return hljs.highlight(code, { language: name, ignoreIllegals: true }).value;
  } catch {
    registered.delete(name);
    return null;
  }
}
