// What a transition waits for, and how that is known.

import assert from 'node:assert/strict';
import { transitionHazard } from '../../../../lab/src/build/lint/transition-hazard.ts';

describe('transitionHazard', () => {
  it('knows where the tasks of an idle system sleep, and the threads of the kernel', () => {
    assert.deepEqual(transitionHazard('ep_poll'), { rule: 'TR03' });
    assert.deepEqual(transitionHazard('worker_thread'), { rule: 'TR04' });
    assert.equal(transitionHazard('cmdline_proc_show'), undefined);
  });

  it('sees in the body what tasks wait for', () => {
    const waiting = 'static int gadget_read(void)\n{\n\treturn wait_event_interruptible(queue, ready);\n}\n';
    assert.deepEqual(transitionHazard('gadget_read', waiting), { rule: 'TR03', call: 'wait_event_interruptible' });
    assert.deepEqual(transitionHazard('gadget_nap', '{\n\tschedule();\n}'), { rule: 'TR03', call: 'schedule' });
    const loop = '{\n\twhile (!kthread_should_stop())\n\t\tschedule();\n}';
    assert.deepEqual(transitionHazard('gadget_thread', loop), { rule: 'TR04', call: 'kthread_should_stop' });
  });

  it('is not taken in by comments, strings or short waits', () => {
    assert.equal(
      transitionHazard('gadget', '{\n\t/* wait_event_interruptible(queue) */\n\tmutex_lock(&lock);\n}'),
      undefined,
    );
    assert.equal(transitionHazard('gadget', '{\n\tpr_info("schedule()");\n}'), undefined);
    assert.equal(transitionHazard('gadget', '{\n\treschedule();\n\tcond_resched();\n}'), undefined);
  });
});
