// Functions that tasks do not leave soon: a transition waits until no task has them on its stack
// (Documentation/livepatch/livepatch.rst, section 3).

import { bareCode } from '../../patch/bare-code.ts';

export type TransitionHazard = {
  /** TR03: tasks sleep in it. TR04: the main loop of a kernel thread. */
  rule: 'TR03' | 'TR04';
  /** How that is known: the call in its body that says so; undefined for one of the list of where idle tasks are found. */
  call?: string;
};

/** Where tasks of an idle system are found sleeping (/proc/PID/stack): system calls that wait, and what they wait in. */
const sleepers = new Set(
  `do_sys_poll do_poll do_select core_sys_select do_epoll_wait ep_poll do_nanosleep hrtimer_nanosleep do_wait
  kernel_wait4 do_futex futex_wait futex_wait_queue do_sigtimedwait sigsuspend ksys_read vfs_read new_sync_read pipe_read
  pipe_wait_readable anon_pipe_read unix_stream_read_generic unix_stream_recvmsg inet_csk_accept inet_accept tcp_recvmsg
  udp_recvmsg __skb_wait_for_more_packets sk_wait_data n_tty_read tty_read read_kmsg devkmsg_read signalfd_read eventfd_read
  timerfd_read inotify_read fanotify_read do_msgrcv do_semtimedop wait_woken io_cqring_wait
  schedule schedule_timeout schedule_hrtimeout_range_clock`.split(/\s+/),
);

const threads = new Set(
  `worker_thread rescuer_thread kthread kthreadd kthread_worker_fn smpboot_thread_fn rcu_gp_kthread rcu_nocb_gp_kthread
  kswapd kcompactd khugepaged ksm_scan_thread oom_reaper kauditd_thread io_wq_worker io_sq_thread vhost_run_work_list
  kjournald2 svc_recv nfsd watchdog hung_task watchdogd irq_thread`.split(/\s+/),
);

/** Waits that may last as long as user space or another task likes. */
const waits =
  /\b(wait_event_(?:interruptible|killable|freezable|idle)\w*|wait_for_completion_(?:interruptible|killable)|wait_woken)\(|(?<!\w)((?:freezable_)?schedule)\(\)/;

/** Undefined when nothing is known against it. `body`: its text, when it is at hand; comments and strings do not count. */
export function transitionHazard(name: string, body = ''): TransitionHazard | undefined {
  const code = body.split('\n').map(bareCode).join('\n');
  const stop = /\b(?:while|for)\b/.test(code)
    ? /\bkthread_(?:freezable_)?should_stop(?=\()/.exec(code)?.[0]
    : undefined;
  if (threads.has(name)) return { rule: 'TR04' };
  if (stop) return { rule: 'TR04', call: stop };
  if (sleepers.has(name)) return { rule: 'TR03' };
  const [, wait, yielding] = waits.exec(code) ?? [];
  const call = wait ?? yielding;
  return call ? { rule: 'TR03', call } : undefined;
}
