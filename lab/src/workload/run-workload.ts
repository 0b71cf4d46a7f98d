// Runs one workload in the guest and keeps what it tells: that it ran, when, and what went wrong. Nothing here decides.

import { createInterface } from 'node:readline';
import { asLabError } from '../core/error.ts';
import { withDeadline } from '../core/wait.ts';
import type { Guest, GuestPipe } from '../vm/guest/guest.ts';
import type { WorkloadPlan } from './workload-plan.ts';

/** Sums since the start. `atMs`: the run's clock when the guest took it; `cpuMs`: of a command and all its children. */
export type WorkloadSample = { atMs: number; done: number; failed: number; tasks: number; cpuMs: number };

/** A command that ended. `stopped`: because we asked it to; `output`: the last of what it said, kept of bad runs and the last. */
export type CommandRun = {
  atMs: number;
  exit: number;
  signal: number;
  ms: number;
  stopped: boolean;
  /** As the scenario asked for. */
  good: boolean;
  output: string;
};

export type WorkloadRecord = {
  plan: WorkloadPlan;
  samples: WorkloadSample[];
  runs: CommandRun[];
  /** Wrong results, in the words of the workload. */
  said: string[];
  /** Why it could not be started, or what became of the connection. */
  trouble?: string;
};

export type Workload = {
  readonly record: WorkloadRecord;
  /** Resolves once it has done something, has ended, or `timeoutMs` are over. */
  begun(timeoutMs: number): Promise<void>;
  /** Lets it end and tell how; resolves when it has, or will not. */
  stop(): Promise<void>;
};

export const workloadProgram = 'lpl-workload';

/** Ten seconds are the command's own (images/guest/workload.c), the rest is the way. */
const stopMs = 15_000;
/** Bad runs of a command that are kept; a thousand tell no more. */
const keptBadRuns = 20;

/** Starts it. Never rejects: what goes wrong is recorded. */
export async function startWorkload(
  { guest, plan, clock }: { guest: Guest; plan: WorkloadPlan; clock: () => number },
  signal: AbortSignal,
): Promise<Workload> {
  const record: WorkloadRecord = { plan, samples: [], runs: [], said: [] };
  let pipe: GuestPipe | undefined;
  let tellBegun = () => {};
  const hasBegun = new Promise<void>((resolve) => (tellBegun = resolve));
  let reading = Promise.resolve();
  try {
    pipe = await guest.pipe([`/lpl/${workloadProgram}`, ...plan.argv], { signal });
    const reader = new RecordReader(record, clock, tellBegun);
    reading = readLines(pipe, reader).finally(tellBegun);
  } catch (error) {
    record.trouble = asLabError(error).message;
    tellBegun();
  }
  return {
    record,
    begun: (timeoutMs) => withDeadline(hasBegun, `the workload ${plan.name}`, timeoutMs).catch(() => undefined),
    stop: async () => {
      pipe?.input.end();
      await withDeadline(reading, `the end of ${plan.name}`, stopMs).catch((error: unknown) => {
        record.trouble ??= asLabError(error).message;
      });
      pipe?.close();
    },
  };
}

async function readLines(pipe: GuestPipe, reader: RecordReader): Promise<void> {
  for await (const line of createInterface({ input: pipe.output, crlfDelay: Infinity })) reader.add(line);
  const { exitCode } = await pipe.ended;
  if (exitCode !== 0) reader.trouble(pipe.said() || `it ended with ${exitCode ?? 'the connection'}`);
}

/** True when that run of the command is what the scenario asked for. */
function isGoodRun({ pass, mode }: WorkloadPlan, { exit, signal, stopped, output }: ToldRun): boolean {
  // A command that goes on for ever is ended by SIGTERM; in between, a run that we cut short tells nothing.
  if (stopped && (mode === 'repeat' || signal === 15 || exit === 143)) return true;
  return exit === pass.exit && signal === 0 && (pass.output === undefined || new RegExp(pass.output, 'm').test(output));
}

/** Turns the program's lines into a record. */
export class RecordReader {
  /** Smallest difference so far between the host's clock and the guest's: lines may come late, but not early. */
  private offsetMs = Infinity;

  constructor(
    private readonly record: WorkloadRecord,
    private readonly clock: () => number,
    private readonly tellBegun: () => void,
  ) {}

  /** Throws SyntaxError on anything that is not a line of lpl-workload. */
  add(line: string): void {
    const { run, said, ...tick } = JSON.parse(line) as Tick & { run?: ToldRun; said?: string };
    if (said !== undefined) this.record.said.push(said);
    else if (run) this.addRun({ atMs: this.clock(), ...run, good: isGoodRun(this.record.plan, run) });
    else this.addSample(tick);
  }

  trouble(text: string): void {
    this.record.trouble ??= text;
  }

  private addRun(run: CommandRun): void {
    const { runs } = this.record;
    const before = runs.at(-1);
    if (before?.good) before.output = '';
    if (run.good || runs.filter(({ good }) => !good).length < keptBadRuns) runs.push(run);
  }

  private addSample({ upUs, ...sums }: Tick): void {
    this.offsetMs = Math.min(this.offsetMs, this.clock() - upUs / 1000);
    this.record.samples.push({ atMs: upUs / 1000 + this.offsetMs, ...sums });
    if (sums.done > 0 || sums.cpuMs > 0) this.tellBegun();
  }
}

type Tick = Omit<WorkloadSample, 'atMs'> & { upUs: number };
type ToldRun = Omit<CommandRun, 'atMs' | 'good'>;
