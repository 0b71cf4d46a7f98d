// The debian profile in a real guest, and the life of its image.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, open, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { LabEvent } from '../../lab/src/core/event.ts';
import { runStage } from '../../lab/src/core/operation.ts';
import { cacheRooms } from '../../lab/src/core/rooms.ts';
import { imageVerbs } from '../../lab/src/image-verbs.ts';
import { ensureBootable, resolveTarget } from '../../lab/src/kernel/prepare-kernel.ts';
import { baseImageDirectory, findBaseImage, verifyBaseImage } from '../../lab/src/vm/image/base-image.ts';
import {
  baseImagePlace,
  findProfile,
  type GuestProfile,
  prepareProfile,
} from '../../lab/src/vm/image/guest-profile.ts';
import { makeSelftests } from '../../lab/src/trial/selftests/make-selftests.ts';
import { runSelftests } from '../../lab/src/trial/selftests/run-selftests.ts';
import { selftestChecks } from '../../lab/src/trial/selftests/selftest-checks.ts';
import type { RunningMachine } from '../../lab/src/vm/machine.ts';
import { createOverlay } from '../../lab/src/vm/image/overlay.ts';
import { operate } from '../support/operation.ts';
import { makeCacheWithOwn } from '../support/own-rooms.ts';
import { testBuildTree, testKernel, testLabRoot } from '../support/stock-kernel.ts';
import { openTestLab, startTestMachine, type TestLab } from '../support/test-machine.ts';
import { withoutNamespaces } from '../support/without-namespaces.ts';
import { testSite } from '../support/test-site.ts';

const signal = new AbortController().signal;
const support = (name: string) => new URL(`../support/${name}`, import.meta.url).pathname;

