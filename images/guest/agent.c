// lpl-agent: what the lab runs inside a guest. One static binary, started over ssh, talking lines of JSON on stdout.
//
//   lpl-agent serve PORT             answer numbered requests until killed: "N\n" -> "N <monotonic us>\n", and HTTP on the same port:
//                                    GET /N -> 2 KiB, N and then a letter that tells it (lab/src/workload/http-load.ts)
//   lpl-agent witness PID|NAME...    the heartbeat (40 ms) and who is still alive (1 s), until stdin closes; a name: who has it now
//   lpl-agent transition MODULE      every task's patch_state, 40 ms apart, until stdin closes; MODULE may come and go
//   lpl-agent identity DISK          waits for the parcel on that disk (lab/src/vm/image/parcel.ts) and makes this machine what it says
//   lpl-agent clock SEC USEC         sets the time, for a machine that went back to a snapshot
//
// Whoever started witness or transition holds their stdin: when it closes, they end (dropbear does not tell them otherwise).
// It allocates nothing while it watches, so that it sees the guest and not itself; it reports its own CPU time.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static long long now_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void sleep_until_us(long long us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

// First bytes of a small file without its newline; "" when it cannot be read.
static const char *slurp(const char *path, char *to, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, to, size - 1);

	if (fd >= 0)
		close(fd);
	to[n > 0 ? n : 0] = 0;
	to[strcspn(to, "\n")] = 0;
	return to;
}

// Waits that long, or until nobody holds our stdin any more: then it returns 0.
static int wanted_after_ms(int ms)
{
	struct pollfd in = { STDIN_FILENO, POLLIN, 0 };
	char ignored[64];

	return poll(&in, 1, ms) <= 0 || read(STDIN_FILENO, ignored, sizeof(ignored)) > 0;
}

// ---- serve ---------------------------------------------------------------------------------------------------------

enum { MAX_CLIENTS = 64, LINE = 512, BODY = 2048 };

// `asked`: the number of an HTTP request whose header is not at its end; -1 between requests.
struct client {
	char line[LINE];
	size_t used;
	long asked;
	int is_last;
};

static struct pollfd polled[MAX_CLIENTS + 1];
static struct client clients[MAX_CLIENTS + 1];

static int answer_number(int fd, const char *line)
{
	char reply[LINE + 32];
	int size = snprintf(reply, sizeof(reply), "%s %lld\n", line, now_us(CLOCK_MONOTONIC));

	return write(fd, reply, size) == size;
}

static int answer_http(int fd, const struct client *c)
{
	char reply[BODY + 256], body[BODY + 1];
	int size = snprintf(body, sizeof(body), "%ld\n", c->asked);

	memset(body + size, 'a' + c->asked % 26, BODY - size);
	size = snprintf(reply, sizeof(reply), "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: %s\r\n\r\n",
			BODY, c->is_last ? "close" : "keep-alive");
	memcpy(reply + size, body, BODY);
	return write(fd, reply, size + BODY) == size + BODY && !c->is_last;
}

// One line without its end; 0 when the client is done.
static int answer_line(int fd, struct client *c, char *line)
{
	line[strcspn(line, "\r")] = 0;
	if (!strncmp(line, "GET /", 5)) {
		c->asked = labs(atol(line + 5));
		c->is_last = 0;
		return 1;
	}
	if (c->asked < 0)
		return answer_number(fd, line);
	if (!strcasecmp(line, "connection: close"))
		c->is_last = 1;
	if (*line)
		return 1;
	if (!answer_http(fd, c))
		return 0;
	c->asked = -1;
	return 1;
}

// Answers every complete line; 0 when the client is done.
static int answer(int i)
{
	struct client *c = &clients[i];
	ssize_t n = read(polled[i].fd, c->line + c->used, LINE - c->used);
	char *end;

	if (n <= 0)
		return 0;
	c->used += n;
	while ((end = memchr(c->line, '\n', c->used))) {
		size_t length = end - c->line + 1;

		*end = 0;
		if (!answer_line(polled[i].fd, c, c->line))
			return 0;
		memmove(c->line, end + 1, c->used -= length);
	}
	return c->used < LINE;
}

