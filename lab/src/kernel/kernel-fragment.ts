// Configuration fragments: what a kernel that the lab builds is to have. Shipped ones by name, a user's own by path.

import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { LabError } from '../core/error.ts';
import { readKernelConfig } from './kernel-config.ts';

export type KernelFragment = {
  /** Names the kernels made with it. */
  name: string;
  /** Absolute. */
  path: string;
  text: string;
};

const suffix = '.config';

/**
 * The fragment `wanted`: the name of one in `shipped` (images/kconfig), or a path. Throws `kernel.unknown`, naming those
 * there are.
 */
export async function readFragment(shipped: string, wanted: string): Promise<KernelFragment> {
  const isName = /^[\w-]+$/.test(wanted);
  const path = isName ? join(shipped, `${wanted}${suffix}`) : resolve(wanted);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'EISDIR') return undefined;
    throw error;
  });
  if (text !== undefined) return { name: basename(path, suffix), path, text };
  const names = (await readdir(shipped)).filter((name) => name.endsWith(suffix)).map((name) => basename(name, suffix));
  throw new LabError('kernel.unknown', `there is no kernel configuration ${wanted}`, {
    hint: `the lab has ${names.join(', ')}; your own is named by its path, such as ./mine.config`,
  });
}

/** The lines of a fragment that say something, so that a comment makes no other kernel. */
export const fragmentOptions = (text: string): string[] => text.split('\n').filter((line) => line.includes('CONFIG_'));

/** Options that kconfig did not make what the fragment says: unknown to this kernel, or what they depend on is not set. */
export function ignoredOptions(fragment: string, config: string): string[] {
  const [wanted, have] = [readKernelConfig(fragment), readKernelConfig(config)];
  const unset = [...fragment.matchAll(/^# CONFIG_(\w+) is not set$/gm)].map(([, option = '']) => option);
  return [
    ...[...wanted]
      .filter(([option, value]) => have.get(option) !== value)
      .map(([option, value]) => `${option}=${value}`),
    ...unset.filter((option) => have.has(option)).map((option) => `${option}=n`),
  ];
}

/**
 * The fragment as kconfig is to read it. Since 6.14 MODVERSIONS alone writes no versions: BASIC_MODVERSIONS, `default y`
 * beside it, does, and allnoconfig would leave it out. Kernels that do not know the option, or have no MODVERSIONS, pass it
 * over.
 */
export const kconfigText = ({ text }: Pick<KernelFragment, 'text'>): string =>
  /CONFIG_(BASIC|EXTENDED)_MODVERSIONS\b/.test(text) ? text : `CONFIG_BASIC_MODVERSIONS=y\n${text}`;

/**
 * Whether modules of this kernel would have no symbol versions, and so be taken by no kernel that asks for them: since 6.14
 * MODVERSIONS alone writes none, and allnoconfig leaves out what does.
 */
export function lacksVersions(config: string): boolean {
  const have = readKernelConfig(config);
  return (
    have.has('MODVERSIONS') &&
    /^# CONFIG_BASIC_MODVERSIONS is not set$/m.test(config) &&
    !have.has('EXTENDED_MODVERSIONS')
  );
}