describe('the debian profile', () => {
  let lab: TestLab;
  let profile: GuestProfile;
  let one: RunningMachine;
  let two: RunningMachine;
  before(async () => {
    lab = await openTestLab();
    const site = testSite(lab.paths);
    const [labRoot, recipe] = [await testLabRoot(), await findProfile(site, 'debian')];
    profile = await operate((ctx) => prepareProfile({ site, labRoot, profile: recipe }, ctx));
    one = await startTestMachine(lab.paths, 'one', { profile, start: 'cold' });
    two = await startTestMachine(lab.paths, 'two', { profile });
  });
  after(async () => {
    await Promise.all([one, two].map((machine) => machine?.stop()));
    await lab.close();
  });
  const say = async (machine: RunningMachine, script: string) => {
    const { stdout, stderr, exitCode } = await machine.guest.script(script, { signal, timeoutMs: 300_000 });
    assert.equal(exitCode, 0, stderr);
    return stdout;
  };

  it('is a Debian with the workloads, cold booted and restored', async () => {
    for (const machine of [one, two]) {
      const said = await say(
        machine,
        `. /etc/os-release; echo $PRETTY_NAME; stress-ng --cpu 1 --timeout 1 2>&1 | tail -1; fio --version
         iperf3 --version | head -1; ethtool --version; python3 -c 'print(6 * 7)'; ls /usr/lib/sftp-server; hostname`,
      );
      assert.match(said, /^Debian GNU\/Linux 13 \(trixie\)\nstress-ng: info:.*successful run.*\nfio-3\S+\niperf 3/);
      assert.match(said, new RegExp(`\nethtool version .*\n42\n/usr/lib/sftp-server\n${machine.name}\n$`));
    }
  });

  it('finds every module of the target, and what the livepatch selftests ask for', async () => {
    await say(one, 'modprobe xfs; modprobe nf_tables; grep -q ^xfs /proc/modules');
    await say(
      one,
      'for tool in bash make awk grep sed diff dmesg modprobe insmod rmmod sysctl mount; do command -v $tool; done',
    );
    assert.match(
      await say(one, 'mount'),
      /^\/dev\/vd[a-z] on \/ type ext4 .*\n(.*\n)*\/dev\/vd[a-z] on \/usr\/lib\/modules/,
    );
  });

  it('runs the kernel’s own livepatch selftests', async () => {
    const kernel = { ...(await testKernel()), ...(await testBuildTree()) };
    const { programs: room } = cacheRooms(lab.paths);
    // All seven pass in a trial (fixtures/scenarios/selftests.yaml); these three take 10 s.
    const tests = ['test-livepatch.sh', 'test-shadow-vars.sh', 'test-sysfs.sh'];
    const output = await operate(async (ctx) => {
      const make = { id: 'make', title: 'make them' };
      const directory = await runStage(ctx, make, (stage) => makeSelftests(stage, { room, kernel }));
      return runSelftests(one.guest, { directory, tests }, ctx);
    });
    const checks = selftestChecks({ selftests: { tests, output } });
    assert.ok(checks.length > 8, output);
    assert.deepEqual(
      checks.filter(({ ok }) => ok !== true),
      [],
    );
  });

  for (const target of ['debian:bookworm/cloud-amd64@6.1', 'debian:trixie-backports/cloud-amd64'])
    it(`boots on the kernel of ${target}`, async () => {
      const rooms = cacheRooms(lab.paths);
      const kernel = await operate(async (ctx) => ensureBootable(ctx, rooms, await resolveTarget(ctx, rooms, target)));
      const machine = await startTestMachine(lab.paths, 'other', { profile, kernel, start: 'cold' });
      const said = await say(machine, 'uname -r; modprobe xfs; stress-ng --cpu 1 --timeout 1 2>&1 | tail -1');
      await machine.stop();
      assert.ok(said.startsWith(`${kernel.release}\n`), said);
      assert.match(said, /stress-ng: info:.*successful run/);
      await machine.forget();
    });

  it('gives each machine a disk of its own, over an image that none of them changes', async () => {
    await say(one, 'echo mine > /etc/lpl-mark; sync');
    await say(two, 'test ! -e /etc/lpl-mark; echo other > /etc/lpl-other; sync');
    await say(one, 'test ! -e /etc/lpl-other; grep mine /etc/lpl-mark');
    for (const { files } of [one, two]) assert.equal((await stat(files.rootDisk)).mode & 0o777, 0o600);
    const site = testSite(lab.paths);
    const recipe = await findProfile(site, 'debian');
    assert.ok(recipe.base === 'debian');
    const image = await findBaseImage({ ...baseImagePlace(site), profile: recipe });
    assert.ok(image);
    assert.equal(image.path, profile.rootDisk);
    assert.equal((await stat(image.path)).mode & 0o777, 0o444);
    assert.equal(await verifyBaseImage(image, signal), undefined);
  });

  it('keeps what a machine wrote over a reboot', async () => {
    await operate((ctx) => one.reboot(ctx));
    assert.equal(await say(one, 'cat /etc/lpl-mark'), 'mine\n');
  });

  it('is not removed while machines use it', async () => {
    const images = imageVerbs(testSite(lab.paths));
    await assert.rejects(images.imageRemove('debian'), {
      code: 'image.in-use',
      message: 'profile debian is used by one, two',
    });
    const [debian] = await images.imageList();
    assert.deepEqual([debian?.name, debian?.state, debian?.machines], ['debian', 'built', ['one', 'two']]);
    assert.ok((debian?.image?.diskBytes ?? 0) > 50e6 && (debian?.snapshots.length ?? 0) > 0);
  });

  it('says in one line that there is no room for an overlay, and leaves nothing', async () => {
    const labRoot = await testLabRoot();
    const disk = join(dirname(lab.paths.state), 'small');
    await mkdir(disk);
    const tsx = [process.execPath, '--import', 'tsx'];
    const make = [...tsx, support('make-overlay.ts'), labRoot, profile.rootDisk ?? '', join(disk, 'root.qcow2')];
    const namespace = ['--mount', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])];
    const onDisk = (size: string) => {
      const argv = [...namespace, ...tsx, support('on-small-disk.ts'), disk, `size=${size}`, ...make];
      const { stdout } = spawnSync('unshare', argv, { encoding: 'utf8' });
      return JSON.parse(stdout) as { code?: string; message?: string; left: string[] };
    };
    assert.deepEqual(onDisk('64k'), {
      code: 'host.no-space',
      message: `no room for the overlay ${disk}/root.qcow2`,
      left: [],
    });
    assert.deepEqual(onDisk('4m'), { left: ['root.qcow2'] });
  });

  it('makes no overlay over what is no image', async () => {
    const [labRoot, path] = [await testLabRoot(), join(dirname(lab.paths.state), 'overlay')];
    for (const backing of ['/etc/passwd', '/nothing'])
      await assert.rejects(createOverlay({ labRoot, path, backing }, signal), { code: 'image.failed' });
    await assert.rejects(stat(path), { code: 'ENOENT' });
  });
});

