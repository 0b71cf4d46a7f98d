// A guest for unit tests of acts: it knows just enough of livepatching to answer what they ask, and can be told to answer wrong.

import type { Guest, GuestResult } from '../../lab/src/vm/guest/guest.ts';

/** What a kernel must not do, one name each. */
export type KernelFault =
  | 'keeps-replaced'
  | 'lets-live-go'
  | 'ignores-sleeper'
  | 'never-completes'
  | 'takes-kprobed'
  | 'traces-nothing'
  | 'loses-behaviour'
  | 'keeps-behaviour'
  | 'module-comes-unpatched'
  | 'does-not-signal'
  | 'wakes-sleeper'
  | 'fails-sleeper';

type Patch = { name: string; enabled: boolean; running: boolean };

const ok = (stdout = ''): GuestResult => ({ stdout, stderr: '', exitCode: 0 });
const no = (stderr: string): GuestResult => ({ stdout: '', stderr, exitCode: 1 });

export class FakeKlpGuest {
  patches: Patch[] = [];
  private hasModule = true;
  private kprobed = false;
  private signals = 0;
  private sleeper: { inside: string; wake: (result: GuestResult) => void } | undefined;
  private transitions = 0;

  constructor(private readonly fault?: KernelFault) {}

  /** What a reproducer shows: 0 while a livepatch is enabled. */
  readonly show = async () => {
    if (this.fault === 'keeps-behaviour' && this.transitions > 0) return 0;
    const live = this.patches.filter(({ enabled }) => enabled).length;
    return live > 0 && !(this.fault === 'loses-behaviour' && this.transitions > 1) ? 0 : 1;
  };

  get guest(): Guest {
    const guest: Pick<Guest, 'exec' | 'script' | 'stream' | 'upload'> & { name: string } = {
      name: 'fake',
      exec: (argv) => this.exec(argv),
      script: async (text) => this.script(text),
      upload: async () => {},
      stream: async (argv) => {
        const closing = new AbortController();
        const lines = this.samples(argv[2] ?? '', closing.signal);
        return { lines, ended: Promise.resolve({ exitCode: 0 }), close: () => closing.abort() };
      },
    };
    return guest as Guest;
  }

  private find = (name: string | undefined) => this.patches.find((patch) => patch.name === name);

  private async exec([word, first = '', second = '']: readonly string[]): Promise<GuestResult> {
    if (word === 'sh') return this.sleep();
    if (word === 'test') return this.find(second.split('/').at(-1)) ? ok() : no('');
    if (word === 'insmod' || first === 'lpl_kprobe') this.kprobed = word === 'insmod';
    else if (word === 'modprobe') this.hasModule = first !== '-r';
    else if (word === 'rmmod') return this.remove(first);
    else throw new Error(`the fake guest does not know ${word} ${first}`);
    return ok();
  }

  private remove(name: string): GuestResult {
    if (this.find(name)?.enabled && this.fault !== 'lets-live-go') return no('Resource temporarily unavailable');
    this.patches = this.patches.filter((patch) => patch.name !== name);
    return ok();
  }

  private sleep(): Promise<GuestResult> {
    const inside = this.patches.findLast(({ enabled }) => enabled)?.name;
    return new Promise((wake) => (this.sleeper = { inside: inside ? ` [${inside}]` : '', wake }));
  }

  private script(text: string): GuestResult {
    const insmod = /insmod '?\/run\/lpl\/(\w+)\.ko/.exec(text)?.[1];
    const disabled = /echo 0 > \/sys\/kernel\/livepatch\/(\w+)\/enabled/.exec(text)?.[1];
    const asked = /livepatch\/(\w+)\/transition/.exec(text)?.[1];
    if (text.includes('seq') && insmod) return this.turn(insmod);
    if (insmod) return this.insmod(insmod);
    if (disabled) return this.disable(disabled);
    if (asked) return this.find(asked)?.running ? ok() : no('');
    if (text.includes('for patch in')) return ok(this.status());
    if (text.includes('patch_state')) return ok(this.sleeper ? 'task 7 0\nName:\tcat\n[<0>] g+0x1/0x2\n' : '');
    if (text.includes('/stack')) return ok(this.stacks());
    if (text.includes('grep -c')) return ok(`${this.signals}\n`);
    if (text === 'wake') return this.wake();
    if (/^cat .*\/trace$/.test(text)) return ok(this.fault === 'traces-nothing' ? '' : ' sh-1: f <-g\n 0) | f();\n');
    return ok();
  }

  private insmod(name: string): GuestResult {
    this.transitions += 1;
    if (this.kprobed && this.fault !== 'takes-kprobed') return no(`insmod: can't insert 'x': Device or resource busy`);
    // As in a real name of a version that does not replace (build-patches.ts).
    const isStacked = name.startsWith('s');
    if (!isStacked && this.fault !== 'keeps-replaced') for (const patch of this.patches) patch.enabled = false;
    const isHeld = this.sleeper !== undefined && this.fault !== 'ignores-sleeper';
    this.patches.push({ name, enabled: true, running: isHeld || this.fault === 'never-completes' });
    return ok();
  }

  private turn(name: string): GuestResult {
    this.insmod(name);
    return ok('5 0\n');
  }

  private disable(name: string): GuestResult {
    Object.assign(this.find(name) ?? {}, { enabled: false, running: false });
    return ok();
  }

  private wake(): GuestResult {
    for (const patch of this.patches) patch.running = false;
    this.sleeper?.wake(this.fault === 'fails-sleeper' ? no('') : ok());
    this.sleeper = undefined;
    return ok();
  }

  /** By the kernel's own signal, once somebody has looked a while and nobody woke the sleeper. */
  private signal(patch: Patch): void {
    if (this.fault !== 'does-not-signal') this.signals += 1;
    if (this.fault === 'wakes-sleeper') this.wake();
    patch.running = false;
  }

  private stacks(): string {
    return this.sleeper ? `task 7\n[<0>] g+0x1/0x2\n[<0>] f+0x3/0x4${this.sleeper.inside}\n` : 'task 1\n';
  }

  private status(): string {
    const isPatched = this.hasModule && !(this.fault === 'module-comes-unpatched' && this.transitions > 0);
    return this.patches
      .map(({ name, enabled, running }) =>
        [
          `patch ${name}\nenabled ${Number(enabled)}\ntransition ${Number(running)}`,
          `object m\npatched ${Number(isPatched)}\nfunction f,1\n`,
        ].join('\n'),
      )
      .join('');
  }

  private async *samples(module: string, closed: AbortSignal): AsyncGenerator<string> {
    for (let look = 0; !closed.aborted; look++) {
      const patch = this.find(module);
      // Signals come after 15 s, which are 200 looks here; a test that holds a transition is done by then.
      if (look === 200 && patch && this.fault !== 'never-completes') this.signal(patch);
      const state = { transition: Number(patch?.running ?? false), enabled: Number(patch?.enabled ?? false) };
      yield JSON.stringify({ upUs: 0, ...state, patched: 1, unpatched: 0, idle: 0 });
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}
