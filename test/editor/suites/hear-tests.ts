// What VS Code is told of each test from now on: `passed a greeting`.

import type { TestController, TestItem, TestRun } from 'vscode';

const outcomes = ['passed', 'failed', 'errored', 'skipped'] as const;

/** Listens to the runs of that controller until it is told to forget. */
export function hearTests(controller: TestController): { said: string[]; forget: () => void } {
  const said: string[] = [];
  const create = controller.createTestRun.bind(controller);
  const heard = (run: TestRun): TestRun => {
    const listening = outcomes.map((outcome) => {
      const tell = run[outcome].bind(run) as (item: TestItem, ...rest: unknown[]) => void;
      const hearing = (item: TestItem, ...rest: unknown[]) => {
        said.push(`${outcome} ${item.label}`);
        tell(item, ...rest);
      };
      return [outcome, hearing] as const;
    });
    return { ...run, ...Object.fromEntries(listening) };
  };
  controller.createTestRun = (...words) => heard(create(...words));
  return { said, forget: () => void (controller.createTestRun = create) };
}
