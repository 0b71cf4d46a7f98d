import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { artefactPath, ensureArtefact } from '../../../lab/src/core/artefact.ts';
import { withLock } from '../../../lab/src/core/lock.ts';
import { runStage } from '../../../lab/src/core/operation.ts';
import { keepKernel, keptKernels, stockKernelRecords } from '../../../lab/src/kernel/find-kernel.ts';
import { pruneCache, type PruneRequest } from '../../../lab/src/kernel/prune-cache.ts';
import { operate } from '../../support/operation.ts';

const hourMs = 3600_000;
const nobody = { files: [], targets: new Map<string, string>() };

describe('pruneCache', () => {
  let directory: string;
  let cache: string;
  const children: ChildProcess[] = [];
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lpl-prune-'));
    cache = join(directory, 'cache');
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await rm(directory, { recursive: true });
  });

  /** An artefact of 100 kB that was last asked for so many hours ago. */
  const artefact = async (name: string, hoursAgo = 100): Promise<string> => {
    const path = join(cache, name);
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'content'), Buffer.alloc(100_000, 1));
    await writeFile(join(path, 'stage.json'), '{}');
    const at = Date.now() / 1000 - hoursAgo * 3600;
    for (const each of [join(path, 'stage.json'), path]) await utimes(each, at, at);
    return path;
  };
  const prune = (request: Partial<PruneRequest> = {}) =>
    operate((ctx) =>
      runStage(ctx, { id: 'prune', title: 'prune' }, (stage) =>
        pruneCache(stage, { cache, olderThanMs: 50 * hourMs, how: 'delete', keep: nobody, ...request }),
      ),
    );
  const start = async (command: string, ...words: string[]) => {
    const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    await once(child.stdout, 'data');
    return child;
  };
  const script = join(import.meta.dirname, '../../support/use-artefact.ts');
  const use = (room: string, ...words: string[]) => start(process.execPath, '--import', 'tsx', script, room, ...words);

  it('removes what was not used for so long, and no more', async () => {
    const [old, young] = [await artefact('roots/old', 51), await artefact('roots/young', 49)];
    const { removed, spared, freedBytes, leftBytes } = await prune();
    assert.deepEqual([existsSync(old), existsSync(young)], [false, true]);
    assert.deepEqual([removed.map(({ name }) => name), spared], [['old'], []]);
    assert.ok(freedBytes >= 100_000 && leftBytes >= 100_000, `${freedBytes} ${leftBytes}`);
    assert.deepEqual(await readdir(join(cache, 'roots')), ['young']);
  });

  it('removes what was used longest ago until the rest is small enough', async () => {
    for (const [name, hoursAgo] of Object.entries({ a: 1, b: 3, c: 4, d: 2 }))
      await artefact(`roots/${name}`, hoursAgo);
    const { leftBytes } = await prune({ olderThanMs: Infinity, maxBytes: 250_000 });
    assert.deepEqual(await readdir(join(cache, 'roots')), ['a', 'd']);
    assert.ok(leftBytes <= 250_000, String(leftBytes));
  });

  it('only tells, when it is only asked', async () => {
    const old = await artefact('roots/old');
    const { removed } = await prune({ how: 'report' });
    assert.deepEqual([removed.map(({ name }) => name), existsSync(old)], [['old'], true]);
  });

  it('takes apart what is compiled on a bench one works with every day', async () => {
    const [old, young] = [await artefact('builds/6.12-x/unit-old'), await artefact('builds/6.12-x/unit-young', 1)];
    const scratch = join(cache, 'builds/6.12-x/work-1-1-x');
    await mkdir(scratch);
    const { removed } = await prune();
    assert.deepEqual([existsSync(old), existsSync(young), existsSync(scratch)], [false, true, true]);
    assert.deepEqual(
      removed.map(({ room, name }) => `${room}/${name}`),
      ['builds/6.12-x/unit-old'],
    );
    const { leftBytes } = await prune({ olderThanMs: 0 });
    assert.deepEqual([leftBytes, await readdir(join(cache, 'builds'))], [0, []]);
  });

  it('leaves what another process reads, until that one is dead', async () => {
    const room = join(cache, 'facts');
    const child = await use(room, 'x');
    const path = artefactPath({ room, label: 'used', inputs: 'x' });
    const { spared } = await prune({ olderThanMs: 0 });
    assert.ok(existsSync(path));
    assert.match(spared[0]?.keptBy ?? '', new RegExp(`^pid ${child.pid} \\(`));
    child.kill('SIGKILL');
    await once(child, 'exit');
    await prune({ olderThanMs: 0 });
    assert.ok(!existsSync(path));
  });

  it('leaves what is being made, and removes what a killed maker left, whatever its age', async () => {
    const room = join(cache, 'facts');
    const child = await use(room, 'x', 'make');
    const made = async () => (await readdir(room)).length;
    const { spared } = await prune({ olderThanMs: hourMs });
    assert.deepEqual([spared.length, await made()], [1, 1]);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await prune({ olderThanMs: hourMs });
    assert.equal(await made(), 0);
  });

  it('leaves a file that a QEMU has open, also where the cache is behind a symbolic link', async () => {
    const [open, other] = [await artefact('images/open'), await artefact('images/other')];
    await symlink(cache, join(directory, 'link'));
    await start('tail', '-c', '+0', '-f', join(open, 'stage.json'));
    const { spared } = await prune({ cache: join(directory, 'link') });
    assert.deepEqual([existsSync(open), existsSync(other)], [true, false]);
    assert.match(spared[0]?.keptBy ?? '', /\(tail /);
  });

  it('leaves what this very process uses', async () => {
    const request = { room: join(cache, 'facts'), label: 'own', inputs: 1 };
    const path = await operate((ctx) =>
      runStage(ctx, { id: 'a', title: 'a' }, (stage) => ensureArtefact(stage, request, async () => undefined)),
    );
    await prune({ olderThanMs: 0 });
    assert.ok(existsSync(path));
  });

  it('leaves what a machine or a name wants, and says who', async () => {
    const names = ['base', 'image-6.12.94-x-01', 'image-6.12.95-x-01'];
    const [base, named, unnamed] = await Promise.all(names.map((name) => artefact(`kernels/${name}`)));
    const kernel = (version: string) => ({
      target: { suite: 'trixie', flavour: 'x', version },
      ...{ release: `${version}-x`, image: [], headers: '', source: '', compiler: 'gcc-14' },
    });
    for (const version of ['6.12.94', '6.12.95']) await keepKernel(join(cache, 'kernels'), kernel(version));
    const keep = {
      files: [{ path: join(base ?? '', 'disk.qcow2'), by: 'machine web1' }],
      targets: new Map([['debian:trixie/x@6.12.94', 'target field']]),
    };
    const { spared } = await prune({ keep });
    assert.deepEqual([base, named, unnamed].map(String).map(existsSync), [true, true, false]);
    assert.deepEqual(spared.map(({ keptBy }) => keptBy).sort(), ['machine web1', 'target field']);
  });

  it('never leaves the rooms of the cache', async () => {
    const outside = [join(directory, 'a'), join(directory, 'b')];
    for (const path of outside) await mkdir(join(path, 'x'), { recursive: true });
    await artefact('roots/real');
    await symlink(outside[0] ?? '', join(cache, 'kernels'));
    await symlink(outside[1] ?? '', join(cache, 'roots/linked'));
    const mine = await artefact('somebody-elses/old');
    const { removed } = await prune({ olderThanMs: 0 });
    assert.deepEqual([...outside.map((path) => join(path, 'x')), mine].map(existsSync), [true, true, true]);
    assert.deepEqual(
      removed.map(({ name }) => name),
      ['real'],
    );
  });

  it('killed over a removal, it is completed by the next one, or by who makes it again', async () => {
    const path = await artefact('facts/x', 1);
    await rename(path, `${path}.tmp-removed-1`);
    await prune();
    assert.deepEqual(await readdir(join(cache, 'facts')), []);
    const request = { room: join(cache, 'facts'), label: 'y', inputs: 1 };
    await artefact(`facts/${artefactPath(request).split('/').at(-1)}.tmp-removed-1`, 1);
    const made = await operate((ctx) =>
      runStage(ctx, { id: 'a', title: 'a' }, (stage) => ensureArtefact(stage, request, async () => undefined)),
    );
    assert.deepEqual(await readdir(join(cache, 'facts')), [made.split('/').at(-1)]);
  });

  it('leaves the artefact of a lock that somebody holds', async () => {
    const path = await artefact('facts/x');
    await withLock(path, { signal: new AbortController().signal, waitMs: 0 }, async () => {
      assert.equal((await prune()).spared[0]?.keptBy, 'whoever makes it');
    });
    assert.ok(existsSync(path));
  });

  it('a kernel of which a part went is not prepared any more, and one of which all went is forgotten', async () => {
    const room = join(cache, 'kernels');
    const target = { suite: 'trixie', flavour: 'x', version: '6.12.94' };
    await artefact('kernels/headers-6.12.94-x-01');
    for (const name of ['image-6.12.94-x-01', 'source-6.12.94-01']) await artefact(`kernels/${name}`, 1);
    await keepKernel(room, {
      target,
      ...{ release: '6.12.94-x', image: [], headers: '', source: '', compiler: 'gcc-14' },
    });
    assert.equal((await keptKernels(room, target)).length, 1);
    await prune();
    assert.deepEqual([(await keptKernels(room, target)).length, (await stockKernelRecords(room)).length], [0, 1]);
    await prune({ olderThanMs: 0 });
    assert.equal((await stockKernelRecords(room)).length, 0);
  });
});
