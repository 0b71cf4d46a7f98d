// What a program in the guest said, in one line for people.

import { withoutControls } from '../core/without-controls.ts';

/** The last line of it; '' when it said nothing. */
export const lastLine = (output: string): string =>
  withoutControls(output.replaceAll('\r', '\n')).trim().split('\n').at(-1) ?? '';
