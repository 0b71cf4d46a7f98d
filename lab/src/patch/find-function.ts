// Which function a line of C source belongs to, by the kernel's coding style: a definition starts in the first column and
// its closing brace stands alone there. For messages only; no decision hangs on it.

/** Name of the function around the 1-based line, if it can be told. */
export function findFunction(source: string, line: number): string | undefined {
  const lines = source.split('\n');
  for (let index = line - 1; index >= 0; index -= 1) {
    const text = lines[index] ?? '';
    if (index < line - 1 && text.startsWith('}')) return undefined;
    const name = definedName(text, lines[index + 1] ?? '');
    if (name) return name;
  }
  return undefined;
}

function definedName(text: string, following: string): string | undefined {
  if (!/^[A-Za-z_]/.test(text) || /[;:=]\s*$/.test(text) || (text.startsWith('struct ') && /\{\s*$/.test(text)))
    return undefined;
  const [, compat, call] = /^(COMPAT_)?SYSCALL_DEFINE\d\((\w+)/.exec(text) ?? [];
  if (call) return `__do_${compat ? 'compat_' : ''}sys_${call}`;
  const name = /(\w+)\s*\([^()]*(?:\([^()]*\)[^()]*)*\)?[^;]*$/.exec(text)?.[1];
  if (!name || /^(if|for|while|switch|return|sizeof|__attribute__|__printf)$/.test(name)) return undefined;
  return text.includes('(') && (/[,){]\s*$/.test(text) || following.startsWith('{')) ? name : undefined;
}

/** 1-based line on which the function's definition starts, if it can be told. */
export function findDefinition(source: string, name: string): number | undefined {
  const lines = source.split('\n');
  const written = name.replace(/^__do_(?:compat_)?sys_/, '');
  const index = lines.findIndex(
    (text, at) => text.includes(written) && definedName(text, lines[at + 1] ?? '') === name,
  );
  return index < 0 ? undefined : index + 1;
}

/** Every function that the source defines, in order, with the 1-based line on which its definition starts. */
export function functionsIn(source: string): { name: string; line: number }[] {
  const lines = source.split('\n');
  return lines.flatMap((text, index) => {
    const name = definedName(text, lines[index + 1] ?? '');
    return name && opensBody(lines, index) ? [{ name, line: index + 1 }] : [];
  });
}

/** A declaration that goes over several lines ends with a semicolon, a definition is followed by a brace. */
function opensBody(lines: readonly string[], from: number): boolean {
  for (const text of lines.slice(from, from + 12)) {
    if (/\{\s*$/.test(text) || text.startsWith('{')) return true;
    if (/;\s*$/.test(text)) return false;
  }
  return false;
}
