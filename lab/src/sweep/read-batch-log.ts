// Reads from a guest's console what became of a batch of livepatches: the script's own lines, and what the kernel said
// behind each of them. Pure. What the log does not say did not happen.

import { classifyConsoleLine, readKernelLine } from '../vm/console/console-problem.ts';
import type { ConsoleReport } from '../vm/console/console-report.ts';
import { marker } from './batch-script.ts';
import type { Defect } from './item-result.ts';

export type ModuleRecord = {
  /** Every task was patched, and unpatched again, and the module is gone. */
  live: boolean;
  gone: boolean;
  /** Objects that the kernel says are patched. */
  patched: string[];
  /** Tasks that held a transition back. */
  stalled: string[];
  /** Its patching was given up. */
  isStalled: boolean;
};

/** `module`: the one that was being loaded or unloaded; undefined when all were live. */
export type BatchDefect = Defect & { module?: string };

export type BatchLog = {
  modules: Map<string, ModuleRecord>;
  /** Modules of the target that the guest cannot have, with modprobe's words. */
  absent: Map<string, string>;
  defects: BatchDefect[];
  /** What the kernel said before any livepatch was there. */
  before: string[];
  /** The script came to its end. */
  ended: boolean;
};

type Reader = BatchLog & {
  step: Defect['step'] | 'before';
  module: string | undefined;
  /** The script's last words. */
  last: string;
  reports: readonly ConsoleReport[];
};

/** `lines`: of the console, from before the script began. `reports`: what belongs to its problems, and what only QEMU saw. */
export function readBatchLog(lines: readonly string[], reports: readonly ConsoleReport[]): BatchLog {
  const reader: Reader = {
    ...{ modules: new Map(), absent: new Map(), defects: [], before: [], ended: false },
    ...{ step: 'before', module: undefined, last: 'nothing', reports },
  };
  for (const line of lines) {
    const said = readKernelLine(line)?.text ?? '';
    if (said.startsWith(marker)) readMarker(reader, said.slice(marker.length).trim());
    else readProblem(reader, line);
  }
  const { modules, absent, defects, before, ended } = reader;
  return { modules, absent, defects: [...defects, ...untold(reader), ...unfinished(reader)], before, ended };
}

function readMarker(reader: Reader, text: string): void {
  reader.last = text;
  const [verb = '', subject = ''] = text.split(/[ :]+/);
  const detail = text.slice(text.indexOf(':') + 1).trim();
  const record = recordOf(reader, verb, subject);
  const defect = (step: Defect['step'], kind: string, what: string) =>
    reader.defects.push({ step, kind, text: what, module: subject });
  if (verb === 'load' || verb === 'unload') Object.assign(reader, { step: verb, module: subject });
  else if (verb === 'absent') reader.absent.set(subject, detail);
  else if (verb === 'exercise') Object.assign(reader, { step: 'live', module: undefined });
  else if (verb === 'end') Object.assign(reader, { ended: true });
  else if (verb === 'rejected') defect('load', 'rejected', detail);
  else if (verb === 'stuck') defect('unload', 'stuck', 'it can be neither disabled nor unloaded');
  else if (verb === 'patched') record?.patched.push(detail);
  else if (verb === 'held') record?.stalled.push(detail);
  else if (record && verb === 'stalled') record.isStalled = true;
  else if (record && verb === 'live') record.live = true;
  else if (record && verb === 'gone') record.gone = true;
}

function recordOf({ modules }: Reader, verb: string, subject: string): ModuleRecord | undefined {
  if (verb === 'load') modules.set(subject, { live: false, gone: false, patched: [], stalled: [], isStalled: false });
  return modules.get(subject);
}

function readProblem(reader: Reader, line: string): void {
  const problem = classifyConsoleLine(line);
  if (!problem) return;
  const { kind, text } = problem;
  const { step } = reader;
  const report = reader.reports.find(({ lines }) => lines[0] === line)?.lines;
  if (step === 'before') reader.before.push(text);
  else reader.defects.push({ step, kind, text, ...(report ? { report } : {}), ...suspect(reader) });
}

const suspect = ({ module }: Reader) => (module === undefined ? {} : { module });

const stepOf = ({ step }: Reader) => (step === 'before' ? 'live' : step);

/** What no line of the console says: a triple fault, a hang. */
function untold(reader: Reader): BatchDefect[] {
  const seen = reader.reports.filter(({ problem }) => problem.guestSeconds === undefined);
  return seen.map(({ problem: { kind, text }, lines }) => ({
    ...{ step: stepOf(reader), kind, text, report: lines },
    ...suspect(reader),
  }));
}

function unfinished(reader: Reader): BatchDefect[] {
  if (reader.ended || reader.defects.some(({ kind }) => kind === 'panic')) return [];
  const text = `the guest died or fell silent after "${reader.last}"`;
  return [{ step: stepOf(reader), kind: 'silent', text, ...suspect(reader) }];
}
