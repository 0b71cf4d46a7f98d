// The beginning of a livepatch written by hand: C source that builds as it is and that one goes on from.

export type TemplateRequest = {
  /** Functions to replace; without any, the one behind /proc/cmdline. */
  functions: readonly TemplateFunction[];
  /** With the four callbacks. */
  callbacks: boolean;
  /** With a shadow variable. */
  shadow: boolean;
};

/** `head`: as in the kernel's source. `object`: a module, absent for vmlinux. `includes`: of the file that defines it. */
export type TemplateFunction = {
  name: string;
  head: string;
  body: string;
  includes: readonly string[];
  object?: string;
};

const sample: TemplateFunction = {
  name: 'cmdline_proc_show',
  head: 'static int cmdline_proc_show(struct seq_file *m, void *v)',
  body: '',
  includes: ['#include <linux/seq_file.h>'],
};

/** The text of NAME.c. Pure. */
export function livepatchTemplate({ functions, callbacks, shadow }: TemplateRequest): string {
  const isSample = functions.length === 0;
  const replaced = isSample ? [sample] : functions;
  const objects = new Map<string, TemplateFunction[]>();
  for (const each of replaced)
    objects.set(each.object ?? 'vmlinux', [...(objects.get(each.object ?? 'vmlinux') ?? []), each]);
  const own = [
    '#include <linux/kernel.h>',
    '#include <linux/livepatch.h>',
    '#include <linux/module.h>',
    ...(shadow ? ['#include <linux/init_task.h>', '#include <linux/slab.h>'] : []),
  ];
  return [
    '// SPDX-License-Identifier: GPL-2.0',
    [...new Set([...own, ...replaced.flatMap(({ includes }) => includes)])].join('\n'),
    ...(shadow
      ? [`/* Names the shadow variable; every livepatch needs numbers of its own. */\n#define SHADOW_READS 0x1001`]
      : []),
    ...replaced.map((each) => (isSample ? sampleFunction(shadow) : stub(each, shadow))),
    ...(callbacks || shadow ? [callbackText(callbacks, shadow)] : []),
    ...[...objects].map(([object, own]) => functionTable(object, own)),
    objectTable([...objects.keys()], { callbacks, shadow }),
    ending,
  ].join('\n\n');
}

const count = `	int *reads = klp_shadow_get_or_alloc(&init_task, SHADOW_READS, sizeof(*reads), GFP_KERNEL, NULL, NULL);
`;

const sampleFunction = (shadow: boolean) => `static int livepatch_cmdline_proc_show(struct seq_file *m, void *v)
{
${shadow ? `${count}\n` : ''}	seq_printf(m, "%s\\n", "this has been live patched");
${shadow ? '	if (reads)\n		seq_printf(m, "reads: %d\\n", ++*reads);\n' : ''}	return 0;
}`;

/** The old body as a comment of the preprocessor: what it uses may not be exported, so that only its author can move it in. */
function stub({ name, head, body }: TemplateFunction, shadow: boolean): string {
  const returnsNothing = /\bvoid\s+(\w+\s+)*\w+\s*\(/.test(head);
  const returned = returnsNothing ? '	return;' : /\*\s*\w+\s*\(/.test(head) ? '	return NULL;' : '	return 0;';
  return `${newHead(head, name)}
{
${shadow ? `${count}\n	if (reads)\n		++*reads;\n` : ''}#if 0 /* What it does now; write here what it is to do. */
${body}
#endif
${returned}
}`;
}

const newHead = (head: string, name: string) =>
  `static ${head.replace(/\b(static|extern|asmlinkage|noinline|__cold|__used)\b\s*/g, '').replace(new RegExp(`\\b${name}\\b`), `livepatch_${name}`)}`;

function callbackText(callbacks: boolean, shadow: boolean): string {
  const all = callbacks
    ? [
        '/* Before the transition; the only one that may fail, and then nothing is patched. */\nstatic int pre_patch(struct klp_object *obj)\n{\n\treturn 0;\n}',
        '/* Every task runs the new code. What only new code understands begins here. */\nstatic void post_patch(struct klp_object *obj)\n{\n}',
        '/* Undoes post_patch, while every task still runs the new code. */\nstatic void pre_unpatch(struct klp_object *obj)\n{\n}',
      ]
    : [];
  const free = shadow ? '\tklp_shadow_free_all(SHADOW_READS, NULL);\n' : '';
  return [
    ...all,
    `/* Undoes pre_patch; no task runs the new code any more. */\nstatic void post_unpatch(struct klp_object *obj)\n{\n${free}}`,
  ].join('\n\n');
}

const arrayName = (object: string) => `${object === 'vmlinux' ? 'vmlinux' : object}_funcs`;

function functionTable(object: string, functions: readonly TemplateFunction[]): string {
  const rows = functions.map(({ name }) => `	{ .old_name = "${name}", .new_func = livepatch_${name} },`);
  return `static struct klp_func ${arrayName(object)}[] = {\n${rows.join('\n')}\n	{ }\n};`;
}

function objectTable(
  objects: readonly string[],
  { callbacks, shadow }: { callbacks: boolean; shadow: boolean },
): string {
  const names = callbacks ? ['pre_patch', 'post_patch', 'pre_unpatch', 'post_unpatch'] : shadow ? ['post_unpatch'] : [];
  const rows = objects.map((object, index) => {
    const name = object === 'vmlinux' ? '' : `\t\t.name = "${object}",\n`;
    const own = index === 0 ? names.map((each) => `\t\t.callbacks.${each} = ${each},\n`).join('') : '';
    return `\t{\n${name}\t\t.funcs = ${arrayName(object)},\n${own}\t},`;
  });
  return `static struct klp_object objects[] = {\n${rows.join('\n')}\n	{ }\n};`;
}

const ending = `static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objects,
	/* Takes the place of every livepatch loaded before. */
	.replace = true,
};

static int __init livepatch_init(void)
{
	return klp_enable_patch(&patch);
}

/* Never runs before the livepatch is disabled and its transition complete. */
static void __exit livepatch_exit(void)
{
}

module_init(livepatch_init);
module_exit(livepatch_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
`;
