// May uid 1000 attach to a tap device that root made and gave to nobody? Whoever is attached reads what the host sends
// through the device and injects packets. Needs the module tun.
// Exit 1: yes (vulnerable), 0: no (fixed), 2: could not be tried. Removes the devices it makes.

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { USER = 1000, OTHER_USER = 2000 };

static const char node[] = "/dev/net/tun";

// Attaches to the device of that name, or makes it; returns a descriptor, or -1 with errno.
static int attach(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int tun = open(node, O_RDWR), error;

	if (tun < 0) {
		perror(node);
		_exit(2);
	}
	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(tun, TUNSETIFF, &request) == 0)
		return tun;
	error = errno;
	close(tun);
	errno = error;
	return -1;
}

// Makes a device that stays when nobody is attached, or lets it go.
static int persist(const char *name, int on, int owner)
{
	int tun = attach(name), failed;

	if (tun < 0)
		return -1;
	failed = ioctl(tun, TUNSETPERSIST, on) || (owner && ioctl(tun, TUNSETOWNER, owner));
	close(tun);
	return failed ? -1 : 0;
}

static const char *outcome(int tun)
{
	return tun < 0 ? strerror(errno) : "ok";
}

static int try_as_user(void)
{
	int tun;

	if (setgid(USER) || setuid(USER))
		return 2;
	// The device with an owner, for contrast: it was always refused to others.
	printf("uid 1000 attaches to a device of uid 2000: %s\n", outcome(attach("lpl-owned")));
	tun = attach("lpl-ownerless");
	if (tun < 0 && errno != EPERM) {
		perror("lpl-ownerless");
		return 2;
	}
	printf("uid 1000 attaches to a device without owner: %s -> %s\n", outcome(tun), tun < 0 ? "FIXED" : "VULNERABLE");
	fflush(stdout);
	return tun >= 0;
}

int main(void)
{
	int status;

	// As udev does on every distribution; a guest without udev has the kernel's 0600.
	chmod(node, 0666);
	if (persist("lpl-owned", 1, OTHER_USER) || persist("lpl-ownerless", 1, 0)) {
		perror("TUNSETIFF");
		return 2;
	}
	if (fork() == 0)
		_exit(try_as_user());
	wait(&status);
	persist("lpl-owned", 0, 0);
	persist("lpl-ownerless", 0, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
