// A diff as a patch to send: headers, message, sign-off and statistics before it, as `git format-patch` writes them and
// `git am` takes them.

import type { PatchedFile } from './read-patch.ts';

export type Identity = { name: string; email: string };

export type PatchMail = {
  subject: string;
  /** What the commit message says below the subject; may be empty. */
  body: string;
  /** Undefined: nobody is named. */
  author: Identity | undefined;
  /** Adds the author's Signed-off-by, unless the body has it. */
  signOff: boolean;
  diff: string;
  /** What the diff is about, for the statistics. */
  files: readonly PatchedFile[];
  date: Date;
  /** Signature below the diff. */
  tool: string;
};

const widest = 40;

/** Pure. */
export function patchMail({ subject, body, author, signOff, diff, files, date, tool }: PatchMail): string {
  const who = author && `${author.name} <${author.email}>`;
  const trailer = `Signed-off-by: ${who}`;
  const text = body.trim();
  const message = [
    ...(text ? [text] : []),
    ...(signOff && who && !text.split('\n').includes(trailer) ? [trailer] : []),
  ];
  const isPlain = /^\p{ASCII}*$/u.test([subject, text, who].join());
  const headers = [
    ...(who ? [`From: ${who}`] : []),
    `Date: ${date.toUTCString().replace('GMT', '+0000')}`,
    `Subject: [PATCH] ${subject.trim().replace(/\s+/g, ' ')}`,
    ...(isPlain
      ? []
      : ['MIME-Version: 1.0', 'Content-Type: text/plain; charset=UTF-8', 'Content-Transfer-Encoding: 8bit']),
  ];
  return `${headers.join('\n')}\n\n${joinTrailers(message)}\n---\n${statistics(files)}\n\n${diff}-- \n${tool}\n`;
}

/** Trailers stand together, apart from the text. */
function joinTrailers(parts: readonly string[]): string {
  const [text = '', trailer] = parts;
  if (trailer === undefined) return text;
  const endsInTrailer = /(^|\n)[A-Z][\w-]+: [^\n]+$/.test(text);
  return `${text}${endsInTrailer ? '\n' : '\n\n'}${trailer}`;
}

/** As `git diff --stat`. */
function statistics(files: readonly PatchedFile[]): string {
  const counts = files.map(({ path, hunks }) => {
    const count = (kind: 'add' | 'delete') =>
      hunks.flatMap(({ lines }) => lines).filter((line) => line.kind === kind).length;
    return { path, added: count('add'), deleted: count('delete') };
  });
  const most = Math.max(1, ...counts.map(({ added, deleted }) => added + deleted));
  const scale = Math.min(1, widest / most);
  const width = Math.max(...counts.map(({ path }) => path.length));
  const digits = String(most).length;
  const bar = (count: number, sign: string) => sign.repeat(count === 0 ? 0 : Math.max(1, Math.round(count * scale)));
  const lines = counts.map(
    ({ path, added, deleted }) =>
      ` ${path.padEnd(width)} | ${String(added + deleted).padStart(digits)} ${bar(added, '+')}${bar(deleted, '-')}`,
  );
  const sum = (key: 'added' | 'deleted') => counts.reduce((total, each) => total + each[key], 0);
  const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
  const total = [
    `${plural(files.length, 'file')} changed`,
    ...(sum('added') > 0 ? [`${plural(sum('added'), 'insertion')}(+)`] : []),
    ...(sum('deleted') > 0 ? [`${plural(sum('deleted'), 'deletion')}(-)`] : []),
  ];
  return [...lines, ` ${total.join(', ')}`].join('\n');
}
