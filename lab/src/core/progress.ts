// The pure reducer from events to what a user interface shows. CLI and editor are both thin views of its result.

import type { ErrorJson, LabEvent } from './event.ts';

export type StageView = {
  path: string;
  title: string;
  depth: number;
  state: 'running' | 'done' | 'failed';
  startedAt: number;
  ms?: number;
  cached: boolean;
  waiting?: string;
  progress?: { done: number; total?: number; unit: string };
  note?: string;
  error?: ErrorJson;
};

/** A cell of a matrix. `startedAt`: when it began to run. */
export type CellView = Omit<Extract<LabEvent, { type: 'cell' }>, 'type' | 'at' | 'op'> & { startedAt?: number };

export type OpView = {
  name: string;
  equivalent?: string;
  state: 'running' | 'done' | 'failed';
  stages: StageView[];
  /** Of a matrix, in its order. */
  cells?: CellView[];
};

export const emptyOpView: OpView = { name: '', state: 'running', stages: [] };

/** The view after one more event; never mutates its argument. */
export function reduceEvent(view: OpView, event: LabEvent): OpView {
  switch (event.type) {
    case 'op.start':
      return { ...view, name: event.name, ...(event.equivalent ? { equivalent: event.equivalent } : {}) };
    case 'op.end':
      return { ...view, state: event.ok ? 'done' : 'failed' };
    case 'stage.start': {
      const depth = event.stage.split('/').length - 1;
      const stage = {
        path: event.stage,
        title: event.title,
        depth,
        state: 'running',
        startedAt: event.at,
        cached: false,
      } as const;
      return { ...view, stages: [...view.stages, stage] };
    }
    case 'stage.waiting':
      return change(view, event.stage, (stage) => ({ ...stage, waiting: event.what }));
    case 'stage.progress': {
      const { done, total, unit } = event;
      return change(view, event.stage, (stage) => ({
        ...stage,
        progress: { done, unit, ...(total === undefined ? {} : { total }) },
      }));
    }
    case 'stage.end':
      return change(view, event.stage, ({ waiting: _waiting, progress: _progress, ...stage }) => ({
        ...stage,
        state: event.ok ? 'done' : 'failed',
        ms: event.ms,
        cached: event.cached,
        ...(event.note ? { note: event.note } : {}),
        ...(event.error ? { error: event.error } : {}),
      }));
    case 'cell':
      return { ...view, cells: withCell(view.cells ?? [], event) };
    default:
      return view;
  }
}

function withCell(
  cells: CellView[],
  { type: _type, at, op: _op, ...cell }: Extract<LabEvent, { type: 'cell' }>,
): CellView[] {
  const index = cells.findIndex((known) => known.cell === cell.cell);
  const startedAt = cells[index]?.startedAt ?? (cell.state === 'running' ? at : undefined);
  const next = { ...cell, ...(startedAt === undefined ? {} : { startedAt }) };
  return index < 0 ? [...cells, next] : cells.with(index, next);
}

/** Changes the latest stage of that path: a stage may run more than once in an operation. */
function change(view: OpView, path: string, update: (stage: StageView) => StageView): OpView {
  const index = view.stages.findLastIndex((stage) => stage.path === path);
  const found = view.stages[index];
  if (!found) return view;
  return { ...view, stages: view.stages.with(index, update(found)) };
}
