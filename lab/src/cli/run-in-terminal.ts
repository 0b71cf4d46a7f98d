// Hands the terminal to another program until it ends.

import { spawn } from 'node:child_process';
import type { Argv } from '../core/command.ts';

/** Its exit code. Ctrl-C is the program's while it runs. Rejects with ENOENT when there is no such program. */
export async function runInTerminal([file, ...args]: Argv): Promise<number> {
  const listeners = process.listeners('SIGINT');
  const ignore = () => undefined;
  process.removeAllListeners('SIGINT').on('SIGINT', ignore);
  try {
    return await new Promise<number>((resolve, reject) => {
      const child = spawn(file, args, { stdio: 'inherit' });
      child.once('error', reject);
      child.once('exit', (code, killer) => resolve(code ?? (killer ? 128 : 1)));
    });
  } finally {
    process.off('SIGINT', ignore);
    for (const listener of listeners) process.on('SIGINT', listener);
  }
}
