import assert from 'node:assert/strict';
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { LabError } from '../../../../lab/src/core/error.ts';
import { findProfiles, readProfile } from '../../../../lab/src/vm/image/find-profiles.ts';
import { mmdebstrapArgv } from '../../../../lab/src/vm/image/build-base-image.ts';
import { explainFailure, mmdebstrapComplaint } from '../../../../lab/src/vm/image/image-failure.ts';
import { type DebianProfile, parseProfile, profileSchema } from '../../../../lab/src/vm/image/profile.ts';

const images = new URL('../../../../images', import.meta.url).pathname;
const shipped = join(images, 'profiles');
const own = (text: string) => parseProfile(`schema: 1\nname: own\ntitle: Mine\n${text}`, '/w/own.yaml');

describe('guest profiles', () => {
  it('are shipped: tiny without a disk, debian with one', async () => {
    const [debian, tiny] = await Promise.all(
      ['debian', 'tiny'].map((name) => readProfile({ shipped, workspace: '/' }, name)),
    );
    assert.equal(tiny?.base, 'initramfs');
    assert.ok(debian?.base === 'debian');
    for (const name of ['stress-ng', 'fio', 'iperf3', 'ethtool', 'kmod', 'python3'])
      assert.ok(debian.packages.includes(name));
  });

  it('have the schema that images/profile.schema.json tells editors', async () => {
    const path = join(images, 'profile.schema.json');
    const schema = `${JSON.stringify(z.toJSONSchema(profileSchema, { io: 'input' }), null, 2)}\n`;
    if (process.env['UPDATE_GOLDEN']) await writeFile(path, schema);
    assert.deepEqual(JSON.parse(await readFile(path, 'utf8')), JSON.parse(schema), 'UPDATE_GOLDEN=1 writes it anew');
  });

  it('know their defaults', () => {
    const profile = own('base: debian');
    assert.ok(profile.base === 'debian');
    assert.deepEqual([profile.suite, profile.packages, profile.diskMiB, profile.memoryMiB], ['trixie', [], 4096, 512]);
  });

  it('read files beside the recipe', () => {
    const profile = own(
      'base: debian\nfiles:\n  - { path: /etc/motd, from: motd.txt }\n  - { path: /run.sh, mode: "0755", content: x }',
    );
    assert.ok(profile.base === 'debian');
    assert.deepEqual(profile.files, [
      { path: '/etc/motd', mode: '0644', from: '/w/motd.txt' },
      { path: '/run.sh', mode: '0755', content: 'x' },
    ]);
  });

  const wrong = [
    ['base: debian\npackage: [fio]', '/w/own.yaml:5: profile: Unrecognized key: "package"'],
    ['base: debian\npackages: [fio, "-o foo"]', '/w/own.yaml:5: packages.1: not the name of a Debian package'],
    ['base: gentoo', '/w/own.yaml:4: base: Invalid discriminator value'],
    ['base: initramfs\npackages: [fio]', '/w/own.yaml:5: profile: Unrecognized key: "packages"'],
    [
      'base: debian\nfiles:\n  - { path: /etc/../../x, content: x }',
      '/w/own.yaml:6: files.0.path: an absolute path without . and ..',
    ],
    ['base: debian\nfiles:\n  - { path: /etc/x }', '/w/own.yaml:6: files.0: give either content or from'],
    ['base: debian\ndiskMiB: lots', '/w/own.yaml:5: diskMiB: Invalid input: expected number, received string'],
    ['base: [', '/w/own.yaml:4: '],
  ] as const;
  for (const [text, message] of wrong)
    it(`are refused with file and line: ${JSON.stringify(text)}`, () =>
      assert.throws(
        () => own(text),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, 'image.invalid');
          assert.equal(error.message.slice(0, message.length), message);
          assert.doesNotMatch(error.message, /\n/);
          return true;
        },
      ));

  it('are refused under the name of another file', () =>
    assert.throws(() => parseProfile('schema: 1\nname: a\ntitle: A\nbase: initramfs\n', '/w/b.yaml'), {
      message: '/w/b.yaml:2: name: a is not the name of the file',
    }));
});

