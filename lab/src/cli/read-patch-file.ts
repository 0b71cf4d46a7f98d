// The patch a command is about.

import { readFile } from 'node:fs/promises';
import { LabError } from '../core/error.ts';

/** Throws `patch.invalid` when it cannot be read. */
export function readPatchFile(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw new LabError('patch.invalid', `${path} cannot be read`, {
      cause: error,
      hint: 'give the path of a unified diff',
    });
  });
}
