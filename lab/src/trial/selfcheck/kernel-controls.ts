// Troubles of the guest's kernel, each made for real.

import type { Control, Scene } from './control.ts';

const patienceMs = 60_000;
/** Silence counts only while the host lets the guest run (vm/heartbeat.ts). */
const silentPatienceMs = 180_000;

/** Sends the kernel into trouble and waits until it was seen, or until the machine has died of it. */
const trouble =
  (kind: string, script: string, timeoutMs = patienceMs) =>
  async ({ start, recording }: Scene): Promise<void> => {
    start(script);
    await recording.untilTrouble(kind, timeoutMs);
  };

const kernelSays = (says: RegExp) => ({ verdict: 'fail' as const, by: 'kernel-log', says });

/** Longer than the ring buffer of any stock kernel (CONFIG_LOG_BUF_SHIFT 17 or 18), at a level the console does not show. */
const overflow = `echo on > /proc/sys/kernel/printk_devkmsg
line='<7>${'x'.repeat(96)}'
yes "$line" | dd of=/dev/kmsg bs=1000 count=700 2>/dev/null`;

export const kernelControls: readonly Control[] = [
  {
    id: 'oops',
    title: 'the kernel dereferences a null pointer',
    needs: 'trouble',
    play: trouble('oops', 'echo oops > /proc/lpl_trouble'),
    caught: kernelSays(/NULL pointer dereference/),
    quick: true,
  },
  {
    id: 'panic',
    title: 'the kernel panics',
    play: trouble('panic', 'echo c > /proc/sysrq-trigger'),
    caught: kernelSays(/Kernel panic - not syncing/),
  },
  {
    id: 'warning',
    title: 'the kernel warns',
    needs: 'trouble',
    play: trouble('warning', 'echo warn > /proc/lpl_trouble'),
    caught: kernelSays(/^WARNING: /),
    quick: true,
  },
  {
    // Stock kernels are built without lockdep: the module prints its words, which shows that they are noticed, not that lockdep
    // would have found something.
    id: 'lockdep',
    title: 'the words of lockdep about a task that takes a lock twice (printed: a stock kernel has no lockdep)',
    needs: 'trouble',
    play: trouble('lockdep', 'echo lockdep > /proc/lpl_trouble'),
    caught: kernelSays(/^WARNING: possible recursive locking detected/),
    quick: true,
  },
  {
    id: 'rcu-stall',
    title: 'a CPU that never passes through a quiescent state stalls RCU',
    needs: 'trouble',
    play: trouble(
      'rcu-stall',
      `echo 0 > /proc/sys/kernel/watchdog
echo 3 > /sys/module/rcupdate/parameters/rcu_cpu_stall_timeout
echo stall > /proc/lpl_trouble`,
    ),
    caught: kernelSays(/^rcu: INFO: .*stall/),
  },
  {
    id: 'hung-task',
    title: 'a task that sleeps and cannot be woken',
    needs: 'trouble',
    play: trouble('hung-task', 'echo 1 > /proc/sys/kernel/hung_task_timeout_secs; echo hang > /proc/lpl_trouble'),
    caught: kernelSays(/blocked for more than \d+ seconds/),
  },
  {
    id: 'soft-lockup',
    title: 'a CPU that does not schedule',
    needs: 'trouble',
    play: trouble('lockup', 'echo 1 > /proc/sys/kernel/watchdog_thresh; echo spin > /proc/lpl_trouble'),
    caught: kernelSays(/soft lockup/),
  },
  {
    id: 'silent-hang',
    title: 'all CPUs spin with interrupts off: the guest says nothing any more',
    needs: 'trouble',
    play: trouble('silent-hang', 'echo deadlock > /proc/lpl_trouble', silentPatienceMs),
    caught: kernelSays(/CPU#0 at /),
  },
  {
    id: 'reboot',
    title: 'the guest reboots behind our back',
    play: async ({ start, wait }) => {
      start('reboot -f');
      await wait(patienceMs);
    },
    caught: { verdict: 'fail', by: 'guest-ended', says: /SHUTDOWN \(guest-reset\)/ },
    quick: true,
  },
  {
    id: 'taint',
    title: 'the kernel is tainted by something that is no livepatch',
    play: async ({ script, recording }) => {
      await script('echo 64 > /proc/sys/kernel/tainted');
      await recording.untilRead(patienceMs);
    },
    caught: { verdict: 'fail', by: 'taint', says: /0 -> 64 \(U\)/ },
    quick: true,
  },
  {
    id: 'log-overflow',
    title: 'the kernel log overflows, and what was in it is lost',
    play: async ({ script }) => void (await script(overflow)),
    caught: { verdict: 'inconclusive', by: 'kernel-log', says: /canary is gone/ },
    quick: true,
  },
  {
    id: 'clock-jump',
    title: 'the clock of the guest jumps by an hour',
    play: async ({ script, recording }) => {
      await script('date -s @$(($(date +%s) + 3600)) > /dev/null');
      await recording.untilRead(patienceMs);
    },
    caught: { verdict: 'fail', by: 'btime', says: /\d/ },
    quick: true,
  },
];
