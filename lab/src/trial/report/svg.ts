// The few SVG shapes the report is drawn with. Colours are CSS classes, so that dark, light and print are one drawing.

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text as HTML or SVG content or attribute. */
export const escape = (text: string) => text.replace(/[&<>"']/g, (char) => entities[char] as string);

const n = (value: number) => String(Math.round(value * 10) / 10);

type Box = { x: number; y: number; width: number; height: number };

export const rect = ({ x, y, width, height }: Box, css: string, title?: string) =>
  `<rect class="${css}" x="${n(x)}" y="${n(y)}" width="${n(Math.max(0, width))}" height="${n(height)}">${tooltip(title)}</rect>`;

export const text = (
  x: number,
  y: number,
  content: string,
  css: string,
  anchor: 'start' | 'middle' | 'end' = 'start',
) => `<text class="${css}" x="${n(x)}" y="${n(y)}" text-anchor="${anchor}">${escape(content)}</text>`;

export const line = (x1: number, y1: number, x2: number, y2: number, css: string, title?: string) =>
  `<line class="${css}" x1="${n(x1)}" y1="${n(y1)}" x2="${n(x2)}" y2="${n(y2)}">${tooltip(title)}</line>`;

export type Point = readonly [x: number, y: number];

export const polyline = (points: readonly Point[], css: string) =>
  points.length === 0
    ? ''
    : `<polyline class="${css}" points="${points.map(([x, y]) => `${n(x)},${n(y)}`).join(' ')}"/>`;

/** Splits points where neighbours are more than `maxStep` apart in x, so that no line is drawn through what was not seen. */
export function splitAtGaps(points: readonly Point[], maxStep: number): Point[][] {
  const pieces: Point[][] = [];
  let lastX = -Infinity;
  for (const point of points) {
    if (point[0] - lastX > maxStep) pieces.push([]);
    pieces.at(-1)?.push(point);
    lastX = point[0];
  }
  return pieces;
}

/** The area between a line and a base. */
export const area = (points: readonly Point[], baseY: number, css: string) => {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return '';
  const outline: Point[] = [[first[0], baseY], ...points, [last[0], baseY]];
  return `<polygon class="${css}" points="${outline.map(([x, y]) => `${n(x)},${n(y)}`).join(' ')}"/>`;
};

const tooltip = (title?: string) => (title ? `<title>${escape(title)}</title>` : '');
