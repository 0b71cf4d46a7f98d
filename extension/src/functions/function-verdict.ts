// What a livepatch can do about a function, from what the running kernel says of it.

import { l10n } from 'vscode';
import type { FunctionFacts, TransitionHazard } from 'livepatch-lab';

export type FunctionVerdict = { patchable: boolean; title: string; why: string };

/** `release` without its flavour reads better over a line of code: 6.12.107. */
export function judgeFunction({ copies, traced }: FunctionFacts, release: string): FunctionVerdict {
  const version = /^[\d.]+/.exec(release)?.[0] ?? release;
  const no = (reason: string, why: string) => ({ patchable: false, title: l10n.t('not patchable: {0}', reason), why });
  if (copies === 0)
    return no(
      l10n.t('inline'),
      l10n.t(
        '{0} has no function of that name: it was inlined into its callers, or not built. Patch its callers.',
        version,
      ),
    );
  if (!traced)
    return no(
      l10n.t('not traced'),
      l10n.t('{0} has no ftrace entry for it (notrace, noinstr). Patch its callers.', version),
    );
  if (copies === 1)
    return {
      patchable: true,
      title: l10n.t('patchable in {0}', version),
      why: l10n.t('It is traced, and the only function of that name.'),
    };
  const why = l10n.t('It is traced; {0} functions have that name, so the build proves which one is meant.', copies);
  return { patchable: true, title: l10n.t('patchable in {0}, {1} of that name', version, copies), why };
}

/** Whether any of them is in vmlinux; the functions of a module are not in its symbols, and nothing can be said. */
export function isBuiltIn(facts: readonly FunctionFacts[]): boolean {
  return facts.some(({ copies }) => copies > 0);
}

/** What a transition has to wait for in that function, and how that is known. */
export function sayHazard({ rule, call }: TransitionHazard): string {
  const basis = call
    ? l10n.t('its body calls {0}()', call)
    : l10n.t('it is where the tasks of an idle system are found, see /proc/PID/stack');
  return rule === 'TR03'
    ? l10n.t('Tasks sleep in it: a transition waits until each has left it ({0}).', basis)
    : l10n.t('Main loop of a kernel thread, which never leaves it: a transition does not complete ({0}).', basis);
}
