// What .vscode names exists: npm scripts, tasks before launches, config files.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');
const read = <T>(path: string) => JSON.parse(readFileSync(join(root, path), 'utf8')) as T;
const { scripts } = read<{ scripts: Record<string, string> }>('package.json');
const { tasks } = read<{ tasks: { label: string; script: string }[] }>('.vscode/tasks.json');
const { configurations } = read<{
  configurations: { name: string; preLaunchTask?: string; program?: string; args?: string[]; runtimeArgs?: string[] }[];
}>('.vscode/launch.json');

describe('.vscode', () => {
  it('runs npm scripts that exist', () => {
    const named = [
      ...tasks.map(({ script }) => script),
      ...configurations.flatMap(({ runtimeArgs }) => runtimeArgs?.slice(1) ?? []),
    ];
    assert.ok(named.length >= 4);
    for (const script of named) assert.ok(scripts[script], `npm script ${script}`);
  });

  it('builds before it launches, with tasks that exist', () => {
    const labels = tasks.map(({ label }) => label);
    for (const { preLaunchTask } of configurations)
      if (preLaunchTask) assert.ok(labels.includes(preLaunchTask), preLaunchTask);
    assert.ok(configurations.some(({ preLaunchTask }) => preLaunchTask));
  });

  it('names programs and mocha configurations that exist', () => {
    for (const { program, args } of configurations) {
      for (const path of [program, ...(args ?? []).filter((word) => word.endsWith('.mocharc.json'))])
        if (path) assert.ok(existsSync(join(root, path.replace('${workspaceFolder}/', ''))), path);
    }
  });
});
