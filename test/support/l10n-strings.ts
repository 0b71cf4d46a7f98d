// What the extension says to its users: the strings it hands to l10n, and prose that it does not.
// `npx tsx test/support/l10n-strings.ts` writes extension/l10n/bundle.l10n.json, which translations start from, anew.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const sources = fileURLToPath(new URL('../../extension/src/', import.meta.url));
export const bundlePath = fileURLToPath(new URL('../../extension/l10n/bundle.l10n.json', import.meta.url));

/** These speak as the lab and its command line do, or to no user at all. */
const ofTheLab =
  /^(operations\/(event-line|progress-message|newest-only)|source\/(worktree|worktree-patch|changes-of)|tasks\/(problem-line|lab-task)|debug\/debugger-launch|links\/kernel-places|uptime\/uptime-state|contributions|extension|lazy-lab)\.ts$/;

/** Of these calls and properties: names of operations and collections, what the log keeps, what a programmer reads. */
const silentCalls =
  /^(l10n\.t|(session\.)?log\.\w+|createDiagnosticCollection|say|.*\.createDiagnosticCollection|.*\.createOutputChannel)$/;
const silentProperties = ['name', 'role'];

/** Two words, a word with a capital letter, or a word behind an icon. */
const prose = /[A-Za-z]{2,}[,:;.]? +[A-Za-z({$]|[A-Z][a-z]+ |^[A-Z][a-z]{2,}$|^\$\([\w-]+\) [a-z]/;

export type L10nStrings = { localized: string[]; bypassing: string[] };

/** Of every source of the extension, or of one text. */
export function l10nStrings(only?: string): L10nStrings {
  const found: L10nStrings = { localized: [], bypassing: [] };
  const names = only === undefined ? readdirSync(sources, { recursive: true }).map(String) : ['only.ts'];
  for (const name of names.filter((each) => each.endsWith('.ts')).sort()) {
    const text = only ?? readFileSync(join(sources, name), 'utf8');
    const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
    visit(file, file, name, found);
  }
  return { localized: [...new Set(found.localized)].sort(), bypassing: found.bypassing };
}

function visit(node: ts.Node, file: ts.SourceFile, name: string, found: L10nStrings): void {
  if (ts.isImportDeclaration(node) || ts.isTypeNode(node)) return;
  if (ts.isCallExpression(node)) {
    const callee = node.expression.getText(file);
    const [first] = node.arguments;
    if (callee === 'l10n.t' && first && ts.isStringLiteralLike(first)) found.localized.push(first.text);
    if (silentCalls.test(callee)) return;
  }
  if (ts.isNewExpression(node) && node.expression.getText(file) === 'Error') return;
  if (ts.isPropertyAssignment(node) && silentProperties.includes(node.name.getText(file))) return;
  const text = textOf(node);
  if (text === undefined) return ts.forEachChild(node, (child) => visit(child, file, name, found));
  if (ofTheLab.test(name) || !/[A-Za-z]{3,}/.test(text.join('')) || !prose.test(text.join('Xx'))) return;
  found.bypassing.push(`${name}: ${text.join('{}')}`);
}

/** The parts of a literal between what is put into it. */
function textOf(node: ts.Node): string[] | undefined {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (!ts.isTemplateExpression(node)) return undefined;
  return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)];
}

/** English, as itself. */
export const bundleText = ({ localized }: L10nStrings): string =>
  `${JSON.stringify(Object.fromEntries(localized.map((text) => [text, text])), null, 2)}\n`;

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(bundlePath, bundleText(l10nStrings()));
