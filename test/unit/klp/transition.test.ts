// How a transition ends that was cancelled; real ones are in test/vm/klp.test.ts.

import assert from 'node:assert/strict';
import { LabError } from '../../../lab/src/core/error.ts';
import { followTransition } from '../../../lab/src/klp/transition.ts';
import { FakeKlpGuest } from '../../support/fake-klp-guest.ts';
import { operate } from '../../support/operation.ts';

/** Follows a transition that never completes, and is cancelled in the middle; setting it going ends with `begun`. */
async function cancelled(begun: Promise<void>): Promise<FakeKlpGuest> {
  const fake = new FakeKlpGuest('never-completes');
  const abort = new AbortController();
  const begin = async () => {
    await fake.guest.script('insmod /run/lpl/fix.ko', { signal: abort.signal });
    abort.abort(new LabError('op.cancelled', 'cancelled'));
    await begun;
  };
  const request = { guest: fake.guest, module: 'fix', direction: 'patching', timeoutMs: 60_000, begin } as const;
  const following = operate((ctx) => followTransition(request, stageOf(ctx)), { signal: abort.signal });
  await assert.rejects(following, { code: 'op.cancelled' });
  return fake;
}

const nothing = () => undefined;
const stageOf = <T>(ctx: T) => ({ ...ctx, waiting: nothing, progress: nothing, note: nothing, cached: nothing });

describe('followTransition, cancelled', () => {
  it('puts the guest back first', async () => {
    const { patches } = await cancelled(Promise.resolve());
    assert.deepEqual(patches, [{ name: 'fix', enabled: false, running: false }]);
  });

  it('is cancelled, not failed, when the guest is gone by then', async () => {
    await cancelled(Promise.reject(new LabError('guest.unreachable', 'gone')));
  });
});
