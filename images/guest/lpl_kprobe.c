// SPDX-License-Identifier: GPL-2.0
// Not a livepatch: a kprobe with a handler after the instruction, which ftrace counts as one that may change where execution
// goes on (kernel/kprobes.c). insmod lpl_kprobe.ko target=FUNCTION

#include <linux/kprobes.h>
#include <linux/module.h>

static char *target = "";
module_param(target, charp, 0400);

static void after(struct kprobe *p, struct pt_regs *regs, unsigned long flags)
{
}

static struct kprobe probe = { .post_handler = after };

static int __init lpl_init(void)
{
	probe.symbol_name = target;
	return register_kprobe(&probe);
}

static void __exit lpl_exit(void)
{
	unregister_kprobe(&probe);
}

module_init(lpl_init);
module_exit(lpl_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("places a kprobe that no livepatch can share its function with");
