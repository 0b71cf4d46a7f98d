// Engine kpatch-build: that of kpatch, on kernels before 6.19 that are built without IBT. Its texts: those of Debian's 0.9.10.

import { readDiffMessages, reasonsOfFailure } from '../differ/diff-messages.ts';
import { replacedByKpatch } from '../check/check-symbols.ts';
import { refused } from '../refused.ts';
import { reason } from '../reason.ts';
import { insideView } from './tree-view.ts';
import type { TreeFacts, WholeKernelTool } from './whole-kernel-tool.ts';

export const kpatchBuild: WholeKernelTool = {
  engine: 'kpatch-build',
  objection,
  edits: ['Makefile', 'scripts/link-vmlinux.sh', 'scripts/Makefile.modfinal', 'scripts/setlocalversion'],
  gawkScripts: [],
  command: ({ moduleName, replace, jobs, source }) => ({
    argv: [
      'kpatch-build',
      ...['--sourcedir', source, '--vmlinux', `${insideView.build}/vmlinux`],
      ...['--name', moduleName, '--output', insideView.out, '--jobs', String(jobs)],
      ...(replace ? [] : ['--non-replace']),
      `${insideView.out}/${moduleName}.patch`,
    ],
    env: { CACHEDIR: insideView.tool },
  }),
  // It asks make whether it is.
  originalBuilt: undefined,
  log: 'tool/build.log',
  step: (line) => steps.find(([start]) => line.startsWith(start))?.[1],
  functions: (output) => readDiffMessages(output, { file: '', line: 1, lineOf: () => undefined }),
  refusal(output, place) {
    const said = [...output.matchAll(/^ERROR: (.*?)\.?( Check \S+ for more details\.)?$/gm)].map(
      ([, text = '']) => text,
    );
    const unsupported = said.flatMap((text) => /unsupported patch to (.*): (\S+)$/.exec(text)?.slice(1, 3) ?? []);
    const [what, file] = unsupported;
    if (what && file) return refused(reason('NP01', { file, line: 1, what }));
    if (said.some((text) => /^no (changed objects|functional changes) found$/.test(text)))
      return refused(reason('no-change', { file: place.file }));
    if (said.some((text) => /^\d+ error\(s\) encountered$/.test(text)))
      return refused(...reasonsOfFailure(output, place));
    const missing = /^Undefined symbols: (\S+)/.exec(said.at(-1) ?? '')?.[1];
    return missing === undefined
      ? undefined
      : refused(reason('symbol-missing', { symbol: missing, object: 'vmlinux' }));
  },
  replacedFunctions: replacedByKpatch,
};

const steps = [
  ['Testing patch file', { id: 'validate', title: 'try the patch' }],
  ['Building original source', { id: 'original', title: 'build the kernel' }],
  ['Building patched source', { id: 'patched', title: 'build the patched kernel' }],
  ['Extracting new and modified', { id: 'diff', title: 'extract what changed' }],
  ['Building patch module', { id: 'link', title: 'link the module' }],
] as const;

/** What it would say itself ("unsupported kernel option checking"); and that it is not for newer kernels. */
function objection({ config }: TreeFacts): string | undefined {
  if (config.has('KLP_BUILD')) return 'kpatch-build is for kernels before 6.19, without KLP_BUILD';
  if (!config.has('DEBUG_INFO')) return 'kpatch-build wants CONFIG_DEBUG_INFO';
  const names = ['X86_KERNEL_IBT', 'DEBUG_INFO_SPLIT', 'GCC_PLUGIN_LATENT_ENTROPY', 'GCC_PLUGIN_RANDSTRUCT'];
  const option = names.find((name) => config.has(name));
  return option && `kpatch-build refuses CONFIG_${option}`;
}
