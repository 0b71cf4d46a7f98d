// Can a task pull a bystander, with which it shares root and working directory, into another mount namespace? All as uid
// 1000, in a user namespace of its own. Needs /proc and /tmp.
// Exit 1: yes (vulnerable), 0: no (fixed), 2: could not be tried.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { USER = 1000 };

static const char marker[] = "/tmp/only-in-the-other-namespace";

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

static void become_user(void)
{
	need(setgid(USER) == 0 && setuid(USER) == 0, "become uid 1000");
	// A changed uid makes /proc/self root's; without this the id maps cannot be written.
	need(prctl(PR_SET_DUMPABLE, 1) == 0, "PR_SET_DUMPABLE");
	need(unshare(CLONE_NEWUSER) == 0, "unshare");
	write_text("/proc/self/setgroups", "deny");
	write_text("/proc/self/uid_map", "0 1000 1");
	write_text("/proc/self/gid_map", "0 1000 1");
}

// A child with namespaces of its own, in whose mount namespace the marker can be seen; it says so through `ready`.
static pid_t start_other(int ready)
{
	pid_t child = fork();

	if (child)
		return child;
	need(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "PR_SET_PDEATHSIG");
	need(unshare(CLONE_NEWNS | CLONE_NEWUTS) == 0, "unshare");
	need(mount("none", "/tmp", "tmpfs", 0, NULL) == 0, "mount tmpfs");
	need(close(open(marker, O_CREAT | O_WRONLY, 0600)) == 0, marker);
	need(write(ready, "x", 1) == 1, "tell");
	pause();
	_exit(2);
}

// A child that shares root and working directory with this process; when asked, it ends with whether it sees the marker.
static pid_t start_bystander(int asked)
{
	pid_t child = syscall(SYS_clone, CLONE_FS | SIGCHLD, 0, 0, 0, 0);
	char byte;

	if (child)
		return child;
	need(read(asked, &byte, 1) == 1, "wait to be asked");
	_exit(access(marker, F_OK) == 0);
}

static int try_as_user(void)
{
	int ready[2], ask[2], entered, status;
	pid_t other, bystander;
	char byte;

	become_user();
	need(pipe(ready) == 0 && pipe(ask) == 0, "pipe");
	other = start_other(ready[1]);
	close(ready[1]);
	need(other > 0 && read(ready[0], &byte, 1) == 1, "other namespaces");
	bystander = start_bystander(ask[0]);
	need(bystander > 0, "clone");

	entered = setns(syscall(SYS_pidfd_open, other, 0), CLONE_NEWNS | CLONE_NEWUTS);
	printf("setns() with a shared root directory: %s\n", entered ? strerror(errno) : "ok");
	need(write(ask[1], "x", 1) == 1 && waitpid(bystander, &status, 0) == bystander, "ask");
	kill(other, SIGKILL);
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
		return 2;
	printf("the bystander was moved along: %s\n", WEXITSTATUS(status) ? "yes -> VULNERABLE" : "no -> FIXED");
	fflush(stdout);
	return WEXITSTATUS(status);
}

int main(void)
{
	int status;

	if (fork() == 0)
		_exit(try_as_user());
	wait(&status);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
