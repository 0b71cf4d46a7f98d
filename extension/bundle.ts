// How the extension, and the suites that test it, become CommonJS bundles for VS Code's extension host.

import type { BuildOptions } from 'esbuild';

/** Options of esbuild shared by the product and its tests. The native parts of ssh2 are optional and stay out. */
export const extensionBundle = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external: ['vscode', 'cpu-features'],
  loader: { '.node': 'empty' },
  // CommonJS has no import.meta; the bundle's own address takes its place.
  define: { 'import.meta.url': 'bundleUrl', 'import.meta.dirname': '__dirname' },
  banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
  // A bundle that is loaded later is required, as CommonJS is.
  supported: { 'dynamic-import': false },
  logLevel: 'warning',
} satisfies BuildOptions;
