// Runs only the newest of what it is asked for, one at a time. Free of vscode.

/**
 * What comes while one runs aborts that one's signal and takes its turn once it has ended; what came in between is skipped.
 * The promise settles when all that was asked for by then has ended, and never rejects.
 */
export function newestOnly<A>(
  run: (argument: A, superseded: AbortSignal) => Promise<void>,
): (argument: A) => Promise<void> {
  let next: { argument: A } | undefined;
  let current: AbortController | undefined;
  let busy: Promise<void> | undefined;
  const work = async () => {
    while (next) {
      const { argument } = next;
      next = undefined;
      current = new AbortController();
      await run(argument, current.signal).catch(() => undefined);
    }
    current = busy = undefined;
  };
  return (argument) => {
    next = { argument };
    current?.abort();
    return (busy ??= work());
  };
}
