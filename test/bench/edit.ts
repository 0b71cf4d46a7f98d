// From an edit to a checked module.

import { facade } from '../support/facade.ts';
import { operate } from '../support/operation.ts';
import { testTarget } from '../support/stock-kernel.ts';
import type { TestLab } from '../support/test-machine.ts';
import { measure, type Row } from './measure.ts';

export async function benchEdits({ paths }: TestLab, count: number): Promise<Row[]> {
  const lab = facade(paths);
  /** A build of a patch that was never built before: another constant in it each time. */
  const build = async (patchOf: (index: number) => string) => {
    const run = async (index: number) => {
      const request = { patch: patchOf(index), patchName: 'bench.patch', target: testTarget, replace: true };
      const { verdict, reasons } = await operate((ctx) => lab.build(request, ctx));
      if (verdict !== 'built') throw new Error(reasons[0]?.message);
    };
    await run(count);
    return run;
  };
  const builtIn = await build(
    (index) => `--- a/drivers/tty/vt/vt_ioctl.c
+++ b/drivers/tty/vt/vt_ioctl.c
@@ -410 +410,3 @@
 	case KDSKBMETA:
+		if (arg == ${1000 + index})
+			return -EPERM;
`,
  );
  const modular = await build(
    (index) => `--- a/fs/binfmt_misc.c
+++ b/fs/binfmt_misc.c
@@ -913 +913 @@
-	s = misc->enabled ? "enabled\\n" : "disabled\\n";
+	s = misc->enabled ? "enabled ${index}\\n" : "disabled\\n";
`,
  );
  return [
    await measure('edit to .ko, one unit, built-in (vt_ioctl.c)', count, builtIn, '<= 1200'),
    await measure('edit to .ko, one unit, module (binfmt_misc.c)', count, modular, '<= 1200'),
  ];
}
