// What a stage looks like in the terminal. Pure, so that the look is tested.

import { styleText } from 'node:util';
import type { OpView, StageView } from '../core/progress.ts';

type Style = Parameters<typeof styleText>[0];
export type Paint = (style: Style, text: string) => string;

export const paintFor = (colour: boolean): Paint =>
  colour ? (style, text) => styleText(style, text) : (_, text) => text;

/** The line of a stage that has ended. */
export function endedLine(stage: StageView, paint: Paint): string {
  const mark = stage.state === 'done' ? paint('green', '✔') : paint('red', '✖');
  const time = stage.cached ? 'cached' : formatMs(stage.ms ?? 0);
  const note = stage.error ? `  ${paint('red', stage.error.message)}` : stage.note ? `  ${stage.note}` : '';
  return `${indent(stage)}${mark} ${stage.title} ${paint('dim', time)}${note}`;
}

/** The lines of the stages that run now, deepest last, with what they wait for and how far they are. */
export function runningLines(view: OpView, now: number, paint: Paint, columns: number): string[] {
  const frame = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'[Math.floor(now / 100) % 10] as string;
  return view.stages
    .filter(({ state }) => state === 'running')
    .map((stage) => {
      const progress = stage.progress ? `  ${formatProgress(stage.progress)}` : '';
      const waiting = stage.waiting ? `  ${stage.waiting}` : '';
      const tail = `${formatMs(now - stage.startedAt)}${progress}${waiting}`;
      const head = `${indent(stage)}${frame} ${stage.title} `;
      const room = Math.max(0, columns - head.length - 1);
      return head.slice(0, columns - 1) + paint('dim', tail.slice(0, room));
    });
}

const indent = ({ depth }: StageView) => '  '.repeat(depth);

export function formatMs(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 100_000
    ? `${(ms / 1000).toFixed(1)} s`
    : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

function formatProgress({ done, total, unit }: NonNullable<StageView['progress']>): string {
  const show = (value: number) =>
    unit === 'bytes'
      ? `${(value / 1e6).toFixed(1)} MB`
      : unit === 'ms'
        ? `${(value / 1000).toFixed(1)} s`
        : String(value);
  const noun = unit === 'files' || unit === 'tasks' ? ` ${unit}` : '';
  return total === undefined ? show(done) + noun : `${show(Math.min(done, total))} of ${show(total)}${noun}`;
}
