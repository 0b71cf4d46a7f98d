import assert from 'node:assert/strict';
import { quoteForGuest } from '../../../lab/src/core/command.ts';
import { isLabError } from '../../../lab/src/core/error.ts';
import { identifyProcess, isAlive } from '../../../lab/src/core/host-process.ts';
import { commandFailed, runCommand } from '../../../lab/src/core/process.ts';
import { waitUntil } from '../../../lab/src/core/wait.ts';

const signal = new AbortController().signal;

describe('runCommand', () => {
  it('feeds stdin and hands back parsed output', async () => {
    const parse = ({ stdout }: { stdout: string }) => stdout.trim().toUpperCase();
    assert.equal(await runCommand({ argv: ['cat'], stdin: 'hello\n', parse }, { signal }), 'HELLO');
  });

  it('says which command ended how, with its last words', async () => {
    const failing = runCommand({ argv: ['sh', '-c', 'echo first >&2; echo no such thing >&2; exit 3'] }, { signal });
    await assert.rejects(
      failing,
      (error) => isLabError(error, 'command.failed') && /sh exited with 3: no such thing/.test(error.message),
    );
  });

  it('names what ran in the sandbox, or the sandbox when it is that which speaks', () => {
    const argv = ['bwrap', '--unshare-net', '--', '/usr/bin/gcc', '-c', 'x.c'] as const;
    const failure = (stderr: string) => commandFailed({ argv }, { stdout: '', stderr, exitCode: 1, ms: 0 }).message;
    assert.equal(failure('x.c: no'), 'gcc exited with 1: x.c: no');
    assert.equal(failure('bwrap: no'), 'bwrap exited with 1: bwrap: no');
  });

  it('tells a host that cannot from a command that failed', async () => {
    const saying = (words: string) => runCommand({ argv: ['sh', '-c', `echo '${words}' >&2; exit 1`] }, { signal });
    for (const [words, code] of [
      ['cp: error writing /x/y: No space left on device', 'host.no-space'],
      ['bwrap: setting up uid map: Permission denied', 'host.missing-tool'],
      ['bwrap: No permissions to create a new namespace', 'host.missing-tool'],
      ['bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted', 'host.missing-tool'],
      ['gcc: fatal error: Killed signal terminated program cc1', 'host.no-memory'],
      ['cc1: out of memory allocating 65536 bytes after a total of 1 bytes', 'host.no-memory'],
      ['bwrap: execvp gcc-14: No such file or directory', 'command.failed'],
      ['fix.c:3: error: namespace expected', 'command.failed'],
    ] as const)
      await assert.rejects(saying(words), { code, message: `sh exited with 1: ${words}` });
    const deep = 'gcc: fatal error: Killed signal terminated program cc1';
    await assert.rejects(saying(`${deep}\nmake: *** [fs] Error 2`), { message: `sh exited with 1: ${deep}` });
  });

  it('takes an expected exit code as an answer', async () => {
    assert.equal((await runCommand({ argv: ['sh', '-c', 'exit 3'], okCodes: [3] }, { signal })).exitCode, 3);
  });

  it('names a command that does not exist', async () => {
    await assert.rejects(runCommand({ argv: ['lpl-no-such-command'] }, { signal }), (error) =>
      isLabError(error, 'command.not-found'),
    );
  });

  it('ends the whole process group on abort before it settles', async () => {
    const cancel = new AbortController();
    const pids: number[] = [];
    const script = 'echo $$; sleep 60 & echo $!; wait';
    const run = runCommand(
      { argv: ['sh', '-c', script] },
      { signal: cancel.signal, onLine: (line) => void pids.push(Number(line)) },
    );
    run.catch(() => undefined);
    await waitUntil({ what: 'two pids', timeoutMs: 3000, intervalMs: 10, signal }, () =>
      pids.length === 2 ? true : undefined,
    );
    cancel.abort(new Error('stop'));
    await assert.rejects(run, /stop/);
    await waitUntil({ what: 'both to be gone', timeoutMs: 1000, intervalMs: 10, signal }, () =>
      pids.every((pid) => identifyProcess(pid) === undefined) ? true : undefined,
    );
  });

  it('ends what outlasts its time', async () => {
    const slow = runCommand({ argv: ['sleep', '60'] }, { signal, timeoutMs: 50 });
    await assert.rejects(slow, (error) => isLabError(error, 'op.timeout'));
  });
});

describe('quoteForGuest', () => {
  it('leaves plain words alone and makes anything else one word', async () => {
    assert.equal(quoteForGuest('/bin/true'), '/bin/true');
    for (const word of ['', 'a b', "it's", '$(reboot)', '`x`', 'a\nb', '"', '\\', '*', '-n;'])
      assert.equal(
        (await runCommand({ argv: ['sh', '-c', `printf %s ${quoteForGuest(word)}`] }, { signal })).stdout,
        word,
      );
  });
});

describe('isAlive', () => {
  it('tells a process from another one with the same pid', () => {
    const self = identifyProcess(process.pid);
    assert.ok(self);
    assert.equal(isAlive(self), true);
    assert.equal(isAlive({ ...self, startTicks: self.startTicks + 1 }), false);
  });
});

describe('waitUntil', () => {
  it('names what did not come', async () => {
    const wait = waitUntil(
      { what: 'ssh on port 1', timeoutMs: 20, intervalMs: 5, signal, code: 'vm.boot-timeout' },
      () => undefined,
    );
    await assert.rejects(
      wait,
      (error) => isLabError(error, 'vm.boot-timeout') && error.message.includes('ssh on port 1'),
    );
  });

  it('asks once more after the deadline', async () => {
    let asked = 0;
    const answer = await waitUntil({ what: 'x', timeoutMs: 10, intervalMs: 30, signal }, () =>
      ++asked === 2 ? 'late' : undefined,
    );
    assert.equal(answer, 'late');
  });
});
