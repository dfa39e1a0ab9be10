// The deployment files: the Dockerfile's own steps in a bare Debian, and compose.yaml against the guide's words.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { buildImage, inside, missing, repository } from './dockerfile.mjs';

const composeFile = join(repository, 'deploy/compose.yaml');

describe('compose.yaml', () => {
  const reader = 'import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))';
  const read = spawnSync('python3', ['-c', reader, composeFile], { encoding: 'utf8' });
  const { services, volumes } = JSON.parse(read.stdout || '{}');

  test('one instance for all clients, as in option B', () => {
    const one = services['mai-production'];
    assert.equal(one.image, 'mai-production:latest');
    assert.equal(one.container_name, 'mai-production');
    assert.deepEqual(one.ports, ['3000:8080']);
    assert.deepEqual(one.volumes, ['mai-data:/app/backend/data']);
    assert.deepEqual(one.environment, ['WEBUI_NAME=mAI', 'ENABLE_SIGNUP=false']);
    assert.equal(one.restart, 'unless-stopped');
    assert.equal(one.profiles, undefined);
    assert.equal(volumes['mai-data'].name, 'mai-data');
  });

  test('an instance per client, as in option A', () => {
    const one = services['mai-companyabc'];
    assert.equal(one.image, 'mai-production:latest');
    assert.deepEqual(one.ports, ['8081:8080']);
    assert.deepEqual(one.volumes, ['./data:/app/backend/data']);
    assert.deepEqual(one.environment, ['WEBUI_NAME=mAI - Company ABC', 'ENABLE_SIGNUP=false']);
    assert.equal(one.restart, 'unless-stopped');
  });

  test('a folder made by the engine is given to mAI first', () => {
    const [name] = Object.keys(services['mai-companyabc'].depends_on);
    assert.deepEqual(services[name].volumes, services['mai-companyabc'].volumes);
    assert.equal(services[name].user, 'root');
    assert.deepEqual(services[name].command, ['chown', 'mai:mai', '/app/backend/data']);
  });

  test('stopping leaves time for open streams', () => {
    for (const name of ['mai-production', 'mai-companyabc']) assert.ok(parseInt(services[name].stop_grace_period, 10) > 8);
  });
});

const reason = missing();

describe('Dockerfile', { skip: reason ? `no bare Debian can be made here: ${reason}` : false }, () => {
  let folder, image, port;
  before(async () => {
    folder = mkdtempSync('/var/tmp/mai-deploy-');
    image = buildImage(join(repository, 'deploy/Dockerfile'), folder);
    port = await freePort();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('listens on 8080, keeps data in the volume, is not root', () => {
    assert.equal(image.env.PORT, '8080');
    assert.deepEqual(image.ports, [8080]);
    assert.equal(image.env.DATA_DIR, '/app/backend/data');
    assert.deepEqual(image.volumes, ['/app/backend/data']);
    assert.equal(image.user, 'mai');
    assert.equal(image.stopSignal, 'SIGTERM');
  });

  test('is small: no compiler, no Node, no sources', () => {
    for (const name of ['usr/bin/gcc', 'usr/bin/node', 'usr/bin/python3', 'src'])
      assert.throws(() => statSync(join(image.root, name)), { code: 'ENOENT' });
  });

  test('starts, is healthy, keeps an account over a restart, stops on SIGTERM', async () => {
    const first = await Container.start(image, port);
    assert.notEqual(first.uid(), 0);
    assert.equal(first.healthcheck(), 0);
    const made = await first.post('/api/v1/auths/signup', account);
    assert.equal(made.status, 200, await made.text());
    const file = statSync(join(image.root, 'app/backend/data/mai.db'));
    assert.equal(file.uid, first.uid());
    assert.equal(await first.stop(image.stopSignal), 0, first.output);
    assert.notEqual(first.healthcheck(), 0, 'healthy without a server');

    const second = await Container.start(image, port);
    const { name, ...login } = account;
    assert.equal((await second.post('/api/v1/auths/signin', login)).status, 200);
    assert.equal(await second.stop(image.stopSignal), 0, second.output);
  });

  test('a folder it may not write to: one line, and an end', async () => {
    spawnSync('chown', ['root:root', join(image.root, 'app/backend/data')]);
    spawnSync('chmod', ['0500', join(image.root, 'app/backend/data')]);
    const broken = new Container(image, port);
    assert.notEqual(await broken.ended, 0);
    assert.match(broken.output, /\/app\/backend\/data/);
  });
});

const account = { name: 'Ada', email: 'ada@company.example', password: 'correct horse battery' };

/** The image's command as its user, process 1 of its own process table, on this machine's network. */
class Container {
  static async start(image, port) {
    const container = new Container(image, port);
    for (const deadline = Date.now() + 15_000; Date.now() < deadline; ) {
      const answer = await fetch(`${container.address}/health`).catch(() => undefined);
      if (answer?.ok) return container;
      if (container.code !== undefined) break;
      await new Promise((done) => setTimeout(done, 30));
    }
    throw new Error(`it did not become healthy:\n${container.output}`);
  }

  constructor(image, port) {
    this.image = image;
    this.port = port;
    this.address = `http://127.0.0.1:${port}`;
    this.output = '';
    const command = inside(image, image.cmd, { PORT: String(port), HOME: image.workdir });
    this.child = spawn(command[0], command.slice(1), { env: { ...process.env, DEBIAN_USER: image.user }, detached: true });
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (text) => (this.output += text));
    this.ended = new Promise((done) => this.child.once('close', (code, signal) => done((this.code = code ?? signal))));
    process.once('exit', () => this.code === undefined && process.kill(-this.child.pid, 'SIGKILL'));
  }

  /** The server's process: the last of the chain that leads into the chroot. */
  pid() {
    return Number(descendants(this.child.pid).at(-1));
  }

  uid() {
    return Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${this.pid()}/status`, 'utf8'))[1]);
  }

  post(path, body) {
    return fetch(this.address + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  }

  healthcheck() {
    const [program, ...words] = inside(this.image, this.image.healthcheck, { PORT: String(this.port) });
    return spawnSync(program, words, { env: { ...process.env, DEBIAN_USER: this.image.user } }).status;
  }

  /** Resolves with the exit code. */
  stop(signal) {
    process.kill(this.pid(), signal);
    return this.ended;
  }
}

function descendants(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function freePort() {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}
