// The running kernel's own symbol list (/proc/kallsyms), which names every function of a stock image that has no debug
// package. Order matters: a livepatch names the n-th symbol of a name in this order (sympos).

export type KernelSymbol = {
  address: number;
  /** As nm(1): T t D d ...; lower case is local. */ kind: string;
  name: string;
};

export type Kallsyms = {
  symbols: KernelSymbol[];
  /** Addresses of each name, in kallsyms order. */ byName: Map<string, number[]>;
};

/** Parses `ADDRESS TYPE NAME` lines; module symbols (a fourth field) are left out. Addresses as in elf.ts. */
export function parseKallsyms(text: string): Kallsyms {
  const symbols: KernelSymbol[] = [];
  const byName = new Map<string, number[]>();
  for (let start = 0, end; start < text.length; start = end + 1) {
    end = text.indexOf('\n', start);
    if (end < 0) end = text.length;
    const name = text.slice(start + 19, end);
    if (name === '' || name.includes('\t')) continue;
    const address = signedHex(text.slice(start, start + 16));
    symbols.push({ address, kind: text.charAt(start + 17), name });
    const known = byName.get(name);
    if (known) known.push(address);
    else byName.set(name, [address]);
  }
  return { symbols, byName };
}

/** Sixteen hex digits as a signed number: exact for kernel addresses, see elf.ts. */
function signedHex(digits: string): number {
  return (Number.parseInt(digits.slice(0, 8), 16) | 0) * 2 ** 32 + Number.parseInt(digits.slice(8), 16);
}
