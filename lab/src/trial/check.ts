// One line of a verdict.

/** `ok` undefined: the evidence does not say. */
export type Check = { id: string; title: string; ok: boolean | undefined; figure: string };
