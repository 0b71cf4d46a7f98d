// RULES.md, made from rules.json: `npx tsx test/support/rules-page.ts > RULES.md`.

import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import rules from '../../lab/src/build/rules.json' with { type: 'json' };
import { rule, type Rule, type RuleId } from '../../lab/src/build/rules.ts';

const groups: readonly [RegExp, string][] = [
  [/^patch-/, 'The patch itself'],
  [/^NP/, 'Code that cannot be livepatched'],
  [/^DA/, 'Data and types'],
  [/^CO/, 'Code and its compilation'],
  [/^TR/, 'The transition'],
  [/^LC/, 'The life of the livepatch'],
  [/./, 'The build and the target'],
];

const tiers = {
  text: '`lpl lint`',
  target: '`lpl lint --target`',
  build: '`lpl build`',
} as const;

const head = `# Rules

What lint and builder can say against a patch. Made from lab/src/build/rules.json; do not edit. **error**: it cannot be built, or
would not do what it should. **warning**: it may be unsafe, and a person must decide. **info**: good to know. "From" is the
first command that can find it; those behind it find it as well, more exactly.
`;

/** The page as it should be. */
export async function rulesPage(): Promise<string> {
  const all = Object.keys(rules).map((id) => rule(id as RuleId));
  const groupOf = ({ id }: Rule) => groups.find(([pattern]) => pattern.test(id))?.[1];
  const sections = groups.map(([, title]) => {
    const own = all.filter((each) => groupOf(each) === title).sort((a, b) => a.id.localeCompare(b.id));
    return `## ${title}\n\n${own.map(entry).join('\n')}`;
  });
  const page = new URL('../../RULES.md', import.meta.url);
  const options = await resolveConfig(fileURLToPath(page));
  return format([head, ...sections].join('\n'), { ...options, parser: 'markdown' });
}

const entry = ({ id, title, level, tier, message, hint }: Rule) =>
  `### ${id}: ${title}\n\n${level}, from ${tiers[tier]}\n\n    ${message}\n\nDo: ${escape(hint)}.\n`;

/** Names such as `__init` are no emphasis. */
const escape = (text: string) => text.replace(/(\S*[_#<>*]\S*?)(?=[:;,.]*(?:\s|$))/g, '`$1`');

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(await rulesPage());
