// Rule TR01: while a transition lasts some tasks run old code and some new. Locks protect them from each other only if both
// take the same ones. What counts is which locks a function takes, not on which ways out it gives them back.

import type { ChangedLine } from '../../patch/source-change.ts';
import { finding, type LintFinding } from './finding.ts';
import type { FunctionChange } from './functions.ts';

type Step = { lock: string; does: 'take' | 'give'; line: number };

/** Findings about the functions of a whole patch. */
export function lockFindings(functions: readonly FunctionChange[]): LintFinding[] {
  const changes = functions
    .filter(({ fate }) => fate === 'changed')
    .map((change) => ({ change, added: stepsOf(change.lines, 'add'), deleted: stepsOf(change.lines, 'delete') }));
  const takes = (steps: readonly Step[]) => steps.filter(({ does }) => does === 'take');
  return changes.flatMap(({ change: { file, name, line }, added, deleted }) => {
    const place = { file, function: name };
    const locksOf = (steps: readonly Step[]) => new Set(takes(steps).map(({ lock }) => lock));
    const [now, before] = [locksOf(added), locksOf(deleted)];
    const lost = [...before].filter((lock) => !now.has(lock));
    const [first] = lost;
    if (first !== undefined) {
      const gained = [...now].find((lock) => !before.has(lock));
      const what = `${name}() no longer takes ${show(first)}${gained ? ` but ${show(gained)}` : ''}`;
      return [finding('TR01', { ...place, line: takes(added)[0]?.line ?? line, what })];
    }
    // Taken here and given back in another function: callers that run old code know nothing of it.
    const held = takes(added).find(({ lock }) => !added.some((step) => step.lock === lock && step.does === 'give'));
    const giver = held && changes.find(({ change, added: steps }) => change.name !== name && gives(steps, held.lock));
    if (!held || !giver) return [];
    const what = `${name}() takes ${show(held.lock)}, which ${giver.change.name}() gives back`;
    return [finding('TR01', { ...place, line: held.line, what })];
  });
}

const gives = (steps: readonly Step[], lock: string) =>
  steps.some((step) => step.lock === lock && step.does === 'give') &&
  !steps.some((step) => step.lock === lock && step.does === 'take');

const show = (lock: string) => lock.replace(/^\w+ /, '');

/** Kinds of lock by the start of their functions' names; reading and writing sides are locks of their own. */
const calls: readonly [RegExp, string][] = [
  [
    /\b(?:raw_)?spin_(lock|trylock|unlock)(?:_bh|_irq|_irqsave|_irqrestore|_nested)*\(((?:[^,;()]|\([^()]*\))*)[,)]/g,
    'spin',
  ],
  [/\bmutex_(lock|trylock|unlock)(?:_interruptible|_killable|_nested|_io)*\(((?:[^,;()]|\([^()]*\))*)[,)]/g, 'mutex'],
  [/\bdown_(read|write)(?:_trylock|_killable|_interruptible|_nested)*\(((?:[^,;()]|\([^()]*\))*)[,)]/g, 'rwsem'],
  [/\bup_(read|write)\(((?:[^,;()]|\([^()]*\))*)[,)]/g, 'rwsem'],
  [/\b(?:read|write)_(lock|unlock)(?:_bh|_irq|_irqsave|_irqrestore)*\(((?:[^,;()]|\([^()]*\))*)[,)]/g, 'rwlock'],
  [
    /\b(?:scoped_)?guard\((mutex|spinlock|raw_spinlock|rwsem_read|rwsem_write)\w*(?:\)\(|,\s*)((?:[^,;()]|\([^()]*\))*)\)/g,
    'guard',
  ],
];

function stepsOf(lines: readonly ChangedLine[], kind: 'add' | 'delete'): Step[] {
  return lines
    .filter((each) => each.kind === kind)
    .flatMap(({ code, line }) =>
      calls.flatMap(([pattern, lockKind]) =>
        [...code.matchAll(pattern)].flatMap(([call = '', verb = '', argument = '']) =>
          steps(lockKind, call, verb, argument, line),
        ),
      ),
    );
}

function steps(kind: string, call: string, verb: string, argument: string, line: number): Step[] {
  const lock = (name: string) => `${name} ${argument.trim().replace(/^&/, '')}`;
  // A guard gives back at the end of its scope.
  if (kind === 'guard') {
    const guarded = lock(verb.startsWith('rwsem') ? 'rwsem' : verb.replace(/^raw_|lock$/g, ''));
    return [
      { lock: guarded, does: 'take', line },
      { lock: guarded, does: 'give', line },
    ];
  }
  return [{ lock: lock(kind), does: /unlock|\bup_/.test(call) ? 'give' : 'take', line }];
}
