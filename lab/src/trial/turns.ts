// Turns at what keeps every CPU of a guest busy at once, for many guests on one host. Around a transition kernels like 6.12 rewrite
// some five thousand places of their text (kernel/sched/core.c, __sched_dynamic_update), each with three interrupts to all CPUs, and
// every CPU waits for the others: when the host has not a CPU for every one of them they spin until it has. Measured on two CPUs
// without KVM, four guests with two CPUs each: 5 s of CPU time for a whole trial in turns, 16 s without.

export type Turns = {
  /** Runs `act` once that many CPUs are free; first come, first served. */
  take<T>(cpus: number, signal: AbortSignal, act: () => Promise<T>): Promise<T>;
};

/** A transition that stalls waits for tasks, not for CPUs: others need not wait for it. */
const longestTurnMs = 5_000;

/** `cpus`: of the host. Who wants more than there are takes them all. */
export function openTurns(cpus: number, longestMs = longestTurnMs): Turns {
  let free = cpus;
  let queue: { wanted: number; begin: () => void }[] = [];
  const letIn = () => {
    for (let next = queue[0]; next && next.wanted <= free; next = queue[0]) {
      queue.shift();
      free -= next.wanted;
      next.begin();
    }
  };
  const enter = (wanted: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const begin = () => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const turn = { wanted, begin };
      const giveUp = () => {
        queue = queue.filter((other) => other !== turn);
        letIn();
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      queue.push(turn);
      letIn();
    });
  return {
    take: async (cpusOfGuest, signal, act) => {
      signal.throwIfAborted();
      const wanted = Math.min(cpusOfGuest, cpus);
      await enter(wanted, signal);
      let isIn = true;
      const leave = () => {
        if (isIn) free += wanted;
        isIn = false;
        letIn();
      };
      const timer = setTimeout(leave, longestMs);
      try {
        return await act();
      } finally {
        clearTimeout(timer);
        leave();
      }
    },
  };
}
