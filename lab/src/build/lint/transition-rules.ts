// Functions that make a transition slow, endless or dear (Documentation/livepatch/livepatch.rst, section 3).

import { bareCode } from '../../patch/bare-code.ts';
import { functionText } from '../../patch/function-text.ts';
import type { SourceChange } from '../../patch/source-change.ts';
import { finding, type LintFinding } from './finding.ts';
import type { FunctionChange } from './functions.ts';

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

const hot = new Set(
  `__schedule schedule try_to_wake_up pick_next_task_fair update_curr do_syscall_64 vfs_read vfs_write ksys_read
  ksys_write fput __fput fget link_path_walk path_openat lookup_fast __d_lookup __d_lookup_rcu dput mntput_no_expire
  handle_mm_fault __handle_mm_fault do_user_addr_fault exc_page_fault get_page_from_freelist __alloc_pages_noprof
  kmem_cache_alloc_noprof kmem_cache_free kfree __kmalloc_noprof tcp_sendmsg tcp_sendmsg_locked tcp_recvmsg
  tcp_rcv_established tcp_v4_rcv tcp_ack tcp_write_xmit ip_rcv ip_queue_xmit __ip_queue_xmit __netif_receive_skb_core
  __dev_queue_xmit napi_gro_receive __alloc_skb consume_skb kfree_skb_reason copy_page_range do_wp_page
  hrtimer_interrupt tick_sched_handle update_process_times __update_load_avg_se`.split(/\s+/),
);

/** Waits that may last as long as user space or another task likes. */
const waits =
  /\bwait_event_(?:interruptible|killable|freezable|idle)\w*\(|\bwait_for_completion_(?:interruptible|killable)\(|\bwait_woken\(|(?<!\w)(?:freezable_)?schedule\(\)/;

/** Rules TR03, TR04, TR05. */
export function transitionFindings({ seen, whole }: SourceChange, functions: readonly FunctionChange[]): LintFinding[] {
  return functions.flatMap(({ file, name, line, fate }) => {
    if (fate !== 'changed') return [];
    const place = { file, line, function: name };
    const body = functionText(whole?.patched ?? seen, name);
    const code = body.split('\n').map(bareCode).join('\n');
    const found = [...(hot.has(name) ? [finding('TR05', place)] : [])];
    const isLoop = /\b(while|for)\b/.test(code) && /\bkthread_(?:freezable_)?should_stop\(/.test(code);
    if (threads.has(name) || isLoop) return [...found, finding('TR04', place)];
    return sleepers.has(name) || waits.test(code) ? [...found, finding('TR03', place)] : found;
  });
}
