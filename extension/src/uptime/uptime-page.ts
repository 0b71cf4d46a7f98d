// The page of the uptime dashboard: local assets only, and nothing else may run in it.

import { randomBytes } from 'node:crypto';
import { l10n, Uri, type Webview } from 'vscode';
import { storySteps } from './uptime-state.ts';

/** `media`: directory of the script and the style. */
export function uptimePage(webview: Webview, media: Uri): string {
  const asset = (name: string) => String(webview.asWebviewUri(Uri.joinPath(media, name)));
  const nonce = randomBytes(16).toString('hex');
  const csp = l10n.t("default-src 'none'; style-src {0}; script-src 'nonce-{1}';", webview.cspSource, nonce);
  const titles = {
    serve: l10n.t('Serve'),
    patch: l10n.t('Patch'),
    prove: l10n.t('Prove'),
    restore: l10n.t('Take it out'),
    control: l10n.t('Reboot instead'),
  };
  const steps = storySteps.map((step) => l10n.t('<li data-step="{0}">{1}</li>', step, titles[step])).join('');
  const figure = (id: string, title: string) =>
    l10n.t('<div class="figure"><dt>{0}</dt><dd id="{1}">–</dd></div>', title, id);
  return l10n.t(
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{0}">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n<link rel="stylesheet" href="{1}">\n<title>{2}</title>\n</head>\n<body>\n<header>\n<h1><span id="machine">–</span></h1>\n<nav>\n<button id="pause" type="button" aria-pressed="false">{3}</button>\n<button id="big" type="button" aria-pressed="false">{4}</button>\n<button id="demo" type="button">{5}</button>\n</nav>\n</header>\n<ol id="story" hidden>{6}</ol>\n<p id="now" hidden></p>\n<dl>\n{7}\n{8}\n{9}\n{10}\n{11}\n</dl>\n<canvas id="lanes" tabindex="0" role="img" aria-label="{12}"></canvas>\n<p class="keys">{13}</p>\n<p id="spoken" class="spoken" aria-live="polite"></p>\n<script nonce="{14}" src="{15}"></script>\n</body>\n</html>',
    csp,
    asset('uptime.css'),
    l10n.t('Uptime'),
    l10n.t('Pause'),
    l10n.t('Big type'),
    l10n.t('Play the demo'),
    steps,
    figure('up', l10n.t('up without a reboot')),
    figure('answered', l10n.t('requests answered')),
    figure('lost', l10n.t('requests lost')),
    figure('latency', l10n.t('slowest answer')),
    figure('gap', l10n.t('longest stall')),
    l10n.t('Time line of requests, heartbeat and transitions'),
    l10n.t('Space pauses; left and right move in time.'),
    nonce,
    asset('uptime.js'),
  );
}
