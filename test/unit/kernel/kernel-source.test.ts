import assert from 'node:assert/strict';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isLabError } from '../../../lab/src/core/error.ts';
import { fullSourceName, resolveSource } from '../../../lab/src/kernel/kernel-source.ts';
import { addTargetName } from '../../../lab/src/kernel/target-names.ts';
import { makeBuiltTree } from '../../support/built-tree.ts';
import { operate } from '../../support/operation.ts';
import { testSite } from '../../support/test-site.ts';

describe('the name of a source', () => {
  let directory: string;
  let site: ReturnType<typeof testSite>;
  before(async () => {
    directory = await realpath(await mkdtemp(join(tmpdir(), 'lpl-source-')));
    site = testSite({ cache: join(directory, 'c'), state: join(directory, 's'), runtime: join(directory, 'r') });
    await makeBuiltTree(join(directory, 'tree'));
    const { signal } = new AbortController();
    await addTargetName(site.paths, { name: 'stable', target: 'debian:trixie/cloud-amd64@6.12.107' }, signal);
    await addTargetName(site.paths, { name: 'mine', target: `tree:${directory}/tree` }, signal);
  });
  after(() => rm(directory, { recursive: true }));

  it('may be a short one, which means what it means everywhere', async () => {
    assert.equal(await fullSourceName(site, 'stable'), 'debian:trixie/cloud-amd64@6.12.107');
    assert.equal(await fullSourceName(site, 'mine'), `tree:${directory}/tree`);
  });

  it('is a directory when no target has it, and when it is more than a word', async () => {
    const refused = (text: string) =>
      assert.rejects(
        fullSourceName(site, text),
        (error) => isLabError(error, 'usage.invalid') && error.message === `${text} is no kernel source`,
      );
    await refused('linux-6.12');
    await refused('./stable');
    await writeFile(join(directory, 'Kbuild'), '');
    assert.equal(await fullSourceName(site, directory), directory);
    assert.equal(await operate((ctx) => resolveSource(ctx, site, directory)), directory);
  });

  it('of a build tree leads to what it was built from', async () => {
    const source = await operate((ctx) => resolveSource(ctx, site, `tree:${directory}/tree`));
    assert.equal(source, join(directory, 'tree'));
  });
});
