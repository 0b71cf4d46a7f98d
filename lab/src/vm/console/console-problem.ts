// Which console lines say that the kernel is in trouble. The words are the kernel's own (lib/bug.c, kernel/panic.c,
// arch/x86/mm/fault.c, arch/x86/kernel/dumpstack.c, kernel/watchdog.c, kernel/rcu/tree_stall.h, kernel/hung_task.c, kernel/locking/lockdep.c).

/** The last two are told by QEMU, not by the console: crash-report.ts. */
export type ProblemKind =
  | 'panic'
  | 'oops'
  | 'bug'
  | 'lockdep'
  | 'warning'
  | 'lockup'
  | 'rcu-stall'
  | 'hung-task'
  | 'out-of-memory'
  | 'triple-fault'
  | 'silent-hang';

/** `text` without the time stamp; `guestSeconds`: the stamp, seconds since the guest booted, of what the guest itself said. */
export type ConsoleProblem = { kind: ProblemKind; text: string; guestSeconds?: number };

// The first match decides, so the more telling kinds stand first.
const table: readonly (readonly [ProblemKind, RegExp])[] = [
  ['panic', /^Kernel panic - not syncing/],
  ['lockup', /^watchdog: (?:BUG: soft lockup|Watchdog detected hard LOCKUP|CPU\d+: Watchdog detected hard LOCKUP)/],
  ['lockup', /^NMI watchdog: Watchdog detected hard LOCKUP/],
  ['oops', /^(?:Oops: |Oops\[)/],
  ['oops', /^BUG: (?:unable to handle|kernel NULL pointer dereference)/],
  ['oops', /^(?:general protection fault|stack segment|double fault|divide error|invalid opcode|int3|traps: PANIC)\b/],
  ['oops', /^(?:kernel BUG at|Unable to handle kernel|#GP|Internal error:)/],
  ['oops', /^(?:CFI failure|kernel tried to execute|Missing ENDBR|PANIC: double fault)/],
  ['rcu-stall', /^rcu: INFO: .*(?:detected (?:expedited )?stalls?|self-detected stall|grace-period kthread.* starved)/],
  ['rcu-stall', /^(?:INFO: rcu_\S+ detected stalls|rcu: rcu_\S+ kthread .*starved)/],
  ['hung-task', /^INFO: task .+ blocked for more than \d+ seconds/],
  ['out-of-memory', /^(?:Out of memory: Killed process|Memory cgroup out of memory)/],
  [
    'lockdep',
    /^WARNING: (?:possible (?:circular|recursive) locking|possible irq lock inversion|inconsistent lock state)/,
  ],
  ['lockdep', /^WARNING: (?:\S+-safe -> \S+-unsafe lock order|bad (?:unlock balance|contention)|held lock freed)/],
  [
    'lockdep',
    /^WARNING: (?:.+ still has locks held!|lock held when returning|Nested lock was not|suspicious RCU usage)/,
  ],
  ['lockdep', /^(?:\[ BUG: Invalid wait context \]|INFO: trying to register non-static key|BUG: MAX_LOCK\w* too low!)/],
  ['bug', /^(?:BUG: |BUG\b.*Not tainted|kernel tried to|Bad page state|UBSAN: )/],
  ['warning', /^WARNING: /],
];

/** A line of the kernel: its stamp, seconds since the guest booted, and what it says. */
export type KernelLine = { seconds: number; text: string };

/**
 * The kernel's part of a console line: `[   12.345678] text`, with the caller's `[T123]` or `[C0]` behind the stamp in some
 * configurations. It need not stand at the beginning: the kernel does not know that a prompt waits on the line.
 */
export function readKernelLine(line: string): KernelLine | undefined {
  const match = /(?:^|[^\d[])\[\s*(\d+\.\d+)\](?:\[\s*[TC]\d+\])?\s+(.*)$/.exec(line);
  return match?.[2] === undefined ? undefined : { seconds: Number(match[1]), text: match[2] };
}

/** What the line says is wrong; undefined for ordinary lines. */
export function classifyConsoleLine(line: string): ConsoleProblem | undefined {
  const said = readKernelLine(line);
  const kind = said && table.find(([, pattern]) => pattern.test(said.text))?.[0];
  return kind && { kind, text: said.text, guestSeconds: said.seconds };
}
