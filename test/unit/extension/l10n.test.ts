// Everything that the extension says to its users can be translated.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { bundlePath, bundleText, l10nStrings } from '../../support/l10n-strings.ts';

const read = (name: string) => readFileSync(new URL(`../../../extension/${name}`, import.meta.url), 'utf8');

describe('the words of the extension', () => {
  const strings = l10nStrings();

  it('all go through l10n', () => assert.deepEqual(strings.bypassing, []));

  it('would be noticed if they did not', () => {
    const { localized, bypassing } = l10nStrings(
      "void window.showInformationMessage('Nothing runs here'); lens(`live in ${name}`); l10n.t('It is well'); confirm('Remove');",
    );
    assert.deepEqual(localized, ['It is well']);
    assert.deepEqual(bypassing, ['only.ts: Nothing runs here', 'only.ts: live in {}', 'only.ts: Remove']);
  });

  it('are in the bundle that translations start from', () => {
    assert.ok(strings.localized.length > 100);
    assert.equal(readFileSync(bundlePath, 'utf8'), bundleText(strings), 'npx tsx test/support/l10n-strings.ts');
  });

  it('are in package.nls.json when the manifest says them, and none is left over', () => {
    const keys = [...read('package.json').matchAll(/"%([^"%]+)%"/g)].map(([, key]) => key);
    const texts = JSON.parse(read('package.nls.json')) as Record<string, string>;
    assert.deepEqual([...new Set(keys)].sort(), Object.keys(texts).sort());
  });

  it('are no prose in the manifest itself, but what language models read', () => {
    const { contributes } = JSON.parse(read('package.json')) as { contributes: Record<string, unknown> };
    const spoken = JSON.stringify({ ...contributes, languageModelTools: [], problemPatterns: [] });
    const titles = [...spoken.matchAll(/"(?:title|label|description|markdownDescription|contents)":"([^"]*)"/g)];
    assert.ok(titles.length > 50);
    for (const [, text = ''] of titles) assert.match(text, /^%.+%$/);
  });
});
