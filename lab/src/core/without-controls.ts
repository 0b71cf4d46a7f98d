// What a guest says is shown in terminals and reports: it must not steer them.

/** What firmware, shells and hostile guests print to steer a terminal (ECMA-48: CSI, OSC, other escapes). */
const sequences = String.raw`\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*\x07?|\x1b.?`;
const controls = new RegExp(`${sequences}|[\\x00-\\x08\\x0b-\\x1f\\x7f]`, 'g');

/** The text without escape sequences and control characters but tabs and ends of lines. */
export const withoutControls = (text: string): string => text.replace(controls, '');
