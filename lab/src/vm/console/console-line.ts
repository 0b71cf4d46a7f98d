// One line of the console log, as the guest meant it.

import { withoutControls } from '../../core/without-controls.ts';

/** `at`: host time in ms since the epoch when the line came, where the log tells. */
export type ConsoleLine = { text: string; at?: number };

const maxLineChars = 2_000;

/** svlogd -ttt: UTC, hundredths of a millisecond. */
const stamp = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})\d\d ?/;

/** Takes the log's time stamp and control sequences off, and cuts a line without end. */
export function readConsoleLine(line: string): ConsoleLine {
  const [whole = '', time] = stamp.exec(line) ?? [];
  const text = withoutControls(line.slice(whole.length)).slice(0, maxLineChars);
  return time === undefined ? { text } : { text, at: Date.parse(`${time}Z`) };
}
