// Which rule a function without an ftrace entry breaks.

import type { RuleId } from '../rules.ts';

/** The inline body of a system call (arch/x86/include/asm/syscall_wrapper.h) has a cure of its own. */
export const untracedRule = (name: string): RuleId => (/^__do_(compat_)?sys_/.test(name) ? 'NP04' : 'NP02');
