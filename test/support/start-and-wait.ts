// Run as a process of its own by tests that kill the owner of a machine: starts one, says so, then waits to be killed.
//   node --import tsx start-and-wait.ts STATE RUNTIME CACHE NAME LIFETIME

import { startTestMachine } from './test-machine.ts';

const [state = '', runtime = '', cache = '', name = '', lifetime] = process.argv.slice(2);
const kind = lifetime === 'kept' ? 'kept' : 'throw-away';
void startTestMachine({ state, runtime, cache }, name, { lifetime: kind }).then((machine) => {
  console.log(`started ${machine.run.process.pid}`);
  setInterval(() => undefined, 60_000);
});
