// One line of the console log, as the guest meant it.

/** `at`: host time in ms since the epoch when the line came, where the log tells. */
export type ConsoleLine = { text: string; at?: number };

const maxLineChars = 2_000;

/**
 * What firmware, shells and hostile guests print to steer a terminal (ECMA-48: CSI, OSC, other escapes), and control
 * characters but the tab: lines are shown in terminals and reports.
 */
// eslint-disable-next-line no-control-regex
const controls = /\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*\x07?|\x1b.?|[\x00-\x08\x0a-\x1f\x7f]/g;

/** svlogd -ttt: UTC, hundredths of a millisecond. */
const stamp = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})\d\d ?/;

/** Takes the log's time stamp and control sequences off, and cuts a line without end. */
export function readConsoleLine(line: string): ConsoleLine {
  const [whole = '', time] = stamp.exec(line) ?? [];
  const text = line.slice(whole.length).replace(controls, '').slice(0, maxLineChars);
  return time === undefined ? { text } : { text, at: Date.parse(`${time}Z`) };
}
