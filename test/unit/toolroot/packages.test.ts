import assert from 'node:assert/strict';
import { parsePrintUris } from '../../../lab/src/toolroot/fetch-packages.ts';
import { isLabError, LabError } from '../../../lab/src/core/error.ts';
import { requireHost } from '../../../lab/src/toolroot/host-check.ts';
import { parseIndexTargets } from '../../../lab/src/toolroot/mirrors.ts';
import { listsFailure } from '../../../lab/src/toolroot/package-view.ts';
import { toolrootRecipe } from '../../../lab/src/toolroot/recipes.ts';
import { inToolroot } from '../../../lab/src/toolroot/sandbox.ts';

describe('parseIndexTargets', () => {
  it('finds the archives and passes over other repositories', () => {
    const text = [
      'http://mirror.example/elsewhere/apt/ nodistro',
      'http://mirror.example/debian/ bookworm',
      'http://mirror.example/debian/ bookworm-updates',
      'http://mirror.example/debian-security/ bookworm-security',
    ].join('\n');
    assert.deepEqual(parseIndexTargets(text), {
      archive: 'http://mirror.example/debian/',
      security: 'http://mirror.example/debian-security/',
    });
  });

  it('finds nothing where there is none', () => {
    assert.deepEqual(parseIndexTargets('http://mirror.example/ubuntu/ noble\n'), {});
  });
});

describe('listsFailure', () => {
  const failure = (stdout: string, stderr: string) =>
    listsFailure('potato', new LabError('command.failed', 'apt-get ended with 100', { details: { stdout, stderr } }));

  it('tells a suite that the mirror does not have', () => {
    const error = failure(
      'Ign:1 http://mirror.example/debian potato InRelease\nErr:3 http://mirror.example/debian potato Release\n  404  Not Found\n',
      "E: The repository 'http://mirror.example/debian potato Release' does not have a Release file.\n",
    );
    assert.match(error.message, /no suite potato/);
    assert.doesNotMatch(error.hint ?? '', /network/);
  });

  it('from a mirror that cannot be reached', () => {
    const error = failure(
      'Err:1 http://mirror.example/debian potato InRelease\n  Could not connect to 127.0.0.1:9\n',
      'E: Failed to fetch http://mirror.example/debian/dists/potato/InRelease  Could not connect to 127.0.0.1:9\n',
    );
    assert.match(error.message, /could not be fetched/);
    assert.match(error.hint ?? '', /network/);
  });
});

describe('parsePrintUris', () => {
  it('reads file names and sizes', () => {
    const text = `'http://mirror.example/debian/pool/main/g/glibc/libc6_2.41-12%2bdeb13u4_amd64.deb' libc6_2.41-12+deb13u4_amd64.deb 2846580 MD5Sum:00\nnoise\n`;
    assert.deepEqual(parsePrintUris(text), [{ fileName: 'libc6_2.41-12+deb13u4_amd64.deb', sizeBytes: 2846580 }]);
  });
});

describe('toolrootRecipe', () => {
  it('links the compiler under its plain name', () => {
    const recipe = toolrootRecipe('trixie', 'gcc-14=14.2.0-19');
    assert.ok(recipe.packages.includes('gcc-14=14.2.0-19'));
    assert.equal(recipe.links?.['usr/bin/gcc'], 'gcc-14');
  });
});

describe('inToolroot', () => {
  const options = {
    toolroot: { path: '/roots/t', compiler: 'gcc-14' },
    binds: [{ host: '/src', access: 'read' as const }],
    cwd: '/src',
  };
  const { argv } = inToolroot({ argv: ['gcc', '-c', 'x y.c'] }, options);

  it('shows the root and the binds, read-only unless asked otherwise', () => {
    const words = argv.join(' ');
    assert.match(words, /--ro-bind \/roots\/t\/usr \/usr/);
    assert.match(words, /--ro-bind \/src \/src/);
    assert.doesNotMatch(words, /--bind /);
  });

  it('cuts network and host away and passes words unchanged', () => {
    assert.ok(argv.includes('--unshare-net') && argv.includes('--clearenv') && argv.includes('--unshare-pid'));
    assert.deepEqual(argv.slice(argv.indexOf('--') + 1), ['gcc', '-c', 'x y.c']);
  });
});

describe('requireHost', () => {
  const fine = { id: 'a', title: 'disk', ok: true, said: '9 GB free' };

  it('lets a sound machine through and stops at the first thing that is not', () => {
    requireHost([fine]);
    assert.throws(
      () => requireHost([fine, { ...fine, ok: false, said: '1 GB free', next: 'free 8 GB' }]),
      (error) =>
        isLabError(error, 'host.missing-tool') && error.message === 'disk: 1 GB free' && error.hint === 'free 8 GB',
    );
  });
});