describe('a base image of the user’s own recipe', () => {
  let lab: TestLab;
  let own: string;
  let place: Parameters<typeof findBaseImage>[0];
  let build: (events?: LabEvent[]) => Promise<GuestProfile>;
  before(async () => {
    lab = await openTestLab();
    own = await mkdtemp(join(tmpdir(), 'lpl-own-'));
    const recipes = join(own, '.livepatch-lab/images');
    await mkdir(recipes, { recursive: true });
    const files = 'files: [{ path: /etc/motd, content: "hello\\n", mode: "0640" }]';
    await writeFile(join(recipes, 'small.yaml'), `schema: 1\nname: small\ntitle: Small\nbase: debian\n${files}\n`);
    const cache = join(own, 'cache');
    await makeCacheWithOwn(['images'], cache);
    const site = testSite({ ...lab.paths, cache }, own);
    const [labRoot, profile] = [await testLabRoot(), await findProfile(site, 'small')];
    assert.ok(profile.base === 'debian');
    place = { ...baseImagePlace(site), profile };
    build = (events = []) => operate((ctx) => prepareProfile({ site, labRoot, profile }, ctx), { events });
  });
  after(async () => {
    await lab.close();
    await rm(own, { recursive: true });
  });

  it('is made anew when it is corrupt, and says so', async () => {
    const directory = await baseImageDirectory(place);
    const record = { schema: 1, sha256: '0'.repeat(64), sizeBytes: 5, mtimeMs: 0, builtAt: 0 };
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'image.json'), JSON.stringify(record));
    await writeFile(join(directory, 'stage.json'), '{}');
    await writeFile(join(directory, `${'0'.repeat(16)}.qcow2`), 'bogus');
    const events: LabEvent[] = [];
    await build(events);
    assert.ok(JSON.stringify(events).includes('the image was damaged (its checksum is another) and is made anew'));
  });

  it('has its files, and none of the packages it does not name', async () => {
    const machine = await startTestMachine(lab.paths, 'small', { profile: await build(), start: 'cold' });
    const script = 'cat /etc/motd; stat -c %a /etc/motd; command -v fio || echo none';
    const { stdout } = await machine.guest.script(script, { signal });
    await machine.stop();
    assert.equal(stdout, 'hello\n640\nnone\n');
  });

  it('is not begun where user namespaces are forbidden: one line says so', () => {
    const ask = [process.execPath, '--import', 'tsx', support('ask-for-namespace.ts')];
    const [unshare, ...words] = withoutNamespaces(...ask);
    const refused = spawnSync(unshare, words, { encoding: 'utf8' });
    const said = /^host\.missing-tool: the image of x needs root of a user namespace of its own: bwrap exited .*\n$/;
    assert.match(refused.stdout, said, refused.stderr);
    assert.equal(spawnSync(ask[0] as string, ask.slice(1), { encoding: 'utf8' }).stdout, '');
  });

  it('is as good as before when it was touched, and not when it was changed', async () => {
    const { rootDisk = '' } = await build();
    await utimes(rootDisk, 1, 1);
    assert.equal((await build()).rootDisk, rootDisk);
    assert.equal((await stat(rootDisk)).mtimeMs, 1000, 'it was not made again');
    const image = await findBaseImage(place);
    assert.ok(image);
    assert.equal(image.mtimeMs, 1000);
    await chmod(rootDisk, 0o600);
    const file = await open(rootDisk, 'r+');
    await file.write(Buffer.from('x'), 0, 1, image.sizeBytes >> 1);
    await file.close();
    assert.equal(await verifyBaseImage(image, signal), 'its checksum is another');
    await truncate(rootDisk, 4096);
    assert.equal(await verifyBaseImage(image, signal), `it has 4096 bytes of ${image.sizeBytes}`);
    await rm(rootDisk);
    assert.equal(await verifyBaseImage(image, signal), 'the file is missing');
  });
});
