// Engine klp-build: upstream's scripts/livepatch/klp-build of the tree itself (Linux 6.19 and later). Its texts: that of 7.2.

import { reasonsOfKlpFailure, readKlpMessages } from '../differ/klp-messages.ts';
import { replacedByKlp } from '../differ/klp-tables.ts';
import { refused } from '../refused.ts';
import { reason } from '../reason.ts';
import { insideView } from './tree-view.ts';
import type { TreeFacts, WholeKernelTool } from './whole-kernel-tool.ts';

const script = 'scripts/livepatch/klp-build';

export const klpBuild: WholeKernelTool = {
  engine: 'klp-build',
  objection,
  edits: ['scripts/setlocalversion'],
  gawkScripts: ['scripts/livepatch/fix-patch-lines'],
  command: ({ moduleName, replace, jobs, isOriginalBuilt }) => ({
    argv: [
      script,
      '--keep-tmp',
      ...(isOriginalBuilt ? ['--short-circuit=patched'] : []),
      ...(replace ? [] : ['--no-replace']),
      ...['--jobs', String(jobs), '--output', `${insideView.out}/${moduleName}.ko`],
      `${insideView.out}/${moduleName}.patch`,
    ],
  }),
  originalBuilt: 'written/klp-tmp/1-orig/.complete',
  log: undefined,
  step: (line) => steps.find(([start]) => line.startsWith(start))?.[1],
  functions: readKlpMessages,
  refusal(output, place) {
    const said = /^error: klp-build: (.*)$/m.exec(output)?.[1] ?? '';
    const unsupported = /unsupported patch to (\S+)$/.exec(said)?.[1];
    if (unsupported) return refused(reason('NP01', { file: unsupported, line: 1, what: 'what klp-build leaves out' }));
    if (said === 'no changes detected') return refused(reason('no-change', { file: place.file }));
    if (said === 'objtool klp diff failed') return refused(...reasonsOfKlpFailure(output, place));
    return undefined;
  },
  replacedFunctions: replacedByKlp,
};

const steps = [
  ['Validating patch', { id: 'validate', title: 'try the patch' }],
  ['Building original kernel', { id: 'original', title: 'build the kernel' }],
  ['Building patched kernel', { id: 'patched', title: 'build the patched kernel' }],
  ['Generating original checksums', { id: 'checksums', title: 'checksums of functions' }],
  ['Diffing objects', { id: 'diff', title: 'extract what changed' }],
  ['Building patch module', { id: 'link', title: 'link the module' }],
] as const;

/** What its validate_config would say after the wait for a lock; and whether there is such a script at all. */
function objection({ config, release }: TreeFacts): string | undefined {
  if (config.get('KLP_BUILD') !== 'y')
    return /^([0-5]\.|6\.(\d|1[0-8])\D)/.test(release)
      ? 'klp-build came with Linux 6.19'
      : 'klp-build wants CONFIG_KLP_BUILD';
  const option = ['GCC_PLUGIN_LATENT_ENTROPY', 'GCC_PLUGIN_RANDSTRUCT', 'LD_DEAD_CODE_DATA_ELIMINATION'].find((name) =>
    config.has(name),
  );
  return option && `klp-build does not support CONFIG_${option}`;
}
