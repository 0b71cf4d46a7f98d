// Hands what one side makes, one by one, to the other side in batches.

export type BatchQueue<T> = {
  add: (item: T) => void;
  /** Nothing more will come. */
  close: () => void;
  /** A full batch as soon as there is one, the rest at the end, then undefined. */
  next: () => Promise<T[] | undefined>;
};

/** `size`: of a full batch. */
export function openBatchQueue<T>(size: number): BatchQueue<T> {
  const waiting: T[] = [];
  let isClosed = false;
  let wake = () => {};
  return {
    add: (item) => {
      waiting.push(item);
      wake();
    },
    close: () => {
      isClosed = true;
      wake();
    },
    next: async () => {
      while (waiting.length < size && !isClosed) await new Promise<void>((resolve) => (wake = resolve));
      const batch = waiting.splice(0, size);
      return batch.length > 0 ? batch : undefined;
    },
  };
}
