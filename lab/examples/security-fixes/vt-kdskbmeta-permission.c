// May uid 1000, holding an old descriptor of a console that is not its own, change that console's Meta key mode?
// Exit 1: yes (vulnerable), 0: no (fixed), 2: could not be tried. Puts the mode back.

#include <errno.h>
#include <fcntl.h>
#include <linux/kd.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *outcome(int result)
{
	return result < 0 ? strerror(errno) : "ok";
}

static int try_as_user(int tty, int before)
{
	int after = -1, other = before == K_METABIT ? K_ESCPREFIX : K_METABIT;

	setsid();
	if (setgid(1000) || setuid(1000))
		return 2;
	// The sibling that always asked for permission, for contrast.
	printf("uid 1000 KDSKBMODE: %s\n", outcome(ioctl(tty, KDSKBMODE, K_RAW)));
	printf("uid 1000 KDSKBMETA: %s\n", outcome(ioctl(tty, KDSKBMETA, other)));
	if (ioctl(tty, KDGKBMETA, &after))
		return 2;
	printf("meta mode of tty1 %d -> %d: %s\n", before, after, after == before ? "FIXED" : "VULNERABLE");
	fflush(stdout);
	return after != before;
}

int main(void)
{
	int tty = open("/dev/tty1", O_RDWR | O_NOCTTY), before = 0, status;

	if (tty < 0 || ioctl(tty, KDGKBMETA, &before)) {
		perror("/dev/tty1");
		return 2;
	}
	if (fork() == 0)
		_exit(try_as_user(tty, before));
	wait(&status);
	ioctl(tty, KDSKBMETA, before);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
