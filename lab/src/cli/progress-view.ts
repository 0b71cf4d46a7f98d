// Shows the events of an operation on stderr: a live footer in a terminal, plain lines on a pipe, NDJSON with --json.

import { createLogUpdate } from 'log-update';
import type { LabEvent } from '../core/event.ts';
import { emptyOpView, type OpView, reduceEvent } from '../core/progress.ts';
import { withoutControls } from '../core/without-controls.ts';
import { cellLine, matrixLines } from './cell-lines.ts';
import { endedLine, paintFor, runningLines } from './stage-lines.ts';

export type ProgressView = {
  show(event: LabEvent): void;
  /** A line for people, above the footer. */ say(text: string): void;
  end(): void;
};

export function openProgressView(stream: NodeJS.WriteStream, format: 'json' | 'text', verbose: boolean): ProgressView {
  if (format === 'json') {
    return {
      show: (event) => void stream.write(`${JSON.stringify(event)}\n`),
      say: () => undefined,
      end: () => undefined,
    };
  }
  const view = stream.isTTY ? terminalView(stream, verbose) : plainView(stream, verbose);
  return { ...view, show: (event) => view.show(harmless(event)) };
}

/** Names of tasks, output of commands: much of what an event tells was made by a guest. */
const harmless = (event: LabEvent): LabEvent =>
  JSON.parse(JSON.stringify(event), (_, value: unknown) =>
    typeof value === 'string' ? withoutControls(value) : value,
  ) as LabEvent;

function plainView(stream: NodeJS.WriteStream, verbose: boolean): ProgressView {
  let view = emptyOpView;
  const paint = paintFor(false);
  return {
    show: (event) => {
      view = reduceEvent(view, event);
      const text = event.type === 'stage.start' ? startLine(view) : persistentLine(view, event, paint, verbose);
      if (text !== undefined) stream.write(`${text}\n`);
    },
    say: (text) => void stream.write(`${text}\n`),
    end: () => undefined,
  };
}

function terminalView(stream: NodeJS.WriteStream, verbose: boolean): ProgressView {
  const footer = createLogUpdate(stream, { showCursor: true });
  const paint = paintFor(stream.hasColors());
  let view = emptyOpView;
  const redraw = () => {
    const [now, columns, rows] = [Date.now(), stream.columns || 80, stream.rows || 24];
    const running = runningLines(view, now, paint, columns);
    footer([...running, ...matrixLines(view, now, paint, { columns, rows: rows - running.length - 2 })].join('\n'));
  };
  const timer = setInterval(redraw, 100);
  timer.unref();
  const print = (text: string) => {
    footer.clear();
    stream.write(`${text}\n`);
    redraw();
  };
  return {
    show: (event) => {
      view = reduceEvent(view, event);
      // No line of its beginning stands there and waits for an end.
      const wasAtHand = event.type === 'stage.end' && event.cached && event.note === undefined && !verbose;
      const text = wasAtHand ? undefined : persistentLine(view, event, paint, verbose);
      if (text !== undefined) print(text);
    },
    say: print,
    end: () => {
      clearInterval(timer);
      footer.clear();
    },
  };
}

const startLine = (view: OpView) => {
  const stage = view.stages.at(-1);
  return stage && `${'  '.repeat(stage.depth)}… ${stage.title}`;
};

/** The line an event leaves behind for good, if any. */
function persistentLine(
  view: OpView,
  event: LabEvent,
  paint: ReturnType<typeof paintFor>,
  verbose: boolean,
): string | undefined {
  switch (event.type) {
    case 'stage.end': {
      const stage = view.stages.findLast(({ path }) => path === event.stage);
      // What was at hand already is worth a line only where people follow the story, at the top.
      if (!stage || (stage.cached && stage.depth > 0 && !verbose)) return undefined;
      return endedLine(stage, paint);
    }
    case 'cell':
      return event.asExpected === undefined ? undefined : cellLine(event, paint);
    case 'klp.stalled':
      return event.tasks
        .map(({ pid, comm, stack }) =>
          paint('yellow', `  ${comm}[${pid}] holds ${event.module} back, in ${stack[0] ?? 'user mode'}`),
        )
        .join('\n');
    case 'line':
      return event.from === 'lab' || verbose ? `${paint('dim', `${event.from}|`)} ${event.text}` : undefined;
    default:
      return undefined;
  }
}