describe('the user’s own guest profiles', () => {
  let root: string;
  const put = async (directory: string, name: string, text: string) => {
    const room = join(root, directory, '.livepatch-lab/images');
    await mkdir(room, { recursive: true });
    await writeFile(join(room, `${name}.yaml`), text);
  };
  const recipe = (name: string, title: string) => `schema: 1\nname: ${name}\ntitle: ${title}\nbase: initramfs\n`;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'lpl-profiles-'));
    await put('.', 'mine', recipe('mine', 'outer'));
    await put('.', 'debian', recipe('debian', 'replaced'));
    await put('a/b', 'mine', recipe('mine', 'inner'));
    await put('.', 'torn', 'schema: [');
  });
  after(() => rm(root, { recursive: true }));

  it('are found from the workspace upwards, the nearest first, before those shipped', async () => {
    const places = { shipped, workspace: join(root, 'a/b') };
    const found = await findProfiles(places);
    assert.deepEqual(
      found.map(({ name, origin }) => [name, origin]),
      [
        ['debian', 'user'],
        ['mine', 'user'],
        ['tiny', 'shipped'],
        ['torn', 'user'],
      ],
    );
    assert.equal((await readProfile(places, 'mine')).title, 'inner');
    assert.equal((await readProfile({ shipped, workspace: join(root, 'a') }, 'mine')).title, 'outer');
    assert.equal((await readProfile({ shipped, workspace: tmpdir() }, 'debian')).base, 'debian');
  });

  it('are named when another is asked for', () =>
    assert.rejects(readProfile({ shipped, workspace: root }, 'arch'), {
      code: 'image.unknown',
      message: 'there is no guest profile arch; there are debian, mine, tiny, torn',
    }));
});

describe('mmdebstrap argv', () => {
  it('installs nothing but what is asked for, and never mounts', () => {
    const profile = own('base: debian\npackages: [fio]\nomit: [/usr/lib/libLLVM*]') as DebianProfile;
    assert.deepEqual(mmdebstrapArgv(profile), [
      'fakeroot-sysv',
      '--',
      'mmdebstrap',
      '--mode=root',
      '--variant=custom',
      '--format=tar',
      '--verbose',
      '--skip=update,check/signed-by,chroot/mount',
      '--include=?essential',
      '--include=dropbear-bin',
      '--include=fio',
      '--dpkgopt=force-unsafe-io',
      '--dpkgopt=path-exclude=/usr/share/man/*',
      '--dpkgopt=path-exclude=/usr/share/locale/*',
      '--dpkgopt=path-exclude=/usr/share/info/*',
      '--dpkgopt=path-exclude=/usr/share/doc/*/changelog*',
      '--dpkgopt=path-exclude=/usr/lib/libLLVM*',
      '--hook-dir=/hooks',
      'trixie',
      '/out/root.tar',
      '/sources.list',
    ]);
  });
});

describe('a failed mmdebstrap', () => {
  // Recorded from mmdebstrap 1.5.7: a recipe with a file at /usr; a sandbox without /sys; owners that are not there.
  const end = 'W: hooklistener errored out: E: received eof on socket\n\nE: mmdebstrap failed to run\n';
  it('is told by what the hook said', () =>
    assert.equal(
      mmdebstrapComplaint(
        `Processing triggers for libc-bin (2.41-12+deb13u5) ...
I: running --customize-hook directly: /hooks/customize /tmp/mmdebstrap.s2GAwSrj6q
cp: cannot overwrite directory '/tmp/mmdebstrap.s2GAwSrj6q/./usr' with non-directory '/files/./usr'
E: setup failed: E: command failed: /hooks/customize
${end}`,
      ),
      "cp: cannot overwrite directory '/tmp/mmdebstrap.s2GAwSrj6q/./usr' with non-directory '/files/./usr'",
    ));

  it('is told by dpkg’s error, not by its warnings', () =>
    assert.equal(
      mmdebstrapComplaint(
        `dpkg: warning: ignoring pre-dependency problem!
dpkg: error processing archive /var/cache/apt/archives/base-files_13.8+deb13u8_amd64.deb (--install):
 unable to clean up mess surrounding './sys' before installing another version: Invalid cross-device link
Errors were encountered while processing:
 /var/cache/apt/archives/base-files_13.8+deb13u8_amd64.deb
E: setup failed: E: env --unset=APT_CONFIG --unset=TMPDIR chroot /scratch dpkg --install failed
${end}`,
      ),
      "dpkg: error processing archive /var/cache/apt/archives/base-files_13.8+deb13u8_amd64.deb (--install): unable to clean up mess surrounding './sys' before installing another version: Invalid cross-device link",
    ));

  it('is told by mmdebstrap itself when nobody else says anything', () => {
    assert.equal(
      mmdebstrapComplaint(`I: extracting archives...\nE: tar --extract failed: 512\n${end}`),
      'tar --extract failed: 512',
    );
    assert.equal(mmdebstrapComplaint(''), undefined);
  });

  it('is the recipe’s fault when a package is not there, and the host’s when its disk is full', () => {
    const profile = own('base: debian') as DebianProfile;
    const explain = (code: 'packages.unavailable' | 'command.failed', message: string) =>
      explainFailure(profile, new LabError(code, message, { details: { stderr: message } })) as LabError;
    const missing = explain('packages.unavailable', 'packages of trixie: Unable to locate package nope');
    assert.deepEqual([missing.code, missing.message], ['image.invalid', '/w/own.yaml: trixie has no package nope']);
    assert.equal(explain('packages.unavailable', 'no network').code, 'packages.unavailable');
    assert.equal(explain('command.failed', 'mke2fs: No space left on device').code, 'host.no-space');
    assert.equal(explain('command.failed', 'E: broken').message, 'the image of profile own could not be made: broken');
  });
});
