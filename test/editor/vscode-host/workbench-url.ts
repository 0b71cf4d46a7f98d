// The address under which VS Code's server serves a workbench with a folder, extensions under development and test suites.

import { resolve } from 'node:path';
import type { VscodeCommandLine } from './command-line.ts';

/** The URL with its `payload`, which a built workbench heeds only with the server's --enable-smoke-test-driver. */
export function workbenchUrl(authority: string, options: VscodeCommandLine): string {
  const remote = (path: string) => `vscode-remote://${authority}${encodeURI(resolve(path))}`;
  const payload = [
    ...options.extensionDevelopmentPaths.map((path) => ['extensionDevelopmentPath', remote(path)]),
    ...(options.extensionTestsPath ? [['extensionTestsPath', remote(options.extensionTestsPath)]] : []),
    ['skipWelcome', 'true'],
    ['skipReleaseNotes', 'true'],
    ...(options.disableExtensions ? [['disableExtensions', 'true']] : []),
  ];
  const query = new URLSearchParams({ payload: JSON.stringify(payload) });
  if (!options.open) query.set('ew', 'true');
  else query.set(options.open.endsWith('.code-workspace') ? 'workspace' : 'folder', resolve(options.open));
  return `http://${authority}/?${query.toString()}`;
}
