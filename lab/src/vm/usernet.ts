// Which host ports the host kernel chose for the forwards, from the human monitor's `info usernet`.

/** Host port by guest port, of TCP forwards on 127.0.0.1. */
export function parseUsernet(text: string): Map<number, number> {
  // Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ
  // TCP[HOST_FORWARD]  12       127.0.0.1 43067       10.0.2.15    22     0     0
  const rows = text.matchAll(/^\s*TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)\s+\S+\s+(\d+)\s/gm);
  return new Map([...rows].map(([, host, guest]) => [Number(guest), Number(host)]));
}
