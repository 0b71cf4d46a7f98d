// Text that is to stay text, in the formats that others read.

import { escape } from './svg.ts';

const noXml =
  // eslint-disable-next-line no-control-regex
  /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** For XML 1.0, which has no word for most control characters, not even an escaped one, nor for half a surrogate pair. */
export const xml = (text: string) => escape(text.replace(noXml, '\ufffd'));

/** For Markdown: no table cell, tag, link, emphasis or mention of it. */
export const markdown = (text: string) =>
  text.replaceAll(/\s+/g, ' ').replaceAll(/[\\|<>&[\]*_`@#~]/g, (char) => (char === '<' ? '&lt;' : `\\${char}`));
