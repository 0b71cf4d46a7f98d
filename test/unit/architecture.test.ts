// The house plan (DESIGN 2) as a test: who may import whom, and what a file may be called. A rule that matches nothing any
// more fails as well.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cruise, type IForbiddenRuleType } from 'dependency-cruiser';

const root = join(import.meta.dirname, '../..');

/** Lower rooms first; a room may import itself and every room before it on another row. */
const floors = [
  ['core'],
  ['toolroot'],
  ['kernel'],
  ['patch', 'vm'],
  ['build', 'klp', 'workload'],
  ['trial'],
  ['fleet', 'sweep'],
  ['cli'],
];

/** The vm room's own floors; above them, directly in it, lie the lives of machines. */
const vmFloors = [['instance'], ['qemu'], ['guest', 'console', 'admission'], ['image'], ['[^/]+\\.ts$']];

const layersOf = (within: string, floors: readonly (readonly string[])[]): IForbiddenRuleType[] =>
  floors.flatMap((rooms, floor) =>
    rooms.map((room) => {
      const above = [...rooms.filter((other) => other !== room), ...floors.slice(floor + 1).flat()];
      const isFolder = (name: string) => (name.endsWith('$') ? name : `${name}/`);
      return {
        name: `${within}${room}-looks-up`,
        severity: 'error' as const,
        from: { path: `^${within}${isFolder(room)}` },
        to: { path: above.length > 0 ? `^${within}(${above.map(isFolder).join('|')})` : '^nothing' },
      };
    }),
  );

const layers = [...layersOf('lab/src/', floors), ...layersOf('lab/src/vm/', vmFloors)];

const only = (name: string, packages: string, allowed: string): IForbiddenRuleType => ({
  name,
  severity: 'error',
  from: { path: '^(lab|extension)/src/', pathNot: allowed },
  to: { path: packages },
});

const rules: IForbiddenRuleType[] = [
  ...layers,
  { name: 'no-cycles', severity: 'error', from: { path: '^(lab|extension)/src/' }, to: { circular: true } },
  { name: 'facade', severity: 'error', from: { path: '^extension/src/' }, to: { path: '^lab/src/(?!lab\\.ts$)' } },
  {
    name: 'lab-knows-no-door',
    severity: 'error',
    from: { path: '^lab/src/(?!cli/)' },
    to: { path: '^(extension/|lab/src/cli/)' },
  },
  only('execa', 'node_modules/execa', '^lab/src/core/process\\.ts$'),
  only('ssh2', 'node_modules/(@types/)?ssh2', '^lab/src/vm/guest/ssh'),
  only('node-qemu', 'node_modules/node-qemu', '^lab/src/vm/'),
  only('bullmq', 'node_modules/(bullmq|ioredis)', '^lab/src/fleet/'),
  only('vscode', '(^vscode$|node_modules/@types/vscode)', '^extension/'),
];

const sources = (directory: string) =>
  readdirSync(join(root, directory), { recursive: true })
    .map((name) => join(directory, String(name)))
    .filter((name) => name.endsWith('.ts'));

describe('architecture', function () {
  this.timeout(60_000);

  it('has no import that the house plan forbids', async () => {
    const { output } = await cruise(
      ['lab/src', 'extension/src'],
      {
        baseDir: root,
        ruleSet: { forbidden: rules },
        validate: true,
        tsPreCompilationDeps: true,
        doNotFollow: { path: 'node_modules' },
      },
      { extensions: ['.ts', '.js'] },
    );
    assert.ok(typeof output === 'object');
    assert.ok(output.summary.totalCruised > 100, 'the cruise found the sources');
    const broken = output.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);
    assert.deepEqual(broken, []);
  });

  it('would notice a forbidden import', async () => {
    const bad = {
      name: 'control',
      severity: 'error' as const,
      from: { path: '^lab/src/core/process' },
      to: { path: 'execa' },
    };
    const { output } = await cruise(['lab/src/core'], {
      baseDir: root,
      ruleSet: { forbidden: [bad] },
      validate: true,
      tsPreCompilationDeps: true,
      doNotFollow: { path: 'node_modules' },
    });
    assert.ok(typeof output === 'object');
    assert.equal(output.summary.violations.length > 0, true);
  });

  it('reads the environment and exits only where that belongs', () => {
    // vm/image/overlay.ts lends node-qemu a search path: there is no other way to tell it which qemu-img.
    const allowed = /^lab\/src\/(cli\/|core\/paths\.ts$|vm\/image\/overlay\.ts$)|^extension\//;
    const offenders = sources('lab/src').filter(
      (path) => !allowed.test(path) && /process\.(env|exit)\b(?!Code)/.test(readFileSync(join(root, path), 'utf8')),
    );
    assert.deepEqual(offenders, []);
  });

  it('has no drawer for odds and ends, no barrels, no default exports', () => {
    for (const path of [...sources('lab/src'), ...sources('extension/src')]) {
      const text = readFileSync(join(root, path), 'utf8');
      assert.doesNotMatch(basename(path), /^(utils?|helpers?|types|common|manager|service|misc|index)\.ts$/, path);
      assert.doesNotMatch(text, /^export default/m, path);
      assert.match(basename(path), /^[a-z0-9]+(-[a-z0-9]+)*(\.d)?\.ts$/, path);
      assert.ok(text.split('\n').length <= 301, `${path} is longer than 300 lines`);
    }
  });
});
