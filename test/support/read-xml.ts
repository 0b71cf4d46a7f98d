// A strict little reader of XML 1.0, for tests: throws at the first thing that is not well-formed.

import assert from 'node:assert/strict';

export type XmlElement = { name: string; attributes: Record<string, string>; children: XmlElement[] };

/** Elements and attributes; text is checked and dropped. Knows no comments, CDATA or DTD: nothing of ours has them. */
export function readXml(text: string): XmlElement {
  // eslint-disable-next-line no-control-regex
  assert.doesNotMatch(text, /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])/, 'a character');
  const root: XmlElement = { name: '', attributes: {}, children: [] };
  const open = [root];
  const body = text.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\s*/, '');
  let at = 0;
  for (const match of body.matchAll(/<(\/?)([A-Za-z][\w.-]*)((?:\s+[\w.-]+="[^"<]*")*)\s*(\/?)>/g)) {
    requireText(body.slice(at, match.index));
    at = match.index + match[0].length;
    const [, isEnd, name = '', attributes = '', isEmpty] = match;
    if (isEnd) {
      assert.equal(open.pop()?.name, name, `</${name}>`);
      continue;
    }
    const element: XmlElement = { name, attributes: {}, children: [] };
    for (const [, key = '', value = ''] of attributes.matchAll(/([\w.-]+)="([^"]*)"/g)) {
      requireText(value);
      assert.ok(!(key in element.attributes), `${key} twice in <${name}>`);
      element.attributes[key] = value;
    }
    open.at(-1)?.children.push(element);
    if (!isEmpty) open.push(element);
  }
  requireText(body.slice(at));
  assert.equal(open.length, 1, `<${open.at(-1)?.name}> is not closed`);
  const [only, ...others] = root.children;
  assert.ok(only && others.length === 0, 'one root');
  return only;
}

/** No markup and no bare ampersand. */
function requireText(text: string): void {
  assert.doesNotMatch(text, /<|&(?!(?:amp|lt|gt|quot|apos|#\d+);)/);
}
