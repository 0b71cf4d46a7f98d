// The kernel's own words about one act that failed: dmesg from a canary line on.

import { randomBytes } from 'node:crypto';
import { quoteForGuest } from '../core/command.ts';
import type { Guest } from '../vm/guest/guest.ts';

export type LoggedResult = {
  exitCode: number;
  stderr: string;
  /** What the kernel logged meanwhile, without time stamps; read only when the command failed. */
  said: string[];
};

/** Runs words in the guest; when they fail, also tells what the kernel said. */
export async function runLogged(
  guest: Guest,
  argv: readonly [string, ...string[]],
  options: { signal: AbortSignal; timeoutMs?: number },
): Promise<LoggedResult> {
  const canary = `lpl: ${argv[0]} ${randomBytes(6).toString('hex')}`;
  const command = argv.map(quoteForGuest).join(' ');
  const script = `echo '${canary}' > /dev/kmsg\n${command} || { code=$?; dmesg; exit $code; }\n`;
  const { exitCode, stderr, stdout } = await guest.script(script, options);
  return { exitCode, stderr: stderr.trim(), said: exitCode === 0 ? [] : linesAfter(stdout, canary) };
}

/** Lines of dmesg behind the one with the canary, without time stamps; all of them when the canary was overwritten. */
export function linesAfter(dmesg: string, canary: string): string[] {
  const lines = dmesg.split('\n').filter(Boolean);
  const at = lines.findLastIndex((line) => line.includes(canary));
  return lines.slice(at + 1).map((line) => line.replace(/^\[\s*[0-9.]+\]\s*/, ''));
}
