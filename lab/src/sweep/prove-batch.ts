// Runs a batch of livepatches in a fresh guest and tells what became of each. A guest that dies or falls silent is an
// answer; an exception means that there was no guest to ask.

import { readFile } from 'node:fs/promises';
import { withCleanup } from '../core/cleanup.ts';
import { isLabError } from '../core/error.ts';
import { type OpContext, runStage, type StageContext } from '../core/operation.ts';
import { waitUntil } from '../core/wait.ts';
import type { RunningMachine } from '../vm/machine.ts';
import { type BatchModule, batchScript, guestDirectory, marker } from './batch-script.ts';
import { type GuestListener, listenTo } from './guest-listener.ts';
import { type BatchLog, readBatchLog } from './read-batch-log.ts';

export type BatchGround = {
  /** Starts a machine that nobody else uses. */
  boot: (ctx: OpContext) => Promise<RunningMachine>;
};

/** `file`: host path of the .ko. */
export type BatchItem = BatchModule & { file: string };

/** Longer than any stall lasts until it is given up. */
const silenceMs = 120_000;
const scriptMs = 3600_000;
/** The last lines come over the serial console some moments after the script has ended. */
const lastLinesMs = 10_000;

/** `control`: the guest goes through the same without any livepatch. */
export async function proveBatch(
  ground: BatchGround,
  items: readonly BatchItem[],
  kind: 'livepatches' | 'control',
  ctx: OpContext,
): Promise<BatchLog> {
  return withCleanup(async (defer) => {
    const machine = await ground.boot(ctx);
    defer(`end ${machine.name}`, async () => {
      await machine.stop();
      await machine.forget();
    });
    const title = kind === 'control' ? 'the same without a livepatch' : `load ${items.length} at once`;
    return runStage(ctx, { id: 'run', title }, async (stage) => {
      if (kind === 'livepatches') await upload(machine, items, stage);
      const listener = await listenTo(machine);
      try {
        await runScript(machine, listener, batchScript(items, kind), stage);
        return readBatchLog(listener.lines, listener.reports);
      } finally {
        await listener.close();
      }
    });
  });
}

async function upload({ guest }: RunningMachine, items: readonly BatchItem[], ctx: StageContext): Promise<void> {
  for (const { module, file } of items)
    await guest.upload(await readFile(file), `${guestDirectory}/${module}.ko`, 0o600, ctx);
}

/** Resolves when the script has ended and its last line was heard, or the guest is dead or silent. */
async function runScript(
  { guest }: RunningMachine,
  listener: GuestListener,
  script: string,
  ctx: StageContext,
): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([ctx.signal, over.signal]);
  const running = guest.script(script, { signal, timeoutMs: scriptMs }).catch((error: unknown) => {
    // The console tells how far a guest came that is gone.
    if (!isLabError(error, 'guest.unreachable') && !over.signal.aborted) throw error;
  });
  try {
    await Promise.race([running, listener.untilSilent(silenceMs)]);
    ctx.signal.throwIfAborted();
    const hasEnd = () =>
      listener.isDead() || listener.lines.some((line) => line.includes(`${marker} end`)) || undefined;
    const wait = { what: 'the last lines', timeoutMs: lastLinesMs, signal: ctx.signal };
    await waitUntil(wait, hasEnd).catch((error: unknown) => {
      if (!isLabError(error, 'op.timeout')) throw error;
    });
  } finally {
    over.abort();
    await running.catch(() => undefined);
  }
}
