// The page of the uptime dashboard: keeps a minute of what it is told, and draws it once a frame at most. Requests that were
// answered are dots at their latency, those that were not are red; below them the guest's heartbeat and the transitions.

const vscode = acquireVsCodeApi();
const element = (id) => document.getElementById(id);
const canvas = element('lanes');

const spanMs = 60_000;
const keptMs = 10 * 60_000;
const state = {
  requests: [],
  beats: [],
  transitions: [],
  marks: [],
  answered: 0,
  lost: 0,
  worst: 0,
  gap: 0,
  upMs: 0,
  bootId: '',
  reboots: 0,
};
const view = { paused: false, until: 0, dirty: true };
const steps = [...document.querySelectorAll('#story li')];

const handlers = {
  machine: ({ name }) => {
    element('machine').textContent = name ?? 'no machine';
    Object.assign(state, {
      requests: [],
      beats: [],
      answered: 0,
      lost: 0,
      worst: 0,
      gap: 0,
      upMs: 0,
      bootId: '',
      reboots: 0,
    });
  },
  pulse: ({ pulse }) => {
    for (const request of pulse.requests) {
      state.requests.push(request);
      if (request.latencyMs === null) state.lost += 1;
      else {
        state.answered += 1;
        state.worst = Math.max(state.worst, request.latencyMs);
      }
    }
    if (pulse.gapMs !== undefined) {
      state.beats.push({ at: pulse.at, gapMs: pulse.gapMs });
      state.gap = Math.max(state.gap, pulse.gapMs);
    }
    if (pulse.upMs !== undefined) state.upMs = pulse.upMs;
    if (pulse.bootId && state.bootId && pulse.bootId !== state.bootId) state.reboots += 1;
    if (pulse.bootId) state.bootId = pulse.bootId;
  },
  transition: (sample) => state.transitions.push(sample),
  mark: (mark) => {
    state.marks.push(mark);
    element('spoken').textContent = mark.text;
  },
  story: ({ step, text }) => {
    if (element('story').hidden) return;
    element('now').textContent = text;
    const at = steps.findIndex((each) => each.dataset.step === step);
    steps.forEach((each, index) => {
      each.classList.toggle('done', index < at);
      each.classList.toggle('now', index === at);
      each.toggleAttribute('aria-current', index === at);
    });
    state.marks.push({ at: Date.now(), text, tone: 'plain' });
  },
  demo: ({ on }) => {
    element('story').hidden = element('now').hidden = !on;
    element('demo').disabled = on;
    if (on) setBig(true);
  },
};

window.addEventListener('message', ({ data }) => {
  handlers[data.type]?.(data);
  view.dirty = true;
});

function forget(now) {
  for (const list of [state.requests, state.beats, state.transitions, state.marks]) {
    const keep = list.findIndex(({ at }) => at > now - keptMs);
    if (keep > 200) list.splice(0, keep);
  }
}

