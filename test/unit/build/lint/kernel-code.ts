// Kernel code in the style the lint has to understand, and patches of it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A driver as there are many: types, data, locks, a thread, callbacks of user space, exports, init code. */
export const driver = `// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <linux/mutex.h>

struct gadget {
	struct mutex lock;
	unsigned int users;	/* open files */
	u8 mode;
};

enum gadget_mode {
	GADGET_OFF,
	GADGET_ON,
};

static unsigned int limit = 16;
module_param(limit, uint, 0644);
static const unsigned int retries = 3;
int sysctl_gadget_delay __read_mostly = 5;
static int boot_mode __initdata = 1;

static const char *const names[] = {
	"off",
	"on",
};

/*
 * Called with the lock held.
 */
static void gadget_settle(struct gadget *g)
{
	static int settled;
	static const int steps[] = { 1, 2 };

	settled += steps[0];
	g->mode = GADGET_ON;
}

static int gadget_open(struct inode *inode, struct file *file)
{
	struct gadget *g = inode->i_private;
	char name[16];

	mutex_lock(&g->lock);
	if (g->users >= limit) {
		mutex_unlock(&g->lock);
		return -EBUSY;
	}
	g->users++;
	gadget_settle(g);
	mutex_unlock(&g->lock);
	return 0;
}

static ssize_t gadget_read(struct file *file, char __user *buf,
			   size_t count, loff_t *ppos)
{
	struct gadget *g = file->private_data;
	int err;

	err = wait_event_interruptible(g->queue, g->mode != GADGET_OFF);
	if (err)
		return err;
	return gadget_copy(g, buf, count);
}

static int gadget_release(struct inode *inode, struct file *file)
{
	struct gadget *g = inode->i_private;

	g->users--;
	return 0;
}

static const struct file_operations gadget_fops = {
	.owner		= THIS_MODULE,
	.open		= gadget_open,
	.read		= gadget_read,
	.release	= gadget_release,
};

static int gadget_thread(void *data)
{
	while (!kthread_should_stop()) {
		gadget_poll(data);
		schedule_timeout_interruptible(HZ);
	}
	return 0;
}

int gadget_users(struct gadget *g, bool strict)
{
	return READ_ONCE(g->users);
}
EXPORT_SYMBOL_GPL(gadget_users);

void gadget_kick(struct gadget *g)
{
	wake_up(&g->queue);
}

static notrace u64 gadget_clock(void)
{
	return local_clock();
}

static inline notrace int gadget_is_on(struct gadget *g)
{
	return g->mode == GADGET_ON;
}

SYSCALL_DEFINE2(gadget, int, fd, unsigned int, flags)
{
	if (flags)
		return -EINVAL;
	return gadget_ctl(fd);
}

static int __init gadget_init(void)
{
	return misc_register(&gadget_misc);
}
module_init(gadget_init);
`;

export const driverPath = 'drivers/misc/gadget.c';

/** Each pair replaces text that stands once in the driver. */
export type Edit = readonly (readonly [from: string, to: string])[];

export function edited(edit: Edit): string {
  return edit.reduce((text, [from, to]) => {
    if (text.split(from).length !== 2) throw new Error(`${JSON.stringify(from)} does not stand once in the driver`);
    return text.replace(from, () => to);
  }, driver);
}

/** `context` lines around each change; no headings, so that only what is to be seen counts. */
export function patchOf(after: string, { context = 100, path = driverPath, before = driver } = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'lpl-lint-'));
  const old = join(directory, 'before.c');
  writeFileSync(old, before);
  const labels = ['--label', `a/${path}`, '--label', `b/${path}`];
  const { status, stdout } = spawnSync('diff', [`-U${context}`, ...labels, old, '-'], {
    input: after,
    encoding: 'utf8',
  });
  rmSync(directory, { recursive: true });
  assert.ok(status === 0 || status === 1);
  return stdout;
}
