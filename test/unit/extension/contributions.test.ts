// The extension's code and its manifest name the same commands, settings and views.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import {
  commandIds,
  debugType,
  settingKeys,
  settingsSection,
  taskType,
  viewIds,
} from '../../../extension/src/contributions.ts';
import { problemLines } from '../../../extension/src/tasks/problem-line.ts';
import { reasonLines } from '../../../lab/src/cli/reason-lines.ts';

type WalkthroughStep = { id: string; description: string; media: { markdown: string }; completionEvents: string[] };

type Manifest = {
  activationEvents: string[];
  contributes: {
    commands: { command: string; enablement?: string }[];
    menus: Record<string, { command: string }[]>;
    configuration: { properties: Record<string, unknown> };
    views: Record<string, { id: string }[]>;
    viewsWelcome: { contents: string }[];
    walkthroughs: { steps: WalkthroughStep[] }[];
    taskDefinitions: { type: string }[];
    debuggers: { type: string }[];
    problemMatchers: { name: string; pattern: string }[];
    problemPatterns: { name: string; regexp: string }[];
  };
};

const url = new URL('../../../extension/package.json', import.meta.url);
const texts = JSON.parse(readFileSync(new URL('package.nls.json', url), 'utf8')) as Record<string, string>;
const { activationEvents, contributes } = JSON.parse(readFileSync(url, 'utf8'), (_, value: unknown) =>
  typeof value === 'string' && /^%.+%$/.test(value) ? texts[value.slice(1, -1)] : value,
) as Manifest;
const declared = contributes.commands.map(({ command }) => command);

describe('the manifest of the extension', () => {
  it('declares exactly the commands of the code', () => {
    assert.deepEqual(declared.toSorted(), Object.values(commandIds).toSorted());
  });

  it('declares exactly the settings of the code', () => {
    const keys = settingKeys.map((key) => `${settingsSection}.${key}`);
    assert.deepEqual(Object.keys(contributes.configuration.properties).toSorted(), keys.toSorted());
  });

  it('offers only declared commands in menus and welcome texts', () => {
    const inMenus = Object.values(contributes.menus)
      .flat()
      .map(({ command }) => command);
    const inTexts = contributes.viewsWelcome.flatMap(({ contents }) =>
      [...contents.matchAll(/\(command:([^)]+)\)/g)].map(([, command]) => command),
    );
    assert.ok(inMenus.length > 0 && inTexts.length > 0);
    for (const command of [...inMenus, ...inTexts]) assert.ok(command && declared.includes(command), command);
  });

  it('has a walkthrough whose steps each offer a command, and are done when that was run', () => {
    const steps = contributes.walkthroughs.flatMap((walkthrough) => walkthrough.steps);
    assert.ok(steps.length > 3);
    for (const { id, description, media, completionEvents } of steps) {
      const offered = [...description.matchAll(/\(command:([^)]+)\)/g)].map(([, command]) => command ?? '');
      assert.equal(offered.length, 1, id);
      for (const command of offered) assert.ok(declared.includes(command), command);
      assert.deepEqual(
        completionEvents,
        offered.map((command) => `onCommand:${command}`),
      );
      assert.ok(readFileSync(new URL(media.markdown, url), 'utf8').length > 0);
    }
  });

  it('has the views of the code', () => {
    const ids = Object.values(contributes.views).flatMap((views) => views.map(({ id }) => id));
    assert.deepEqual(ids.toSorted(), Object.values(viewIds).toSorted());
  });

  it('activates by its views and commands only, and where the lab is used', () => {
    const places = ['.livepatch-lab', '*.scenario.yaml', 'kernel/livepatch/core.c'];
    const events = [...places.map((place) => `workspaceContains:${place}`), `onDebugResolve:${debugType}`];
    assert.deepEqual(activationEvents, events);
  });

  it('declares the tasks and the debugger of the code', () => {
    const types = (all: { type: string }[]) => all.map(({ type }) => type);
    assert.deepEqual([types(contributes.taskDefinitions), types(contributes.debuggers)], [[taskType], [debugType]]);
  });

  it('finds the place in what a task says, and in what a compiler says', () => {
    const match = (name: string, line: string) => {
      const { regexp } = contributes.problemPatterns.find((pattern) => pattern.name === name) ?? { regexp: '$^' };
      return new RegExp(regexp).exec(line)?.slice(1);
    };
    const problem = { level: 'warning', path: '/a/b.patch', line: 12, message: 'why: so', code: 'DA02' } as const;
    const [line = ''] = problemLines({ ...problem, hint: 'do: this' });
    assert.deepEqual(match('lpl', line), ['warning', '/a/b.patch', '12', 'why: so', 'DA02']);
    const ofCommandLine = reasonLines({ rule: 'DA02', file: 'fs/a.c', line: 3, message: 'why', hint: 'do: this' });
    assert.deepEqual(match('lpl', ofCommandLine[0] ?? ''), [undefined, 'fs/a.c', '3', 'why', 'DA02']);
    assert.equal(match('lpl', ofCommandLine[1] ?? ''), undefined);
    assert.deepEqual(match('kernel', "fs/a.c:3:7: error: 'x' undeclared"), [
      'fs/a.c',
      '3',
      '7',
      'error',
      "'x' undeclared",
    ]);
    for (const { pattern } of contributes.problemMatchers)
      assert.ok(
        contributes.problemPatterns.some(({ name }) => `$${name}` === pattern),
        pattern,
      );
  });

  it('enables what runs something only in a trusted workspace', () => {
    const readOnly: string[] = [
      commandIds.refresh,
      commandIds.openConsole,
      commandIds.showChanges,
      commandIds.discardChanges,
      commandIds.cancelHotPatch,
      commandIds.openTrialReport,
      commandIds.showLog,
    ];
    for (const { command, enablement } of contributes.commands)
      assert.equal(enablement, readOnly.includes(command) ? undefined : 'isWorkspaceTrusted', command);
  });
});