static int serve(int port)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(port) };
	int count = 1, one = 1;

	polled[0] = (struct pollfd){ socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), POLLIN, 0 };
	setsockopt(polled[0].fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(polled[0].fd, (struct sockaddr *)&any, sizeof(any)) || listen(polled[0].fd, MAX_CLIENTS)) {
		perror("lpl-agent serve");
		return 1;
	}
	printf("{\"serving\":%d,\"pid\":%d}\n", port, getpid());
	fflush(stdout);
	while (poll(polled, count, -1) > 0 || errno == EINTR) {
		for (int i = count - 1; i > 0; i--) {
			if (!polled[i].revents || answer(i))
				continue;
			close(polled[i].fd);
			polled[i] = polled[--count];
			clients[i] = clients[count];
		}
		if (!polled[0].revents || count > MAX_CLIENTS)
			continue;
		polled[count] = (struct pollfd){ accept4(polled[0].fd, NULL, NULL, SOCK_CLOEXEC), POLLIN, 0 };
		if (polled[count].fd < 0)
			continue;
		setsockopt(polled[count].fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		clients[count++] = (struct client){ .asked = -1 };
	}
	return 1;
}

// ---- witness -------------------------------------------------------------------------------------------------------

// A field of /proc/PID/stat behind the name, counted from 1 as in proc(5); 0 when there is no such process.
static unsigned long long stat_field(const char *pid, int number)
{
	char path[64], stat[512], *field;
	unsigned long long value = 0;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	field = strrchr(slurp(path, stat, sizeof(stat)), ')');
	for (int i = 2; field && i < number; i++)
		field = strchr(field + 1, ' ');
	if (field)
		sscanf(field, " %llu", &value);
	return value;
}

// Start time in clock ticks since boot.
static unsigned long long start_ticks(const char *pid)
{
	return stat_field(pid, 22);
}

// One of the kernel's own (PF_KTHREAD in include/linux/sched.h): it has one thread for ever.
static int is_kernel_thread(const char *pid)
{
	return stat_field(pid, 9) >> 21 & 1;
}

static long btime(void)
{
	static char stat[65536];
	int fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, stat, sizeof(stat) - 1);
	char *at;

	if (fd >= 0)
		close(fd);
	stat[n > 0 ? n : 0] = 0;
	at = strstr(stat, "\nbtime ");
	return at ? atol(at + 7) : 0;
}

enum { MOST_PIDS = 64 };

// The pids there are of the processes that are named or numbered, and not our own; found once, so that one that ends is missed.
static char **resolve(char **who)
{
	static char *pids[MOST_PIDS + 1];
	char path[64], comm[32];
	struct dirent *process;
	int count = 0;

	for (; *who && count < MOST_PIDS; who++) {
		DIR *proc = **who >= '0' && **who <= '9' ? NULL : opendir("/proc");

		if (!proc)
			pids[count++] = *who;
		while (proc && count < MOST_PIDS && (process = readdir(proc))) {
			snprintf(path, sizeof(path), "/proc/%.20s/comm", process->d_name);
			if (atoi(process->d_name) > 0 && atoi(process->d_name) != getpid() && !strcmp(slurp(path, comm, sizeof(comm)), *who))
				pids[count++] = strdup(process->d_name);
		}
		if (proc)
			closedir(proc);
	}
	return pids;
}

