// Links in kernel logs, in files, in the output of this extension and in the terminals of machines: from a frame of a stack
// trace or a place in a file to that source of the target.

import {
  commands,
  type Disposable,
  DocumentLink,
  l10n,
  languages,
  Range,
  type TerminalLink,
  type TerminalLinkProvider,
  type TextDocument,
  Uri,
  window,
} from 'vscode';
import { commandIds } from '../contributions.ts';
import { selectedMachine } from '../livepatch/livepatches-view.ts';
import type { Session } from '../session.ts';
import { setting } from '../settings.ts';
import { question } from '../tree/question.ts';
import { type KernelPlace, kernelPlaces } from './kernel-places.ts';

const logs = [{ pattern: '**/*.{log,txt,dmesg}' }, { language: 'log' }, { scheme: 'output' }];
const mostLines = 5_000;

type KernelTerminalLink = TerminalLink & { place: KernelPlace; terminal: string };

/** Registers both. */
export function registerKernelLinks(session: Session): Disposable {
  const inDocuments = {
    provideDocumentLinks: async (document: TextDocument) => {
      const found = linesWithPlaces(document);
      return found.length === 0 ? [] : linksTo(found, await targetOf(session));
    },
  };
  const inTerminals: TerminalLinkProvider<KernelTerminalLink> = {
    provideTerminalLinks: ({ line, terminal: { name } }) =>
      kernelPlaces(line).map((place) => ({
        ...{ startIndex: place.start, length: place.length, tooltip: l10n.t('Open the source'), place },
        terminal: name,
      })),
    handleTerminalLink: async ({ place, terminal }) => {
      const machine = /^(\S+) (?:console|ssh|gdb)$/.exec(terminal)?.[1];
      await commands.executeCommand(...commandFor(place, await targetOf(session, machine)));
    },
  };
  const parts = [
    languages.registerDocumentLinkProvider(logs, inDocuments),
    window.registerTerminalLinkProvider(inTerminals),
  ];
  return { dispose: () => parts.forEach((part) => void part.dispose()) };
}

type Found = { line: number; place: KernelPlace };

function linesWithPlaces(document: TextDocument): Found[] {
  const lines = document.getText().split('\n').slice(0, mostLines);
  return lines.flatMap((text, line) => kernelPlaces(text).map((place) => ({ line, place })));
}

function linksTo(found: readonly Found[], target: string): DocumentLink[] {
  return found.map(({ line, place }) => {
    const [command, request] = commandFor(place, target);
    const query = encodeURIComponent(JSON.stringify([request]));
    const range = new Range(line, place.start, line, place.start + place.length);
    const link = new DocumentLink(range, Uri.parse(`command:${command}?${query}`));
    link.tooltip = l10n.t('Open the source of {0}', target);
    return link;
  });
}

function commandFor(place: KernelPlace, target: string): [command: string, request: Record<string, unknown>] {
  return 'file' in place
    ? [commandIds.openSource, { target, file: place.file, line: place.line }]
    : [commandIds.openFunction, { target, function: place.function }];
}

/** Of that machine, else of the selected one, else that of the settings. */
async function targetOf({ lab, selection }: Session, name?: string): Promise<string> {
  const ask = name
    ? lab.vmList(question()).then((all) => all.find((machine) => machine.name === name))
    : selectedMachine(lab, selection);
  return (await ask.catch(() => undefined))?.target ?? setting('target');
}
