import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { ensureArtefact } from '../../../lab/src/core/artefact.ts';
import { isLabError } from '../../../lab/src/core/error.ts';
import { declareUse, usingProcesses } from '../../../lab/src/core/in-use.ts';
import { withLock } from '../../../lab/src/core/lock.ts';
import { runStage } from '../../../lab/src/core/operation.ts';
import { labPaths, privateDirectory } from '../../../lab/src/core/paths.ts';
import { appendNdjson, readJson, readNdjson, writeJson } from '../../../lab/src/core/store.ts';
import { operate } from '../../support/operation.ts';

const { signal } = new AbortController();

describe('files of the lab', () => {
  let directory: string;
  beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), 'lpl-unit-'))));
  afterEach(() => rm(directory, { recursive: true }));

  it('come back as they were written, and are missing as undefined', async () => {
    const path = join(directory, 'a/b.json');
    assert.equal(await readJson(path, z.object({ x: z.number() })), undefined);
    await writeJson(path, { x: 1 });
    assert.deepEqual(await readJson(path, z.object({ x: z.number() })), { x: 1 });
  });

  it('of a newer format are refused, broken ones named', async () => {
    const path = join(directory, 'x.json');
    await writeFile(path, '{"schema": 99, "x": 1}');
    await assert.rejects(readJson(path, z.object({})), (error) => isLabError(error, 'state.newer-format'));
    await writeFile(path, '{"schema": 1');
    await assert.rejects(readJson(path, z.object({})), (error) => isLabError(error, 'state.corrupt'));
    await writeFile(path, '{"schema": 1, "x": "text"}');
    await assert.rejects(readJson(path, z.object({ x: z.number() })), (error) => isLabError(error, 'state.corrupt'));
  });

  it('lose only a torn last line', async () => {
    const path = join(directory, 'e.ndjson');
    appendNdjson(path, { a: 1 });
    appendNdjson(path, { a: 2 });
    await writeFile(path, '{"a": 3', { flag: 'a' });
    assert.deepEqual(await readNdjson(path), [{ a: 1 }, { a: 2 }]);
  });

  it('are private where they must be', async () => {
    const path = join(directory, 'p');
    await mkdir(path, { mode: 0o755 });
    await chmod(path, 0o755);
    privateDirectory(path);
    const { mode } = await import('node:fs').then(({ statSync }) => statSync(path));
    assert.equal(mode & 0o777, 0o700);
  });
});

describe('ensureArtefact', () => {
  let room: string;
  beforeEach(async () => void (room = await mkdtemp(join(tmpdir(), 'lpl-unit-'))));
  afterEach(() => rm(room, { recursive: true }));

  const ensure = (inputs: unknown, make: (directory: string) => Promise<void>) =>
    operate((ctx) =>
      runStage(ctx, { id: 'a', title: 'a' }, (stage) => ensureArtefact(stage, { room, label: 'thing', inputs }, make)),
    );

  it('makes once for the same inputs, also when asked twice at once', async () => {
    let made = 0;
    const make = async (directory: string) => writeFile(join(directory, 'f'), String(++made));
    const [a, b] = await Promise.all([ensure({ v: 1 }, make), ensure({ v: 1 }, make)]);
    assert.equal(a, b);
    assert.equal(made, 1);
    assert.notEqual(await ensure({ v: 2 }, make), a);
    assert.equal(made, 2);
  });

  it('clears away what a killed maker left', async () => {
    const path = await ensure({ v: 3 }, async () => undefined);
    await rm(path, { recursive: true });
    await mkdir(`${path}.tmp-1-x`);
    await ensure({ v: 3 }, async () => undefined);
    assert.deepEqual(
      (await readdir(room)).map((name) => join(room, name)),
      [path],
    );
  });

  it('publishes nothing when making fails', async () => {
    await assert.rejects(
      ensure({}, async () => Promise.reject(new Error('half'))),
      /half/,
    );
    assert.deepEqual(await readdir(room), []);
  });
});

describe('withLock', () => {
  it('keeps others out and says who is in', async () => {
    await withLock('/some/thing', { signal, waitMs: 0 }, async () => {
      const second = withLock('/some/thing', { signal, waitMs: 0 }, async () => 'in');
      await assert.rejects(
        second,
        (error) => isLabError(error, 'state.locked') && error.message.includes(`pid ${process.pid}`),
      );
    });
    assert.equal(await withLock('/some/thing', { signal, waitMs: 0 }, async () => 'in'), 'in');
  });

  it('is free again the moment its holder is killed', async () => {
    const script = `import { withLock } from '${join(import.meta.dirname, '../../../lab/src/core/lock.ts')}';
      await withLock('/killed', { signal: new AbortController().signal, waitMs: 0 }, async () => {
        console.log('held');
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      });`;
    const holder = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    holder.kill('SIGKILL');
    assert.equal(await withLock('/killed', { signal, waitMs: 2000 }, async () => 'in'), 'in');
  });
});

describe('abstract sockets', () => {
  it('have names of full length: shorter ones are padded by some versions of Node and not by others', async () => {
    await declareUse('/some/thing');
    const sockets = await readFile('/proc/net/unix', 'utf8');
    const own = new RegExp(`@lpl-use-${process.getuid?.()}-${process.pid}-\\S+`).exec(sockets);
    assert.equal(own?.[0].length, 108);
  });

  it('tell what a process uses', async () => {
    await declareUse('/some/thing');
    const own = (await usingProcesses()).filter(({ pid }) => pid === process.pid);
    assert.ok(own.some(({ paths }) => paths?.includes('/some/thing')));
  });
});

describe('labPaths', () => {
  it('follows the XDG variables and separates labs by their state', () => {
    const paths = labPaths({ HOME: '/h', XDG_CACHE_HOME: '/c' });
    assert.equal(paths.cache, '/c/livepatch-lab');
    assert.equal(paths.state, '/h/.local/state/livepatch-lab');
    assert.notEqual(labPaths({ HOME: '/other' }).runtime, paths.runtime);
    assert.equal(existsSync('/c/livepatch-lab'), false);
  });
});
