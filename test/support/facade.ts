// The lab as the command line opens it, with the recipes and examples of this checkout.

import { join } from 'node:path';
import type { LabPaths } from '../../lab/src/core/paths.ts';
import { type Lab, openLab } from '../../lab/src/lab.ts';

const root = join(import.meta.dirname, '../..');

const resources = {
  guest: join(root, 'images/guest'),
  profiles: join(root, 'images/profiles'),
  kconfig: join(root, 'images/kconfig'),
  examples: join(root, 'lab/examples'),
  selfcheck: join(root, 'lab/selfcheck'),
};

export const facade = (paths: LabPaths): Lab => openLab({ paths, workspace: root, resources });
