import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isLabError } from '../../../lab/src/core/error.ts';
import { readMatrix } from '../../../lab/src/trial/matrix/matrix-file.ts';
import { affectsVersion, chooseKernel } from '../../../lab/src/trial/choose-kernel.ts';
import { parseScenario, readScenario } from '../../../lab/src/trial/scenario.ts';
import { scenarioSchema } from '../../../lab/src/trial/scenario-schema.ts';

const text = `schema: 1
title: t
patches:
  - title: p
    file: fix.patch
    reproducer: fix.c
    affects: { from: '6.12', before: '6.12.105' }
`;

const withAct = (act: string, without = 'affects') =>
  text.replace(new RegExp(`    ${without}: .*\n`), `    acts: { ${act} }\n`);

describe('parseScenario', () => {
  it('fills in defaults and makes paths absolute', () => {
    const scenario = parseScenario(text, '/s/demo.yaml');
    assert.equal(scenario.target, 'debian:trixie/cloud-amd64');
    assert.equal(scenario.control, 'reboot');
    assert.deepEqual(
      scenario.patches.map(({ name, source, reproducer }) => [name, source, reproducer]),
      [['fix', { kind: 'diff', path: '/s/fix.patch' }, '/s/fix.c']],
    );
  });

  const bad: [what: string, text: string, message: RegExp][] = [
    ['broken YAML', 'schema: 1\ntitle: [', /^\/s\/x\.yaml:2: /],
    ['an unknown key', `${text}speed: 3\n`, /speed/],
    ['a missing patch', 'schema: 1\ntitle: t\npatches: []\n', /^\/s\/x\.yaml:3: patches: /],
    ['a number out of range', `${text}soakMs: -1\n`, /^\/s\/x\.yaml:8: soakMs: /],
    ['a path that leads out', text.replace('fix.patch', '../fix.patch'), /leads out/],
    [
      'neither diff nor module',
      text.replace('file: fix.patch', "setup: ''"),
      /^\/s\/x\.yaml:4: .*either file .* or module/,
    ],
    ['a workload that is none', `${text}workloads: [sleep]\n`, /^\/s\/x\.yaml:8: workloads\.0: .*syscalls, forks/],
    ['a traced patch that nobody calls', withAct('tracer: after', 'reproducer'), /acts\.tracer: .*give a reproducer/],
    ['a sleeper that there is not', withAct('blocked: true'), /acts\.blocked: .*give a `sleeper`/],
    ['modules anew that there are not', withAct('reload: true'), /acts\.reload: .*give `modules`/],
    [
      'versions of a ready module',
      withAct('stack: 3').replace('file: fix.patch', 'module: fix.ko'),
      /acts\.stack: .*give a `file`/,
    ],
    ['two workloads of one name', `${text}workloads: [cpu, cpu]\n`, /workloads\.1: cpu is there already/],
    ['an expectation that is none', `${text}expect: maybe\n`, /expect: pass, or \{refused: RULE\}/],
    ['a module name with a slash', text.replace('reproducer: fix.c', 'modules: [a/b]'), /^\/s\/x\.yaml:6: /],
  ];
  for (const [what, content, message] of bad) {
    it(`refuses ${what} with file and line`, () => {
      assert.throws(
        () => parseScenario(content, '/s/x.yaml'),
        (error) => isLabError(error, 'scenario.invalid') && message.test(error.message),
      );
    });
  }

  it('takes ready modules, and plans its workloads', () => {
    const ready = text.replace('file: fix.patch', 'module: fix.ko');
    const { patches, workloads } = parseScenario(`${ready}workloads: [cpu, { kind: fio }]\n`, '/s/x.yaml');
    assert.deepEqual([patches[0]?.name, patches[0]?.source], ['fix', { kind: 'module', path: '/s/fix.ko' }]);
    assert.deepEqual(
      workloads.map(({ name, mode }) => [name, mode]),
      [
        ['cpu', 'kind'],
        ['fio', 'repeat'],
      ],
    );
  });

  it('has the schema that lab/scenario.schema.json tells editors', async () => {
    const path = join(import.meta.dirname, '../../../lab/scenario.schema.json');
    const schema = `${JSON.stringify(z.toJSONSchema(scenarioSchema, { io: 'input' }), null, 2)}\n`;
    if (process.env['UPDATE_GOLDEN']) await writeFile(path, schema);
    assert.deepEqual(JSON.parse(await readFile(path, 'utf8')), JSON.parse(schema), 'UPDATE_GOLDEN=1 writes it anew');
  });

  it('accepts every example that ships', async () => {
    const examples = join(import.meta.dirname, '../../../lab/examples');
    const files = readdirSync(examples, { recursive: true }).filter((name) => String(name).endsWith('.yaml'));
    const [matrices, scenarios] = [true, false].map((is) =>
      files.filter((name) => /\.matrix\./.test(String(name)) === is),
    );
    assert.ok(scenarios && scenarios.length >= 2 && matrices && matrices.length >= 1);
    for (const name of scenarios) await readScenario(join(examples, String(name)));
    for (const name of matrices) assert.ok((await readMatrix(join(examples, String(name)))).cells.length >= 8);
  });
});

describe('chooseKernel', () => {
  const scenario = parseScenario(text, '/s/demo.yaml');
  const kernels = (...versions: string[]) => versions.map((version) => ({ target: { version } }));

  it('takes the newest kernel that still has a bug', () => {
    const choice = chooseKernel(scenario, kernels('6.12.94', '6.12.107', '6.12.100', '6.1.192'));
    assert.equal(choice?.kernel.target.version, '6.12.100');
  });

  it('takes none when all are fixed', () => {
    assert.equal(chooseKernel(scenario, kernels('6.12.105', '6.12.117')), undefined);
  });

  it('keeps only the patches that have something to mend there', () => {
    const two = {
      ...scenario,
      patches: [...scenario.patches, { ...scenario.patches[0], name: 'other', affects: { before: '6.12.95' } }],
    };
    const choice = chooseKernel(two as typeof scenario, kernels('6.12.100'));
    assert.deepEqual(
      choice?.patches.map(({ name }) => name),
      ['fix'],
    );
  });

  it('shows the newest fixes of the shipped demo on the last kernel without them, and nothing after it', async () => {
    const demo = await readScenario(join(import.meta.dirname, '../../../lab/examples/security-fixes/demo.yaml'));
    const choice = chooseKernel(demo, kernels('6.12.107', '6.12.116', '6.12.117'));
    assert.equal(choice?.kernel.target.version, '6.12.116');
    assert.deepEqual(
      choice.patches.map(({ name }) => name),
      ['tun-ownerless-attach', 'mount-setns-shared-fs'],
    );
    assert.equal(chooseKernel(demo, kernels('6.12.117', '6.12.118')), undefined);
  });

  it('knows that a patch without bounds suits every kernel', () => {
    assert.equal(affectsVersion({}, '9.9'), true);
  });
});
