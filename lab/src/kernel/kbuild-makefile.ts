// The lists of objects in a kbuild Makefile (Documentation/kbuild/makefiles.rst).

/** 'y' built-in, 'm' module, 'n' not built, 'unknown' when that hangs on more than one option. */
export type KbuildValue = 'y' | 'm' | 'n' | 'unknown';

/** One line `GOAL-VALUE += WORDS`: `obj-$(CONFIG_X) += a.o b/`, `proc-y += inode.o`. */
export type Assignment = { goal: string; value: KbuildValue; words: string[] };

/** Every such line, in order. `config`: option without CONFIG_ -> its value; an option that is not set is absent. */
export function readMakefile(text: string, config: ReadonlyMap<string, string>): Assignment[] {
  const conditions: KbuildValue[] = [];
  const assignments: Assignment[] = [];
  for (const line of text
    .replace(/\\\n/g, ' ')
    .split('\n')
    .map((each) => each.replace(/#.*$/, '').trimEnd())) {
    if (/^\s*if(def|ndef|eq|neq)\b/.test(line)) conditions.push(condition(line, config));
    else if (/^\s*else\s+if/.test(line)) conditions.splice(-1, 1, 'unknown');
    else if (/^\s*else\b/.test(line)) conditions.push(opposite(conditions.pop() ?? 'unknown'));
    else if (/^\s*endif\b/.test(line)) conditions.pop();
    const found = /^\s*([\w-]+?)-(y|m|objs|\$\(.*?\)+)\s*[:+?]?=\s*(.*)$/.exec(line);
    if (!found || conditions.includes('n')) continue;
    const [, goal = '', suffix = '', rest = ''] = found;
    const value = conditions.includes('unknown') ? 'unknown' : valueOf(suffix, config);
    assignments.push({ goal, value, words: expand(rest).split(/\s+/).filter(Boolean) });
  }
  return assignments;
}

const expand = (words: string) => words.replaceAll('$(BITS)', '64').replaceAll('$(SRCARCH)', 'x86');

function valueOf(suffix: string, config: ReadonlyMap<string, string>): KbuildValue {
  if (suffix === 'y' || suffix === 'objs') return 'y';
  if (suffix === 'm') return 'm';
  const plain = /^\$\(CONFIG_(\w+)\)$/.exec(suffix)?.[1];
  if (plain) return tristate(config.get(plain));
  const promoted = /^\$\(subst m,y,\$\(CONFIG_(\w+)\)\)$/.exec(suffix)?.[1];
  return promoted ? (config.has(promoted) ? 'y' : 'n') : 'unknown';
}

const tristate = (value: string | undefined): KbuildValue => (value === 'y' || value === 'm' ? value : 'n');

/** 'y' when it holds, 'n' when not. */
function condition(line: string, config: ReadonlyMap<string, string>): KbuildValue {
  const defined = /^\s*if(n?)def\s+CONFIG_(\w+)\s*$/.exec(line);
  if (defined?.[2]) return config.has(defined[2]) !== (defined[1] === 'n') ? 'y' : 'n';
  const equal = /^\s*if(n?)eq\s*\(\s*\$\(CONFIG_(\w+)\)\s*,\s*([ym]?)\s*\)\s*$/.exec(line);
  if (!equal?.[2]) return 'unknown';
  return ((config.get(equal[2]) ?? '') === equal[3]) !== (equal[1] === 'n') ? 'y' : 'n';
}

const opposite = (value: KbuildValue): KbuildValue => (value === 'y' ? 'n' : value === 'n' ? 'y' : 'unknown');