static void print_identity(char **pids)
{
	char boot_id[64], tainted[32];
	struct rusage used;

	slurp("/proc/sys/kernel/random/boot_id", boot_id, sizeof(boot_id));
	slurp("/proc/sys/kernel/tainted", tainted, sizeof(tainted));
	getrusage(RUSAGE_SELF, &used);
	printf(",\"bootId\":\"%s\",\"btime\":%ld,\"taint\":%s,\"cpuUs\":%ld,\"pids\":{", boot_id, btime(), *tainted ? tainted : "0",
	       (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000L + used.ru_utime.tv_usec + used.ru_stime.tv_usec);
	for (char **pid = pids; *pid; pid++)
		printf("%s\"%s\":%llu", pid == pids ? "" : ",", *pid, start_ticks(*pid));
	printf("}");
}

// One line every 200 ms: the longest time between two ticks of 40 ms in it; every fifth line also who is alive. What it costs
// is being woken: under TCG twice as often costs the guest twice the CPU, for ticks as for lines.
static int witness(char **pids)
{
	const long long tick = 40000;
	long long next = now_us(CLOCK_MONOTONIC), last = next;

	for (unsigned line = 0;; line++) {
		long long longest = 0, at;

		for (int i = 0; i < 5; i++) {
			next += tick;
			sleep_until_us(next);
			at = now_us(CLOCK_MONOTONIC);
			if (at - last > longest)
				longest = at - last;
			last = at;
			if (at > next)
				next += (at - next) / tick * tick;
		}
		printf("{\"upUs\":%lld,\"wallUs\":%lld,\"gapUs\":%lld", now_us(CLOCK_BOOTTIME), now_us(CLOCK_REALTIME), longest);
		if (line % 5 == 0)
			print_identity(pids);
		printf("}\n");
		if (fflush(stdout) || !wanted_after_ms(0))
			return 0;
	}
}

// ---- transition ----------------------------------------------------------------------------------------------------

struct tally {
	int patched, unpatched, idle;
};

// patch_state of proc(5): -1 no transition, 0 unpatched, 1 patched.
static void count_state(struct tally *tally, const char *state)
{
	if (*state == '1')
		tally->patched++;
	else if (*state == '0')
		tally->unpatched++;
	else if (*state == '-')
		tally->idle++;
}

// Nearly all processes have one thread: these are not listed thread by thread (a directory has two links and one for each in it).
// What tells of them stays open from look to look; the slot of one may be taken by another. `threads` -1: there is only one ever.
enum { SLOTS = 256 };

static struct slot {
	int pid, threads, state;
} slots[SLOTS];

static struct slot *open_slot(const char *pid)
{
	struct slot *slot = &slots[atoi(pid) % SLOTS];
	char path[64];

	if (slot->pid)
		close(slot->state);
	if (slot->pid && slot->threads >= 0)
		close(slot->threads);
	slot->pid = atoi(pid);
	snprintf(path, sizeof(path), "/proc/%.20s/task", pid);
	slot->threads = is_kernel_thread(pid) ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%.20s/patch_state", pid);
	slot->state = open(path, O_RDONLY | O_CLOEXEC);
	return slot;
}

// 0 when it has more threads than one, or has ended.
static int count_alone(struct tally *tally, const char *pid)
{
	struct slot *slot = &slots[atoi(pid) % SLOTS];
	struct stat threads;
	char state[16];
	ssize_t n = slot->pid == atoi(pid) ? pread(slot->state, state, sizeof(state) - 1, 0) : -1;

	// Another process may have the number of one that has ended: the file of that one says so (ESRCH).
	if (n <= 0) {
		slot = open_slot(pid);
		n = pread(slot->state, state, sizeof(state) - 1, 0);
	}
	if (n <= 0 || (slot->threads >= 0 && (fstat(slot->threads, &threads) || threads.st_nlink != 3)))
		return 0;
	count_state(tally, state);
	return 1;
}

// Looking is not free: at 20 ms it kept half a CPU busy under TCG, and a busy CPU is what a transition waits for (the kernel
// cannot switch a task that is running): 40 ms halved the time transitions took.
static struct tally count_tasks(void)
{
	struct tally tally = { 0, 0, 0 };
	struct dirent *process, *task;
	char path[300], state[16];
	DIR *proc = opendir("/proc"), *tasks;

	while (proc && (process = readdir(proc))) {
		if (*process->d_name < '0' || *process->d_name > '9' || count_alone(&tally, process->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/task", process->d_name);
		if (!(tasks = opendir(path)))
			continue;
		while ((task = readdir(tasks))) {
			if (*task->d_name == '.')
				continue;
			snprintf(path, sizeof(path), "/proc/%.20s/task/%.20s/patch_state", process->d_name, task->d_name);
			count_state(&tally, slurp(path, state, sizeof(state)));
		}
		closedir(tasks);
	}
	if (proc)
		closedir(proc);
	return tally;
}

static int transition(const char *module)
{
	char path[256], running[8], enabled[8];

	for (;;) {
		struct tally tally = count_tasks();

		snprintf(path, sizeof(path), "/sys/kernel/livepatch/%s/enabled", module);
		slurp(path, enabled, sizeof(enabled));
		snprintf(path, sizeof(path), "/sys/kernel/livepatch/%s/transition", module);
		slurp(path, running, sizeof(running));
		printf("{\"upUs\":%lld,\"transition\":%d,\"enabled\":%d,\"patched\":%d,\"unpatched\":%d,\"idle\":%d}\n",
		       now_us(CLOCK_BOOTTIME), *running == '1', *enabled == '1', tally.patched, tally.unpatched, tally.idle);
		if (fflush(stdout) || !wanted_after_ms(40))
			return 0;
	}
}

static int set_clock(long long seconds, long microseconds)
{
	struct timespec t = { seconds, microseconds * 1000 };

	return clock_settime(CLOCK_REALTIME, &t) ? 1 : 0;
}

enum { parcel_block = 65536, parcel_header = 512 };

// One file or directory of a newc archive, below the root. A FIFO in its place is fed and then gone: somebody waits for it.
static void place(const char *path, unsigned mode, const char *content, size_t size)
{
	struct stat there;
	int fd;

	if (S_ISDIR(mode)) {
		mkdir(path, mode & 07777);
		return;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode & 07777);
	if (fd < 0 || write(fd, content, size) != (ssize_t)size) {
		perror(path);
		return;
	}
	if (!fstat(fd, &there) && S_ISFIFO(there.st_mode))
		unlink(path);
	else
		fchmod(fd, mode & 07777);
	close(fd);
}

// newc (kernel: Documentation/driver-api/early-userspace/buffer-format.rst): 110 bytes of hex fields, name, content, each to 4.
static void unpack(char *at, const char *end)
{
	while (at + 110 < end && !memcmp(at, "070701", 6)) {
		unsigned field[13];
		char *name = at + 110, *content;

		for (int i = 0; i < 13; i++)
			sscanf(at + 6 + 8 * i, "%8x", &field[i]);
		if (!strcmp(name, "TRAILER!!!"))
			return;
		content = at + ((110 + field[11] + 3) & ~3u);
		if (content + field[6] > end)
			return;
		place(name, field[1], content, field[6]);
		at = content + ((field[6] + 3) & ~3u);
	}
}

// Reads past the page cache, for the host writes while we look. The header's first byte is written last.
static int identity(const char *disk)
{
	static char header[parcel_header] __attribute__((aligned(4096)));
	char name[65], *archive = NULL;
	long long seconds;
	long blocks, micros;
	int fd = open(disk, O_RDONLY | O_DIRECT | O_CLOEXEC);

	if (fd < 0 || chdir("/")) {
		perror(disk);
		return 1;
	}
	while (pread(fd, header, sizeof(header), 0) == sizeof(header) &&
	       sscanf(header, "+lpl-parcel %ld %64s %lld %ld", &blocks, name, &seconds, &micros) != 4)
		usleep(2000);
	if (*header != '+' || posix_memalign((void **)&archive, 4096, blocks * parcel_block))
		return 1;
	set_clock(seconds, micros);
	sethostname(name, strlen(name));
	for (long i = 0; i < blocks; i++)
		if (pread(fd, archive + i * parcel_block, parcel_block, (i + 1) * parcel_block) != parcel_block)
			return 1;
	unpack(archive, archive + blocks * parcel_block);
	return 0;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (argc == 3 && !strcmp(argv[1], "serve"))
		return serve(atoi(argv[2]));
	if (argc >= 2 && !strcmp(argv[1], "witness"))
		return witness(resolve(argv + 2));
	if (argc == 3 && !strcmp(argv[1], "transition"))
		return transition(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "identity"))
		return identity(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "clock"))
		return set_clock(atoll(argv[2]), atol(argv[3]));
	fprintf(stderr, "usage: lpl-agent serve PORT | witness PID|NAME... | transition MODULE | identity DISK | clock SEC USEC\n");
	return 2;
}
