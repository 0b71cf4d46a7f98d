// What a command was invoked with, whoever did it: a plain request (tests, other extensions), a node of a view, or a file.

import { Uri } from 'vscode';

export type Request = {
  machine?: string;
  target?: string;
  module?: string;
  label?: string;
  file?: string;
  name?: string;
  function?: string;
  trial?: string;
  commit?: string;
  repository?: string;
  /** 1-based. */
  line?: number;
};

/** The request in whatever VS Code handed over; empty when there is none. */
export function requestOf(argument: unknown): Request {
  if (typeof argument !== 'object' || argument === null) return {};
  if (argument instanceof Uri) return { file: argument.fsPath };
  if (!('kind' in argument)) return texts(argument);
  const node = argument as Node;
  return {
    ...(node.machine ? { machine: node.machine.name, target: node.machine.target } : {}),
    ...(node.patch ? { module: node.patch.name } : {}),
    ...(node.snapshot ? { label: node.snapshot.label } : {}),
    ...(node.kind === 'function' && node.name ? { function: node.name } : {}),
    ...(node.kernel ? { target: node.kernel.name } : {}),
    ...(node.worktree ? { target: node.worktree.target.name } : {}),
    ...(node.path ? { file: node.path } : {}),
    ...(node.trial ? { trial: node.trial.directory } : {}),
  };
}

/** What nodes of views carry, each some of it. */
type Node = {
  kind: string;
  machine?: { name: string; target: string };
  patch?: { name: string };
  snapshot?: { label: string };
  name?: string;
  kernel?: { name: string };
  worktree?: { target: { name: string } };
  path?: string;
  trial?: { directory: string };
};

function texts(value: object): Request {
  const isOurs = ([name, field]: [string, unknown]) =>
    typeof field === 'string' || (name === 'line' && typeof field === 'number');
  return Object.fromEntries(Object.entries(value).filter(isOurs));
}
