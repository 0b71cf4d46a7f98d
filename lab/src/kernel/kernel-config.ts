// A kernel configuration (.config) as data.

/** Options that are set, without CONFIG_: `y`, `m`, or a value as it stands there. */
export function readKernelConfig(text: string): Map<string, string> {
  return new Map([...text.matchAll(/^CONFIG_(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]));
}
