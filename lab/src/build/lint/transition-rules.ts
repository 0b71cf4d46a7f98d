// Functions that make a transition slow, endless or dear (Documentation/livepatch/livepatch.rst, section 3).

import { functionText } from '../../patch/function-text.ts';
import type { SourceChange } from '../../patch/source-change.ts';
import { finding, type LintFinding } from './finding.ts';
import type { FunctionChange } from './functions.ts';
import { transitionHazard } from './transition-hazard.ts';

const hot = new Set(
  `__schedule schedule try_to_wake_up pick_next_task_fair update_curr do_syscall_64 vfs_read vfs_write ksys_read
  ksys_write fput __fput fget link_path_walk path_openat lookup_fast __d_lookup __d_lookup_rcu dput mntput_no_expire
  handle_mm_fault __handle_mm_fault do_user_addr_fault exc_page_fault get_page_from_freelist __alloc_pages_noprof
  kmem_cache_alloc_noprof kmem_cache_free kfree __kmalloc_noprof tcp_sendmsg tcp_sendmsg_locked tcp_recvmsg
  tcp_rcv_established tcp_v4_rcv tcp_ack tcp_write_xmit ip_rcv ip_queue_xmit __ip_queue_xmit __netif_receive_skb_core
  __dev_queue_xmit napi_gro_receive __alloc_skb consume_skb kfree_skb_reason copy_page_range do_wp_page
  hrtimer_interrupt tick_sched_handle update_process_times __update_load_avg_se`.split(/\s+/),
);

/** Rules TR03, TR04, TR05. */
export function transitionFindings({ seen, whole }: SourceChange, functions: readonly FunctionChange[]): LintFinding[] {
  return functions.flatMap(({ file, name, line, fate }) => {
    if (fate !== 'changed') return [];
    const place = { file, line, function: name };
    const body = functionText(whole?.patched ?? seen, name);
    const hazard = transitionHazard(name, body);
    return [...(hot.has(name) ? [finding('TR05', place)] : []), ...(hazard ? [finding(hazard.rule, place)] : [])];
  });
}
