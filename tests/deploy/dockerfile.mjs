// Plays a Dockerfile without a container engine: every stage is a bare Debian 12 in a folder, RUN happens in a chroot.
// Knows the instructions that ours uses; any other is an error, so that nothing of the file goes untested.

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const play = join(repository, 'tests/deploy/play');

/** [{ name, words }] with continued lines joined and comments left out. */
export function parse(text) {
  return text
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n')
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) => /^(\S+)\s+(.*)$/s.exec(line))
    .map(([, name, words]) => ({ name: name.toUpperCase(), words }));
}

/** Builds all stages below `folder`; gives the last: { root, env, user, workdir, cmd, healthcheck, ... }. */
export function buildImage(file, folder) {
  const stages = [];
  for (const step of parse(readFileSync(file, 'utf8'))) {
    if (step.name === 'FROM') stages.push(from(step.words, folder, stages.length));
    else instruction(step)(stages.at(-1), step.words, stages);
  }
  return stages.at(-1);
}

function from(words, folder, number) {
  const [, image, name] = /^(\S+)(?:\s+AS\s+(\S+))?$/i.exec(words);
  if (image !== 'debian:12-slim') throw new Error(`unknown base: ${image}`);
  const root = join(folder, `stage-${number}`);
  run([play, 'unpack', root], `FROM ${words}`);
  return { name, root, env: {}, user: 'root', workdir: '/', volumes: [], ports: [] };
}

function instruction({ name }) {
  const found = instructions[name];
  if (!found) throw new Error(`the Dockerfile uses ${name}, which tests/deploy cannot play`);
  return found;
}

const instructions = {
  RUN: (stage, words) => run(inside(stage, ['/bin/sh', '-c', words]), `RUN ${words}`),
  COPY: copy,
  ENV: (stage, words) => {
    for (const [, name, value] of words.matchAll(/(\w+)=("[^"]*"|\S+)/g)) stage.env[name] = value.replace(/^"|"$/g, '');
  },
  WORKDIR: (stage, words) => {
    stage.workdir = resolve(stage.workdir, words);
    mkdirSync(stage.root + stage.workdir, { recursive: true });
  },
  USER: (stage, words) => (stage.user = words),
  VOLUME: (stage, words) => stage.volumes.push(words),
  EXPOSE: (stage, words) => stage.ports.push(Number(words)),
  STOPSIGNAL: (stage, words) => (stage.stopSignal = words),
  CMD: (stage, words) => (stage.cmd = JSON.parse(words)),
  HEALTHCHECK: (stage, words) => (stage.healthcheck = JSON.parse(words.slice(words.indexOf('[')))),
};

function copy(stage, words, stages) {
  const [, source, what, where] = /^(?:--from=(\S+)\s+)?(\S+)\s+(\S+)$/.exec(words);
  const target = stage.root + resolve(stage.workdir, where);
  if (source) return cpSync(stages.find((one) => one.name === source).root + what, target, { recursive: true });
  if (what !== '.') return cpSync(join(repository, what), target);
  // What a clone would hold, as it stands in the working tree.
  run(['bash', '-c', 'git ls-files -z --cached --others --exclude-standard | tar -c --null -T - --ignore-failed-read -f - | tar -x -C "$0"', target], `COPY ${words}`);
}

/** The command line that runs `command` in a stage, with its environment and folder. */
export function inside(stage, command, env = {}) {
  const pairs = Object.entries({ ...stage.env, ...env }).map(([name, value]) => `${name}=${value}`);
  return [play, 'run', stage.root, 'env', '-C', stage.workdir, ...pairs, ...command];
}

function run(command, name) {
  const { status, stdout, stderr } = spawnSync(command[0], command.slice(1), {
    cwd: repository,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  if (status !== 0) throw new Error(`${name} failed (${status})\n${(stdout + stderr).split('\n').slice(-30).join('\n')}`);
}

/** Why nothing can be played here; empty when it can. */
export function missing() {
  if (!existsSync(play)) return 'tests/deploy/play is missing';
  return spawnSync(play, ['missing'], { encoding: 'utf8' }).stdout.trim();
}
