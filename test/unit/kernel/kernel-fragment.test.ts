import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isLabError } from '../../../lab/src/core/error.ts';
import {
  fragmentOptions,
  ignoredOptions,
  kconfigText,
  lacksVersions,
  readFragment,
} from '../../../lab/src/kernel/kernel-fragment.ts';

const shipped = join(import.meta.dirname, '../../../images/kconfig');

describe('readFragment', () => {
  let directory: string;
  before(async () => void (directory = await mkdtemp(join(tmpdir(), 'lpl-fragment-'))));
  after(() => rm(directory, { recursive: true }));

  it('finds those of the lab by name and others by path', async () => {
    assert.match((await readFragment(shipped, 'tiny')).text, /^CONFIG_LIVEPATCH=y$/m);
    const path = join(directory, 'mine.config');
    await writeFile(path, 'CONFIG_X=y\n');
    assert.deepEqual(await readFragment(shipped, path), { name: 'mine', path, text: 'CONFIG_X=y\n' });
  });

  it('names those there are when there is no such', () =>
    assert.rejects(
      readFragment(shipped, 'large'),
      (error) => isLabError(error, 'kernel.unknown') && /the lab has .*\btiny\b/.test(error.hint ?? ''),
    ));
});

describe('a fragment', () => {
  const text = '# why\nCONFIG_A=y\nCONFIG_B=m\nCONFIG_S="x y"\n# CONFIG_OFF is not set\n';

  it('makes the same kernel whatever its comments say', () => {
    assert.deepEqual(fragmentOptions(text), fragmentOptions(text.replace('# why\n', '')));
    assert.notDeepEqual(fragmentOptions(text), fragmentOptions(text.replace('# CONFIG_OFF is not set\n', '')));
  });

  it('is held against what kconfig made of it', () => {
    const honoured = 'CONFIG_A=y\nCONFIG_B=m\nCONFIG_S="x y"\nCONFIG_C=y\n# CONFIG_OFF is not set\n';
    assert.deepEqual(ignoredOptions(text, honoured), []);
    const ignored = honoured.replace('CONFIG_A=y', '# CONFIG_A is not set').replace('=m', '=y') + 'CONFIG_OFF=y\n';
    assert.deepEqual(ignoredOptions(text, ignored), ['A=y', 'B=m', 'OFF=n']);
  });
});

describe('symbol versions of modules', () => {
  const modern = 'CONFIG_MODVERSIONS=y\n# CONFIG_BASIC_MODVERSIONS is not set\n';
  it('are lacking where the option alone writes none', () => assert.ok(lacksVersions(modern)));
  it('are there on kernels that know one way only, and where a way is chosen', () => {
    assert.ok(!lacksVersions('CONFIG_MODVERSIONS=y\n'));
    assert.ok(!lacksVersions('CONFIG_MODVERSIONS=y\nCONFIG_BASIC_MODVERSIONS=y\n'));
    assert.ok(!lacksVersions(`${modern}CONFIG_EXTENDED_MODVERSIONS=y\n`));
  });

  it('are asked for in the way that kconfig would choose by itself, where nothing else is said', () => {
    const text = 'CONFIG_MODVERSIONS=y\n';
    assert.equal(kconfigText({ text }), `CONFIG_BASIC_MODVERSIONS=y\n${text}`);
    const chosen = ['CONFIG_EXTENDED_MODVERSIONS=y\n', '# CONFIG_BASIC_MODVERSIONS is not set\n'];
    for (const other of chosen) assert.equal(kconfigText({ text: text + other }), text + other);
  });
});
