// A table of the report; cells are HTML already.

import { escape } from './svg.ts';

/** Nothing at all without rows. `caption` is for those who do not see the heading above it. */
export function htmlTable(caption: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const columns = head.map((text) => `<th scope="col">${escape(text)}</th>`).join('');
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('');
  return `<table><caption>${escape(caption)}</caption><thead><tr>${columns}</tr></thead><tbody>${body}</tbody></table>`;
}