const seconds = (ms) =>
  ms >= 10_000 ? `${(ms / 1000).toFixed(0)} s` : ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${ms.toFixed(0)} ms`;
/** As a clock shows it, which never outgrows its tile: 0:07, 12:54, 3:05:09. */
const upText = (ms) => {
  const [hours, minutes, rest] = [ms / 3_600_000, (ms / 60_000) % 60, (ms / 1000) % 60].map(Math.floor);
  const two = (value) => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
};

function figures() {
  const set = (id, text, tone = '') => {
    const figure = element(id);
    if (figure.textContent !== text) figure.textContent = text;
    figure.className = tone;
  };
  const alive = state.answered + state.lost > 0;
  set('up', !alive ? '–' : state.reboots > 0 ? 'rebooted' : upText(state.upMs), state.reboots > 0 ? 'bad' : '');
  set('answered', alive ? state.answered.toLocaleString('en') : '–');
  set('lost', alive ? String(state.lost) : '–', !alive ? '' : state.lost > 0 ? 'bad' : 'good');
  set('latency', alive ? seconds(state.worst) : '–');
  set('gap', state.gap > 0 ? seconds(state.gap) : '–');
}

const colour = (name) => getComputedStyle(document.body).getPropertyValue(name).trim();

/** Milliseconds on a logarithmic scale, 1 ms to 3 s. */
const level = (ms) => Math.min(1, Math.max(0, Math.log10(Math.max(1, ms)) / Math.log10(3000)));

function draw() {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== width * ratio || canvas.height !== height * ratio)
    Object.assign(canvas, { width: width * ratio, height: height * ratio });
  const pen = canvas.getContext('2d');
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  const now = view.paused ? view.until : Date.now();
  const left = 52;
  const x = (at) => left + ((at - (now - spanMs)) / spanMs) * (width - left);
  const line = parseFloat(getComputedStyle(document.body).fontSize) * 1.5;
  const free = height - line * 2;
  // Each lane below a line for its title.
  const lane = (from, share) => ({ top: line * 2 + free * from, height: free * share - line * 1.3 });
  const lanes = { requests: lane(0, 0.5), beats: lane(0.5, 0.25), transitions: lane(0.75, 0.25) };
  const ink = {
    good: colour('--good'),
    bad: colour('--bad'),
    line: colour('--line'),
    beat: colour('--beat'),
    patch: colour('--patch'),
    quiet: colour('--quiet'),
  };
  pen.font = `${getComputedStyle(document.body).fontSize} ${getComputedStyle(document.body).fontFamily}`;
  pen.textBaseline = 'middle';
  pen.fillStyle = ink.quiet;
  const rule = (y, alpha) => {
    pen.globalAlpha = alpha;
    pen.fillRect(left, y, width - left, 1);
    pen.globalAlpha = 1;
  };
  const titled = { requests: lanes.requests, heartbeat: lanes.beats, 'transition: tasks converged': lanes.transitions };
  for (const [title, { top, height: tall }] of Object.entries(titled)) {
    pen.textAlign = 'left';
    pen.fillText(title, left, top - line * 0.6);
    rule(top + tall, 0.35);
  }
  pen.textAlign = 'right';
  const scale = (y, text) => pen.fillText(text, left - 6, y);
  for (const [{ top, height: tall }, marked] of [
    [lanes.requests, [10, 100, 1000]],
    [lanes.beats, [1000]],
  ])
    for (const ms of marked) {
      rule(top + tall * (1 - level(ms)), 0.12);
      scale(top + tall * (1 - level(ms)), seconds(ms).replace('.0', ''));
    }
  scale(lanes.transitions.top, 'all');
  pen.fillStyle = ink.quiet;
  pen.textAlign = 'center';
  for (let ago = 10_000; ago < spanMs; ago += 10_000) pen.fillText(`−${ago / 1000} s`, x(now - ago), height - line / 2);
  pen.save();
  pen.beginPath();
  pen.rect(left, 0, width - left, height - line);
  pen.clip();
  for (const { at, latencyMs } of within(state.requests, now)) {
    const { top, height: tall } = lanes.requests;
    if (latencyMs === null) {
      pen.fillStyle = ink.bad;
      pen.fillRect(x(at) - 1, top, 2.5, tall);
    } else {
      pen.fillStyle = ink.line;
      pen.fillRect(x(at) - 1, top + tall * (1 - level(latencyMs)) - 2, 2.5, 2.5);
    }
  }
  pen.strokeStyle = ink.beat;
  pen.lineWidth = 1.5;
  pen.beginPath();
  for (const { at, gapMs } of within(state.beats, now)) {
    const { top, height: tall } = lanes.beats;
    pen.lineTo(x(at), top + tall * (1 - level(gapMs)));
  }
  pen.stroke();
  drawTransitions(pen, { x, lane: lanes.transitions, ink, now });
  drawMarks(pen, { x, ink, now, line, bottom: height - line });
  pen.restore();
}

/** Each transition as an area that grows with the tasks that reached its goal; full height is every task. */
function drawTransitions(pen, { x, lane: { top, height: tall }, ink, now }) {
  let run;
  const flush = (open) => {
    if (!run) return;
    const end = open ? now : run.at(-1).at;
    pen.fillStyle = run[0].direction === 'patching' ? ink.patch : ink.quiet;
    pen.globalAlpha = 0.75;
    pen.beginPath();
    pen.moveTo(x(run[0].at), top + tall);
    for (const { at, converged, total } of run) pen.lineTo(x(at), top + tall * (1 - converged / Math.max(1, total)));
    pen.lineTo(x(end), top + tall * (1 - run.at(-1).converged / Math.max(1, run.at(-1).total)));
    pen.lineTo(x(end), top + tall);
    pen.fill();
    pen.globalAlpha = 1;
    run = undefined;
  };
  for (const sample of state.transitions) {
    run ??= [];
    run.push(sample);
    if (sample.done) {
      pen.fillStyle = ink.good;
      pen.fillRect(x(sample.at) - 1, top - 4, 2, tall + 4);
      flush(false);
    }
  }
  flush(true);
}

function drawMarks(pen, { x, ink, now, line, bottom }) {
  let free = 0;
  pen.textAlign = 'left';
  for (const { at, text, tone } of within(state.marks, now)) {
    pen.fillStyle = tone === 'bad' ? ink.bad : tone === 'good' ? ink.good : ink.quiet;
    pen.globalAlpha = 0.6;
    pen.fillRect(x(at), line * 0.9, 1, bottom - line * 0.9);
    pen.globalAlpha = 1;
    if (x(at) < free) continue;
    pen.fillText(text, x(at) + 3, line / 2);
    free = x(at) + pen.measureText(text).width + 12;
  }
}

function within(list, now) {
  return list.filter(({ at }) => at > now - spanMs - 500 && at <= now);
}

function frame() {
  if (document.visibilityState === 'visible' && (view.dirty || !view.paused)) {
    view.dirty = false;
    forget(Date.now());
    figures();
    draw();
  }
  requestAnimationFrame(frame);
}

function setPaused(on) {
  view.paused = on;
  view.until = Date.now();
  element('pause').setAttribute('aria-pressed', String(on));
}

function setBig(on) {
  document.body.classList.toggle('big', on);
  element('big').setAttribute('aria-pressed', String(on));
  view.dirty = true;
}

element('pause').addEventListener('click', () => setPaused(!view.paused));
element('big').addEventListener('click', () => setBig(!document.body.classList.contains('big')));
element('demo').addEventListener('click', () => vscode.postMessage({ type: 'demo' }));
canvas.addEventListener('keydown', (event) => {
  const moves = { ArrowLeft: -5000, ArrowRight: 5000 };
  if (event.key === ' ') setPaused(!view.paused);
  else if (moves[event.key]) {
    if (!view.paused) setPaused(true);
    view.until = Math.min(Date.now(), view.until + moves[event.key]);
  } else return;
  event.preventDefault();
  view.dirty = true;
});
new ResizeObserver(() => (view.dirty = true)).observe(canvas);
setInterval(() => {
  const { answered, lost, worst } = state;
  if (answered + lost > 0)
    canvas.setAttribute('aria-label', `${answered} requests answered, ${lost} lost, slowest ${seconds(worst)}`);
}, 3000);
requestAnimationFrame(frame);
vscode.postMessage({ type: 'ready' });
