// Finds the compilers that a build has running, for a test to kill.

import { readdirSync, readFileSync } from 'node:fs';
import { processArgv } from '../../lab/src/core/host-process.ts';

/** Compilers at work on that source, started by `ancestor`. */
export function compilersOf(ancestor: number | undefined, source: string): number[] {
  const isBelow = (pid: number): boolean => pid > 1 && (pid === ancestor || isBelow(parentOf(pid)));
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      const [program = '', ...words] = pid > 0 ? processArgv(pid) : [];
      return program.endsWith('/cc1') && words.some((word) => word.endsWith(`/${source}`)) && isBelow(pid);
    });
}

/** 0 when it is gone. */
function parentOf(pid: number): number {
  try {
    return Number(/^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
