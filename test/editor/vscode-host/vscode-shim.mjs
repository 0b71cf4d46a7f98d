#!/usr/bin/env node
// The stand-in as an executable, so that @vscode/test-electron can start it as it would start desktop VS Code.

import { register } from 'tsx/esm/api';

register();
await import('./stand-in.ts');
