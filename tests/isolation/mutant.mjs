// Takes a wall down: a copy of `mai` in which one SQL statement was changed, and nothing else.
//
//   const build = await mutant({ folder, room: 'tenancy', statement: 'user_list', without: ['organization_id'] });
//   MAI_BUILD=<build> node tests/isolation/walk.mjs --only users
//
// The room's statements are generated, compiled and linked once more by the very commands of the build, into a folder of
// their own: the changed object stands before the libraries, so the linker never looks at the original. It takes a second,
// and the source tree and the build are not touched.

import { exec, execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildFolder, executable, repository } from '../lib/sim.mjs';

const shell = promisify(exec);
const run = promisify(execFile);

/** The text of a .sql file with one statement in which these columns are compared no more: `column = $1` is `$1 = $1`. */
export function changed(text, { statement, without }) {
  const blocks = text.split(/^(?=-- name: )/m);
  const at = blocks.findIndex((block) => block.startsWith(`-- name: ${statement}\n`));
  if (at < 0) throw new Error(`there is no statement ${statement}`);
  for (const column of without) {
    const other = blocks[at].replace(new RegExp(`(?:\\b\\w+\\.|\\b)${column}\\s*=\\s*(\\$\\d+)`, 'g'), '$1 = $1');
    if (other === blocks[at]) throw new Error(`${statement} does not compare ${column}`);
    blocks[at] = other;
  }
  return blocks.join('');
}

/** Builds it into `folder`; gives a folder that serves as MAI_BUILD. Without `statement`: unchanged. */
export async function mutant({ folder, room, statement, without }) {
  const place = join(folder, 'src', room);
  mkdirSync(place, { recursive: true });
  const source = join(place, `${room}.sql`);
  const text = readFileSync(join(repository, 'src', room, `${room}.sql`), 'utf8');
  writeFileSync(source, statement ? changed(text, { statement, without }) : text);
  const code = join(place, `${room}_sql.c`);
  await run('python3', [join(repository, 'tools/gen_sql.py'), source, join(place, `${room}_sql.h`), code]);
  await compileAndLink(folder, room, code);
  for (const [name, found] of [['openrouter-sim', executable('openrouter-sim')], ['routes_dump', dumper()]]) symlinkSync(found, join(folder, name));
  return folder;
}

const dumper = () => join(buildFolder, 'tests/isolation/routes_dump');

async function compileAndLink(folder, room, code) {
  const { stdout } = await shell('ninja -t commands src/mai', { cwd: buildFolder, maxBuffer: 64 << 20 });
  const commands = stdout.trim().split('\n');
  const compile = commands.find((line) => line.includes(` -c `) && line.includes(`${room}_sql.c.o `));
  const link = commands.at(-1);
  if (!compile || !/ -o src\/mai /.test(link)) throw new Error('the build has no commands to follow');
  const object = join(folder, 'changed.o');
  const own = compile.replace(/ -MF \S+/, ` -MF ${object}.d`).replace(/ -o \S+/, ` -o ${object}`).replace(/ -c \S+$/, ` -c ${code}`);
  await shell(own, { cwd: buildFolder });
  await shell(link.replace(/ -o src\/mai /, ` -o ${join(folder, 'mai')} ${object} `), { cwd: buildFolder });
}
