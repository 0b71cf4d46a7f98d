// What a progress notification says about an operation: its innermost running stage and what that waits for. Pure.

import type { OpView, StageView } from 'livepatch-lab';

/** One line, or undefined when no stage is running. */
export function progressMessage(view: OpView): string | undefined {
  const running = view.stages.filter(({ state }) => state === 'running');
  const stage = running.reduce<StageView | undefined>(
    (inner, next) => (inner && inner.depth > next.depth ? inner : next),
    undefined,
  );
  if (!stage) return undefined;
  const detail = [stage.waiting, stage.progress && amount(stage.progress)].filter(Boolean).join(', ');
  return detail ? `${stage.title}: ${detail}` : stage.title;
}

function amount({ done, total, unit }: NonNullable<StageView['progress']>): string {
  const show = (value: number) => (unit === 'bytes' ? `${(value / 1e6).toFixed(1)} MB` : String(value));
  const rest = unit === 'bytes' ? '' : ` ${unit}`;
  return total === undefined ? show(done) + rest : `${show(done)} of ${show(total)}${rest}`;
}
