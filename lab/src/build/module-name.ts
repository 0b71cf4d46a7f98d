// The name of a livepatch module, from the file name of its patch.

import { basename } from 'node:path';

/** MODULE_NAME_LEN is 56 with the NUL; a longer name is cut silently by some tools and refused by others. */
const maxLength = 55;

/** `livepatch_NAME`: lower-case letters, digits and `_`; undefined when nothing is left of the name. */
export function moduleNameFor(patchName: string): string | undefined {
  const name = basename(patchName)
    .replace(/\.(patch|diff|txt|c)$/, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  return name === ''
    ? undefined
    : `${/^livepatch_/.test(name) ? '' : 'livepatch_'}${name}`.slice(0, maxLength).replace(/_+$/, '');
}
