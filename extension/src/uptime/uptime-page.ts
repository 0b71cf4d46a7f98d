// The page of the uptime dashboard: media/uptime/uptime.html with its words and addresses put in. Local assets only, and
// nothing else may run in it.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { l10n, Uri, type Webview } from 'vscode';
import type { StoryStep } from './uptime-state.ts';

/** `media`: directory of the page, its script and its style. */
export function uptimePage(webview: Webview, media: Uri): string {
  const asset = (name: string) => String(webview.asWebviewUri(Uri.joinPath(media, name)));
  const nonce = randomBytes(16).toString('hex');
  const steps: Record<StoryStep, string> = {
    serve: l10n.t('Serve'),
    patch: l10n.t('Patch'),
    prove: l10n.t('Prove'),
    restore: l10n.t('Take it out'),
    control: l10n.t('Reboot instead'),
  };
  const words: Record<string, string> = {
    ...{ source: webview.cspSource, nonce, style: asset('uptime.css'), script: asset('uptime.js') },
    ...steps,
    title: l10n.t('Uptime'),
    pause: l10n.t('Pause'),
    big: l10n.t('Big type'),
    demo: l10n.t('Play the demo'),
    up: l10n.t('up without a reboot'),
    answered: l10n.t('requests answered'),
    lost: l10n.t('requests lost'),
    latency: l10n.t('slowest answer'),
    gap: l10n.t('longest stall'),
    lanes: l10n.t('Time line of requests, heartbeat and transitions'),
    keys: l10n.t('Space pauses; left and right move in time.'),
  };
  const page = readFileSync(Uri.joinPath(media, 'uptime.html').fsPath, 'utf8');
  return page.replace(/\{(\w+)\}/g, (_, key: string) => words[key] ?? '');
}
