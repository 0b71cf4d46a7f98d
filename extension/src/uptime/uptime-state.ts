// What the uptime dashboard shows, as messages to its page. Free of vscode.

import type { LabEvent, Pulse } from 'livepatch-lab';

/** Steps of the story that a trial tells, in order. */
export type StoryStep = 'serve' | 'patch' | 'prove' | 'restore' | 'control';

/** `at`: host time, ms since the epoch. */
export type UptimeMessage =
  | { type: 'machine'; name: string | undefined }
  | { type: 'pulse'; pulse: Pulse }
  | {
      type: 'transition';
      at: number;
      module: string;
      direction: string;
      converged: number;
      total: number;
      done: boolean;
    }
  | { type: 'mark'; at: number; text: string; tone: 'good' | 'bad' | 'plain' }
  | { type: 'story'; step: StoryStep | undefined; text: string }
  | { type: 'demo'; on: boolean };

/** What an event of the lab means on the time line; undefined for most. */
export function uptimeMessage(event: LabEvent): UptimeMessage | undefined {
  const { at } = event;
  switch (event.type) {
    case 'klp.transition': {
      const { module, direction, converged, remaining, complete } = event;
      return { type: 'transition', at, module, direction, converged, total: converged + remaining, done: complete };
    }
    case 'klp.stalled':
      return { type: 'mark', at, tone: 'bad', text: `stalled by ${event.tasks.map(({ comm }) => comm).join(', ')}` };
    case 'vm.state':
      return {
        type: 'mark',
        at,
        tone: event.state === 'panicked' ? 'bad' : 'plain',
        text: `${event.vm} ${event.state}`,
      };
    case 'verdict':
      return { type: 'mark', at, tone: event.verdict === 'pass' ? 'good' : 'bad', text: `verdict: ${event.verdict}` };
    case 'stage.start': {
      const step = stepOf(event.stage);
      return step && { type: 'story', step, text: event.title };
    }
    default:
      return undefined;
  }
}

/** Which step of the story a stage of a trial is, by the last word of its path. */
export function stepOf(stage: string): StoryStep | undefined {
  const word = stage.split('/').at(-1) ?? '';
  if (word === 'baseline') return 'serve';
  if (word === 'load') return 'patch';
  if (word === 'soak') return 'prove';
  if (word === 'disable') return 'restore';
  return /reboot|control/.test(word) ? 'control' : undefined;
}
