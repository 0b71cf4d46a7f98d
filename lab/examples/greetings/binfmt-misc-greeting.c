// Does binfmt_misc's status say "livepatched"? Exit 1: no (the stock code runs), 0: yes (the livepatch runs), 2: unreadable.

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
	char line[256] = "";
	int fd;

	mkdir("/tmp/binfmt", 0700);
	if (mount("none", "/tmp/binfmt", "binfmt_misc", 0, NULL)) {
		perror("mount binfmt_misc");
		return 2;
	}
	fd = open("/tmp/binfmt/status", O_RDONLY);
	if (fd < 0 || read(fd, line, sizeof(line) - 1) <= 0) {
		perror("status");
		return 2;
	}
	close(fd);
	umount("/tmp/binfmt");
	printf("%s", line);
	return strstr(line, "livepatched") == NULL;
}
