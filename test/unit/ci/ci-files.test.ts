// The CI files that people copy, as far as they can be tried without their servers: shape, shell, and every word of lpl in them.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { parse } from 'yaml';
import { z } from 'zod';
import { commandTree } from '../../../lab/src/cli/main.ts';

const root = join(import.meta.dirname, '../../..');
const action = join(root, '.github/actions/livepatch-lab');
const script = join(action, 'run.sh');
const read = (path: string) => readFileSync(path, 'utf8');

/** docs.github.com, "Metadata syntax for GitHub Actions", as far as composite actions go. */
const step = z.union([
  z.strictObject({
    uses: z.string().regex(/^[\w.-]+\/[\w./-]+@\S+$/),
    if: z.string().optional(),
    with: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  }),
  z.strictObject({
    name: z.string(),
    id: z.string().optional(),
    if: z.string().optional(),
    shell: z.literal('bash'),
    env: z.record(z.string(), z.string()),
    run: z.string(),
  }),
]);
const compositeAction = z.strictObject({
  name: z.string(),
  description: z.string(),
  inputs: z.record(z.string(), z.strictObject({ description: z.string(), default: z.string() })),
  outputs: z.record(z.string(), z.strictObject({ description: z.string(), value: z.string() })),
  runs: z.strictObject({ using: z.literal('composite'), steps: z.array(step) }),
});

describe('the CI files', () => {
  const text = read(join(action, 'action.yml'));
  const parsed = compositeAction.parse(parse(text));

  it('make a composite action that uses each of its inputs, and no other', () => {
    const used = new Set([...text.matchAll(/inputs\.([\w-]+)/g)].map(([, name]) => name));
    assert.deepEqual([...used].sort(), Object.keys(parsed.inputs).sort());
  });

  it('let no input into a shell but as an environment variable', () => {
    for (const each of parsed.runs.steps) if ('run' in each) assert.doesNotMatch(each.run, /\$\{\{/);
  });

  it('give the script the variables it reads, from both servers', () => {
    const wanted = new Set(read(script).match(/\bLPL_\w+/g));
    for (const file of [join(action, 'action.yml'), join(root, '.gitlab/livepatch-lab.yml')]) {
      const given = new Set(read(file).match(/\bLPL_\w+/g));
      for (const name of wanted) assert.ok(given.has(name) || name === 'LPL_JOBS', `${file} knows ${name}`);
    }
  });

  it('say in the example only what the action understands', () => {
    const workflow = parse(read(join(action, 'example-workflow.yml'))) as {
      jobs: Record<string, { steps: { uses: string; with?: Record<string, string> }[] }>;
    };
    const own = Object.values(workflow.jobs).flatMap(({ steps }) =>
      steps.filter(({ uses }) => uses.includes('actions/livepatch-lab@')),
    );
    assert.equal(own.length, 2);
    for (const { with: given = {} } of own)
      for (const name of Object.keys(given)) assert.ok(name in parsed.inputs, name);
  });

  it('make a GitLab template whose jobs build on the one before', () => {
    const template = parse(read(join(root, '.gitlab/livepatch-lab.yml'))) as Record<string, { extends?: string }>;
    assert.deepEqual(
      Object.entries(template).flatMap(([name, job]) => (job.extends === '.livepatch-lab' ? [name] : [])),
      ['livepatch', 'livepatch-report'],
    );
    assert.ok(existsSync(script));
  });

  it('ask nothing of lpl that it does not know', () => {
    const program = commandTree(() => assert.fail('help needs no lab'));
    const find = (name: string) => program.commands.find((command) => command.name() === name) as Command;
    const lines = read(script).split('\n');
    const flags = (name: string, from: RegExp) => {
      const start = lines.findIndex((line) => from.test(line));
      const body = lines.slice(start, lines.indexOf('}', start)).join('\n');
      assert.match(body, new RegExp(`lpl ${name} `));
      return new Set(body.match(/(?<=[\s(])--[a-z-]+/g));
    };
    for (const [name, from] of [
      ['matrix', /^run_matrix\(/],
      ['merge', /^merge\(/],
    ] as const) {
      const known = find(name).options.map(({ long }) => long);
      const asked = flags(name, from);
      assert.ok(asked.size >= 2);
      for (const flag of asked) assert.ok(known.includes(flag), `lpl ${name} ${flag}`);
    }
    assert.ok(find('doctor').options.some(({ long }) => long === '--fix'));
  });
});

describe('run.sh', function () {
  this.timeout(30_000);
  let scratch: string;
  beforeEach(() => void (scratch = mkdtempSync(join(tmpdir(), 'lpl-ci-'))));
  afterEach(() => rmSync(scratch, { recursive: true }));

  const run = (words: string[], env: Record<string, string>) =>
    spawnSync('bash', [script, ...words], {
      cwd: root,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '', HOME: scratch, ...env },
    });

  it('hands on the exit code of a red matrix, with summary and annotations', () => {
    const axes = {
      kernels: [{ name: 'k', target: 'debian:trixie/cloud-amd64', back: 0 }],
      patches: [{ name: 'fix', title: 'a fix', file: 'fix.patch' }],
      workloads: [{ name: 'quiet' }],
    };
    const cell = { id: 'k--fix--quiet', kernel: 'k', patch: 'fix', workload: 'quiet', key: '0' };
    const cells = [{ ...cell, expected: { verdict: 'pass' } }];
    const plan = { schema: 1, title: 't', file: join(root, 'ci/t.matrix.yaml'), tool: 'lpl', key: '0', axes, cells };
    mkdirSync(join(scratch, 'shards/1'), { recursive: true });
    writeFileSync(join(scratch, 'shards/1/plan.json'), JSON.stringify(plan));
    const summary = join(scratch, 'summary.md');
    const env = { LPL_SHARDS: join(scratch, 'shards'), LPL_OUT: join(scratch, 'out') };
    const { status, stdout, stderr } = run(['merge'], { ...env, GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary });
    assert.equal(status, 69, stderr);
    assert.match(stdout, /^::error file=ci\/fix\.patch,line=1,title=livepatch%3A inconclusive::nobody ran this cell/m);
    assert.match(read(summary), /❌ t: inconclusive/);
    const none = run(['merge'], { LPL_SHARDS: join(scratch, 'none'), LPL_OUT: join(scratch, 'merged') });
    assert.equal(none.status, 2, 'no shard at all is an error, not a pass');
  });

  it('does nothing unasked', () => assert.equal(run([], {}).status, 2));
});
