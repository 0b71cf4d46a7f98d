// Gathers what the kernel prints about one trouble - the line that names it, registers, stack - into one report. Pure.

import { classifyConsoleLine, type ConsoleProblem, readKernelLine } from './console-problem.ts';

/** `lines`: all of it, the naming line first. `at`: host time of that, ms since the epoch. */
export type ConsoleReport = { problem: ConsoleProblem; lines: string[]; at: number };

/** A dump of registers and stack has about 50 lines; some kinds print one a CPU. */
const maxLines = 300;
/** Lines of one report follow each other within microseconds of the guest's time; a slow serial port stretches that. */
const gapSeconds = 1;
/** Host time after which an open report is over when nothing follows: the guest prints it in one go. */
const idleMs = 500;

/** An oops is announced by BUG:, then Oops:, and may end in a panic: one trouble, named by its first line, as bad as its worst. */
const dying = ['bug', 'oops', 'panic'] as const satisfies readonly ConsoleProblem['kind'][];
const severity = (kind: ConsoleProblem['kind']) => dying.findIndex((each) => each === kind);

export class ConsoleReports {
  readonly #onReport: (report: ConsoleReport) => void;
  #open: ConsoleReport | undefined;
  #lastSeconds = 0;
  #lastAt = 0;

  constructor(onReport: (report: ConsoleReport) => void) {
    this.#onReport = onReport;
  }

  /** The next console line, without the log's time stamp. */
  add(text: string, at: number): void {
    const problem = classifyConsoleLine(text);
    const seconds = readKernelLine(text)?.seconds;
    if (this.#open && seconds !== undefined && seconds - this.#lastSeconds > gapSeconds) this.#close();
    if (problem && !(this.#open && goesOn(this.#open, problem))) {
      this.#close();
      this.#open = { problem, lines: [], at };
    }
    // What programs print in between is not the kernel's.
    if (!this.#open || seconds === undefined) return;
    if (problem && severity(problem.kind) > severity(this.#open.problem.kind))
      this.#open.problem = worse(this.#open, problem);
    this.#open.lines.push(text);
    this.#lastSeconds = seconds;
    this.#lastAt = at;
    if (/---\[ end Kernel panic/.test(text) || this.#open.lines.length >= maxLines) this.#close();
  }

  /** Ends a report to which nothing was added for a while, or, without a time, any. */
  flush(now = Infinity): void {
    if (now - this.#lastAt >= idleMs) this.#close();
  }

  #close(): void {
    const report = this.#open;
    this.#open = undefined;
    if (report) this.#onReport(report);
  }
}

/** Every report in lines that are there already. */
export function findReports(lines: readonly { text: string; at?: number }[]): ConsoleReport[] {
  const found: ConsoleReport[] = [];
  const reports = new ConsoleReports((report) => void found.push(report));
  for (const { text, at } of lines) reports.add(text, at ?? 0);
  reports.flush();
  return found;
}

/** A panic that is only the end of a trouble (kernel/panic.c, kernel/watchdog.c, kernel/hung_task.c, kernel/rcu/tree_stall.h). */
const consequence =
  /: (?:Fatal exception|softlockup: hung|Hard LOCKUP|hung_task: blocked|RCU Stall|Attempted to kill init)/;

/** Whether the line is about the same trouble: no dump lies between them yet, or it is what that trouble led to. */
function goesOn({ problem, lines }: ConsoleReport, next: ConsoleProblem): boolean {
  if (next.kind === 'panic' && consequence.test(next.text)) return true;
  const isDumped = lines.some((line) => line.includes('Call Trace:'));
  return !isDumped && severity(problem.kind) >= 0 && severity(next.kind) >= 0;
}

const worse = ({ problem }: ConsoleReport, { kind }: ConsoleProblem): ConsoleProblem => ({ ...problem, kind });
