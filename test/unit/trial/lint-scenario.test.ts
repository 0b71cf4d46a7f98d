import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lintScenario } from '../../../lab/src/trial/lint-scenario.ts';
import { newScenario } from '../../../lab/src/trial/new-scenario.ts';
import { labPaths } from '../../../lab/src/core/paths.ts';
import { addTargetName } from '../../../lab/src/kernel/target-names.ts';
import { testSite } from '../../support/test-site.ts';

describe("a scenario of one's own", () => {
  let directory: string;
  const site = testSite(labPaths());
  beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), 'lpl-scenario-'))));
  afterEach(() => rm(directory, { recursive: true }));

  it('is made, and nothing stands against it', async () => {
    const path = await newScenario(join(directory, 'mine'), site);
    assert.deepEqual((await lintScenario(path, site)).findings, []);
    await assert.rejects(newScenario(join(directory, 'mine'), site), /is there already/);
  });

  it('may name its target by a short name that there is', async () => {
    const own = testSite({ cache: join(directory, 'c'), state: join(directory, 's'), runtime: join(directory, 'r') });
    const path = join(directory, 'short.yaml');
    await writeFile(join(directory, 'a.patch'), 'diff');
    await writeFile(path, 'schema: 1\ntitle: t\ntarget: mine\npatches:\n  - title: x\n    file: a.patch\n');
    const aboutTarget = async () =>
      (await lintScenario(path, own)).findings.filter(({ message }) => message.startsWith('target: '));
    assert.deepEqual(await aboutTarget(), [{ level: 'error', message: 'target: there is no target mine' }]);
    await addTargetName(own.paths, { name: 'mine', target: 'debian:trixie/cloud-amd64' }, new AbortController().signal);
    assert.deepEqual(await aboutTarget(), []);
  });

  it('is told everything that stands against it at once', async () => {
    const path = join(directory, 'bad.yaml');
    await writeFile(join(directory, 'b.patch'), 'no diff at all\n');
    await writeFile(join(directory, 'c.ko'), 'no module');
    const patches = ['file: a.patch', 'file: b.patch', 'module: c.ko', 'file: b2.patch\n    reproducer: b2.c'];
    await writeFile(
      path,
      `schema: 1\ntitle: t\nprofile: gentoo\npatches:\n${patches.map((patch) => `  - title: x\n    ${patch}\n`).join('')}workloads: [fio]\n`,
    );
    const { findings } = await lintScenario(path, site);
    const said = findings.map(({ level, message }) => `${level}: ${message}`).join('\n');
    for (const wanted of [
      /error: profile: .*gentoo/,
      /error: a: .*a\.patch, which .*bad\.yaml names, cannot be read/,
      /error: b: .*b\.patch.* is no unified diff/,
      /error: c: .*c\.ko is not a livepatch module/,
      /error: b2: reproducer: .*b2\.c, which .* cannot be read/,
      /warning: a: no reproducer/,
    ])
      assert.match(said, wanted);
  });

  it('is doubted when its profile lacks what it works with', async () => {
    const path = join(directory, 't.yaml');
    await writeFile(
      path,
      'schema: 1\ntitle: t\npatches:\n  - title: x\n    file: a.patch\n    acts: { rapid: 3 }\nworkloads: [fio]\nselftests: true\ncpus: 1\n',
    );
    const { findings } = await lintScenario(path, site);
    for (const doubt of [
      'fio: the tiny profile has it not; debian has',
      'selftests: the tiny profile has no bash; debian has',
      'a: rapid: on one CPU a transition is over too soon; give a sleeper, or more cpus',
    ])
      assert.ok(
        findings.some(({ message }) => message === doubt),
        doubt,
      );
  });
});
