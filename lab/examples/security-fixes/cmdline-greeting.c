// Does /proc/cmdline end in " livepatched"? Exit 1: no (the stock code runs), 0: yes (the livepatch runs), 2: unreadable.

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
	char line[4096];
	int fd = open("/proc/cmdline", O_RDONLY);
	ssize_t size = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);

	if (size <= 0) {
		perror("/proc/cmdline");
		return 2;
	}
	line[size] = 0;
	printf("%s", line);
	return strstr(line, " livepatched\n") == NULL;
}
