// The stock kernels a Debian suite offers right now: which releases have an image, and which have all it takes to build
// for them (headers and exactly matching source) as well. A stock version leaves the mirror with later point releases.

import { LabError } from '../core/error.ts';
import type { StageContext } from '../core/operation.ts';
import { runCommand } from '../core/process.ts';
import type { PackageView } from '../toolroot/package-view.ts';
import { formatTargetName, type StockName } from './target.ts';

export type StockKernel = {
  target: Required<StockName>;
  /** `uname -r`. */
  release: string;
  /** Packages as `name=version`. */
  image: string[];
  headers: string;
  source: string;
  /** Compiler package, for example gcc-14. */
  compiler: string;
};

type Stanza = { Package: string; Version: string; Depends: string };

/** Kernels of that flavour that can be built for, newest first. */
export async function listStockKernels(ctx: StageContext, view: PackageView, flavour: string): Promise<StockKernel[]> {
  const names = `^linux-(image|headers)-[0-9].*-${flavour}$|^linux-source-[0-9.]+$`;
  const found = await aptCache(ctx, view, ['search', '--names-only', names]);
  const packages = found.split('\n').flatMap((line) => line.split(' ')[0] || []);
  if (packages.length === 0) return [];
  const shown = await aptCache(ctx, view, ['show', ...packages]);
  return readCatalog(parseStanzas(shown), view.suite, flavour);
}

/** Pure: apt's stanzas to kernels. An image without headers or without source of the very same version is left out. */
export function readCatalog(stanzas: readonly Stanza[], suite: string, flavour: string): StockKernel[] {
  const sources = stanzas.filter(({ Package }) => Package.startsWith('linux-source-'));
  const kernels: StockKernel[] = [];
  for (const image of stanzas) {
    const release = /^linux-image-(.*)$/.exec(image.Package)?.[1];
    if (!release || kernels.some((kernel) => kernel.release === release)) continue;
    if (suite.endsWith('-backports') !== image.Version.includes('~bpo')) continue;
    const headers = stanzas.find(
      ({ Package, Version }) => Package === `linux-headers-${release}` && Version === image.Version,
    );
    const source = sources.find(({ Version }) => Version === image.Version);
    const compiler = compilerOf(headers?.Depends ?? '');
    if (!headers || !source || !compiler) continue;
    kernels.push({
      target: { suite, flavour, version: image.Version.replace(/-[^-]*$/, '') },
      release,
      image: [`${image.Package}=${image.Version}`, ...imageParts(image)],
      headers: `${headers.Package}=${headers.Version}`,
      source: `${source.Package}=${source.Version}`,
      compiler,
    });
  }
  kernels.sort((a, b) => compareVersions(b.release, a.release));
  return kernels.filter(
    ({ target }, index) => kernels.findIndex((other) => other.target.version === target.version) === index,
  );
}

/** Headers name the compiler itself (from 6.12 on) or by way of linux-compiler-gcc-12-x86 (6.1). */
function compilerOf(depends: string): string | undefined {
  return /(?:^|[ ,])(?:linux-compiler-)?(gcc-\d+)\b/.exec(depends)?.[1];
}

/** From 7.x on the image package is split; its parts are exact-version dependencies. */
function imageParts(image: Stanza): string[] {
  return [...image.Depends.matchAll(/(linux-(?:base|binary|modules)-\d\S*) \(= ([^)]+)\)/g)].map(
    (m) => `${m[1]}=${m[2]}`,
  );
}

/** The newest kernel of that name, or the one `back` before it. Throws `kernel.unknown`, naming those there are. */
export function pickKernel(kernels: readonly StockKernel[], target: StockName, back = 0): StockKernel {
  const newest = kernels.findIndex((kernel) => target.version === undefined || matchesVersion(kernel, target.version));
  const found = newest < 0 ? undefined : kernels[newest + back];
  if (found) return found;
  const offered = kernels.map((kernel) => kernel.target.version).join(', ');
  const which = back > 0 ? `kernel ${back} before the newest` : 'such kernel';
  throw new LabError(
    'kernel.unknown',
    `${formatTargetName(target)}: the mirror has no ${which} with headers and source`,
    {
      hint: offered ? `it has ${offered}` : `check suite and flavour; \`lpl target ls\` shows what there is`,
    },
  );
}

/** `6.1.192` is that version, `6.1` any of its series, and a release is itself. */
const matchesVersion = ({ target, release }: StockKernel, version: string) =>
  release === version || release.startsWith(`${version}+`) || `${target.version}.`.startsWith(`${version}.`);

/** Numeric comparison of dotted versions; the order of deb-version(7) for the versions kernels have. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.match(/\d+/g)?.map(Number) ?? []) as [number[], number[]];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? -1) - (right[i] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

export function parseStanzas(text: string): Stanza[] {
  return text.split('\n\n').flatMap((block) => {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
    return field('Package')
      ? [{ Package: field('Package'), Version: field('Version'), Depends: field('Depends') }]
      : [];
  });
}

async function aptCache(ctx: StageContext, view: PackageView, args: string[]): Promise<string> {
  const { stdout } = await runCommand(view.apt({ argv: ['apt-cache', ...args] }), { signal: ctx.signal });
  return stdout;
}
