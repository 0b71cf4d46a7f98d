// Time-outs by the time that the guest had: what the host kept from its QEMU does not count, nor does an answer that only
// waits for this process to read it.

/** Milliseconds so far that the host kept the guest from running (host-delay.ts). */
export type HeldMs = () => number;

export const neverHeld: HeldMs = () => 0;

/** A host that lets nobody run must not keep us for ever. */
const longest = 10;

/** Calls back once the guest has had `timeoutMs`; the function that it returns calls that off. */
export function afterGuestTime(timeoutMs: number, heldMs: HeldMs, callback: () => void): () => void {
  const [began, heldBefore] = [performance.now(), heldMs()];
  let reading: NodeJS.Immediate | undefined;
  const look = () => {
    const allowedMs = Math.min(timeoutMs + heldMs() - heldBefore, timeoutMs * longest);
    const leftMs = allowedMs - (performance.now() - began);
    if (leftMs > 1) timer = setTimeout(look, leftMs);
    // Immediates come after what has arrived was read (nodejs.org, "The Node.js Event Loop").
    else reading = setImmediate(callback);
  };
  let timer = setTimeout(look, timeoutMs);
  return () => {
    clearTimeout(timer);
    clearImmediate(reading);
  };
}
