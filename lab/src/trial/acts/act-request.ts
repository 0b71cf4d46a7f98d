// What every act of a livepatch is given.

import type { Guest } from '../../vm/guest/guest.ts';

export type ActRequest = { guest: Guest; module: string; content: Uint8Array; timeoutMs: number };
