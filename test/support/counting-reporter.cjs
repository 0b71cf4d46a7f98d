// Mocha's spec reporter that also writes its counts and what failed, and why, to the file LPL_TEST_RESULT names, and says which
// files took longest.

const { writeFileSync } = require('node:fs');
const { relative } = require('node:path');
const { performance } = require('node:perf_hooks');
const { reporters, Runner } = require('mocha');

const { EVENT_RUN_END, EVENT_SUITE_BEGIN, EVENT_SUITE_END, EVENT_TEST_FAIL } = Runner.constants;

module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const began = new Map();
    const secondsOf = new Map();
    // Suites of the first level, hooks included; a file may have several.
    const isOfFile = (suite) => suite.parent?.root === true;
    runner.on(EVENT_SUITE_BEGIN, (suite) => isOfFile(suite) && began.set(suite, performance.now()));
    runner.on(EVENT_SUITE_END, (suite) => {
      if (!isOfFile(suite)) return;
      const seconds = (performance.now() - began.get(suite)) / 1000;
      secondsOf.set(suite.file, (secondsOf.get(suite.file) ?? 0) + seconds);
    });
    const failures = [];
    runner.on(EVENT_TEST_FAIL, (test, error) =>
      failures.push(`${test.fullTitle()}: ${String(error?.message ?? error).split('\n')[0]}`),
    );
    runner.once(EVENT_RUN_END, () => {
      const { passes: passed, failures: failed, pending: skipped } = this.stats;
      const path = process.env.LPL_TEST_RESULT;
      if (path) writeFileSync(path, JSON.stringify({ passed, failed, skipped, failures }));
      const slowest = [...secondsOf].sort(([, one], [, other]) => other - one).slice(0, 12);
      for (const [file, seconds] of slowest)
        if (seconds >= 5) console.log(`  ${seconds.toFixed(0).padStart(4)} s  ${relative('.', file)}`);
    });
  }
};
