// Negative control: an extension host that dies in mid-suite. VS Code's workbench then reports exit code 0.

it('never gets past this point', () => {
  process.kill(process.pid, 'SIGKILL');
});
