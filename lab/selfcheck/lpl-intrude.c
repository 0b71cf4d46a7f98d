// Harms a service behind its back, as a faulty kernel might: takes one of its connections, without the service's help.
//
//   lpl-intrude drop PID     shuts one connection down that a client has just asked something on
//   lpl-intrude steal PID    takes one request out of it before the service can read it
//
// Requests are numbered; that of the number 1 is the lab's own heartbeat's (lab/src/vm/heartbeat.ts), which is left alone.

#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_FD = 80 };

static int is_connected(int fd)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);

	return !getpeername(fd, (struct sockaddr *)&peer, &size);
}

int main(int argc, char **argv)
{
	struct pollfd connections[MAX_FD];
	int count = 0, pid = argc == 3 ? atoi(argv[2]) : 0, process = syscall(SYS_pidfd_open, pid, 0);
	char request[64];

	if (process < 0) {
		perror("pidfd_open");
		return 2;
	}
	for (int fd = 3; fd < MAX_FD; fd++) {
		int copy = syscall(SYS_pidfd_getfd, process, fd, 0);

		if (copy >= 0 && is_connected(copy))
			connections[count++] = (struct pollfd){ copy, POLLIN, 0 };
	}
	// A stopped service leaves what it is asked where we can see it.
	for (int attempt = 0; attempt < 100; attempt++) {
		kill(pid, SIGSTOP);
		usleep(40000);
		poll(connections, count, 0);
		for (int i = 0; i < count; i++) {
			int fd = connections[i].fd;
			ssize_t n = recv(fd, request, sizeof(request) - 1, MSG_PEEK | MSG_DONTWAIT);

			if (n <= 0 || (request[n] = 0, atoi(request) <= 1))
				continue;
			if (!strcmp(argv[1], "drop"))
				shutdown(fd, SHUT_RDWR);
			else
				recv(fd, request, n, MSG_DONTWAIT);
			kill(pid, SIGCONT);
			printf("%s: %s", argv[1], request);
			return 0;
		}
		kill(pid, SIGCONT);
		usleep(20000);
	}
	fprintf(stderr, "nobody asked anything on %d connections\n", count);
	return 1;
}
