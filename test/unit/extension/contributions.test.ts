// The extension's code and its manifest name the same commands, settings and views.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { commandIds, viewIds, settingKeys, settingsSection } from '../../../extension/src/contributions.ts';

type Manifest = {
  activationEvents: string[];
  contributes: {
    commands: { command: string; enablement?: string }[];
    menus: Record<string, { command: string }[]>;
    configuration: { properties: Record<string, unknown> };
    views: Record<string, { id: string }[]>;
    viewsWelcome: { contents: string }[];
  };
};

const url = new URL('../../../extension/package.json', import.meta.url);
const { activationEvents, contributes } = JSON.parse(readFileSync(url, 'utf8')) as Manifest;
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

  it('has the views of the code', () => {
    const ids = Object.values(contributes.views).flatMap((views) => views.map(({ id }) => id));
    assert.deepEqual(ids.toSorted(), Object.values(viewIds).toSorted());
  });

  it('activates by its views and commands only, and where the lab is used', () => {
    assert.deepEqual(activationEvents, ['workspaceContains:.livepatch-lab']);
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
