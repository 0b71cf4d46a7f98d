// One row of the table: an act done several times, its median and its extremes.

export type Row = {
  name: string;
  unit: string;
  median: number;
  min: number;
  max: number;
  count: number;
  /** What is asked of the median, where something is. */
  bar?: Bar;
};
export type Bar = `<= ${number}` | `>= ${number}`;

/** Does `act` `count` times, one after the other, and prints the row. */
export async function measure(
  name: string,
  count: number,
  act: (index: number) => Promise<unknown>,
  bar?: Bar,
): Promise<Row> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const started = performance.now();
    await act(index);
    times.push(performance.now() - started);
  }
  return rowOf(name, 'ms', times, bar);
}

/** The row of figures that were taken otherwise. */
export function rowOf(name: string, unit: string, figures: readonly number[], bar?: Bar): Row {
  const sorted = figures.map(rounded).sort((a, b) => a - b);
  const count = sorted.length;
  const [median = 0, min = 0, max = 0] = [sorted[count >> 1], sorted[0], sorted.at(-1)];
  const judged = bar ? `  bar ${bar}: ${isWithin(median, bar) ? 'yes' : 'NO'}` : '';
  console.log(`${name.padEnd(58)} median ${median} ${unit}  (${min} to ${max}, n = ${count})${judged}`);
  return { name, unit, median, min, max, count, ...(bar ? { bar } : {}) };
}

/** Small figures with two decimals. */
const rounded = (figure: number) => (figure < 100 ? Math.round(figure * 100) / 100 : Math.round(figure));

function isWithin(figure: number, bar: Bar): boolean {
  const limit = Number(bar.slice(3));
  return bar.startsWith('<') ? figure <= limit : figure >= limit;
}
