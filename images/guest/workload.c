// lpl-workload: what a guest does while it is livepatched. One static binary, started over ssh, talking lines of JSON on stdout.
//
//   lpl-workload KIND WORKERS          syscalls forks files sleepers memory cpu: that many processes, each checking its own results
//   lpl-workload repeat NAME COMMAND   a shell command over and over, in a cgroup of its own
//   lpl-workload keep NAME COMMAND     one that goes on until it is told to end
//
// Every 100 ms: {"upUs":_,"done":_,"failed":_,"tasks":_,"cpuMs":_}, sums since the start; {"said":_} about a failure; {"run":_} about
// a command that ended. Whoever started it holds its stdin: when that closes, everything is ended, and how it ended is told.

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_WORKERS = 256, SAID = 160, TAIL = 2000 };

// What a worker did, in memory that the reporting parent shares.
struct worker {
	volatile unsigned long done, failed;
	volatile int call; // futex and number of the wake-up that a sleeper waits for
	char said[SAID];
	int wake[2];
	pid_t pid;
};

static struct worker *workers;
static int worker_count;

static long long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

// A result that is not what it must be. The first of a worker is kept in words.
static void wrong(struct worker *w, const char *format, ...)
{
	va_list words;

	if (!w->failed++) {
		va_start(words, format);
		vsnprintf(w->said, SAID, format, words);
		va_end(words);
	}
}

static void print_string(const char *text, size_t size)
{
	putchar('"');
	for (size_t i = 0; i < size; i++) {
		unsigned char c = text[i];

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

// Waits that long, or until nobody holds our stdin any more: then it returns 0.
static int wanted_after_ms(int ms)
{
	struct pollfd in = { STDIN_FILENO, POLLIN, 0 };
	char ignored[64];

	return poll(&in, 1, ms) <= 0 || read(STDIN_FILENO, ignored, sizeof(ignored)) > 0;
}

// ---- the kinds: one round each -------------------------------------------------------------------------------------

static void syscalls(struct worker *w)
{
	static int zero = -1, ends[2];
	char buffer[64], byte = 'x';
	pid_t parent = getppid();
	struct stat st;

	if (zero < 0 && ((zero = open("/dev/zero", O_RDONLY)) < 0 || pipe(ends)))
		wrong(w, "cannot begin: %s", strerror(errno));
	for (int i = 0; i < 32; i++) {
		memset(buffer, 1, sizeof(buffer));
		if (syscall(SYS_getppid) != parent)
			wrong(w, "getppid: another parent");
		if (read(zero, buffer, sizeof(buffer)) != sizeof(buffer) || memchr(buffer, 1, sizeof(buffer)))
			wrong(w, "read of /dev/zero: not zeros");
		if (write(ends[1], &byte, 1) != 1 || read(ends[0], buffer, 1) != 1 || *buffer != byte)
			wrong(w, "pipe: the byte was lost");
		if (fstat(zero, &st) || !S_ISCHR(st.st_mode))
			wrong(w, "fstat: not what was opened");
		if (syscall(SYS_close, -1) != -1 || errno != EBADF)
			wrong(w, "close(-1): no EBADF");
	}
}

static void forks(struct worker *w)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		execl("/proc/self/exe", "lpl-workload", "exit", NULL);
		_exit(1);
	}
	if (pid < 0)
		wrong(w, "fork: %s", strerror(errno));
	else if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 42)
		wrong(w, "a child ended with status %#x", status);
}

static void files(struct worker *w)
{
	static char content[16384], back[sizeof(content)];
	const char *base = access("/var/tmp", W_OK) ? "/tmp" : "/var/tmp";
	char before[64], after[64];
	int fd;

	memset(content, 'a' + w->done % 26, sizeof(content));
	snprintf(before, sizeof(before), "%s/lpl-%d.new", base, getpid());
	snprintf(after, sizeof(after), "%s/lpl-%d", base, getpid());
	fd = open(before, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, content, sizeof(content)) != sizeof(content) || fsync(fd) || close(fd))
		wrong(w, "%s: %s", before, strerror(errno));
	if (rename(before, after) || !access(before, F_OK))
		wrong(w, "rename: %s", strerror(errno));
	fd = open(after, O_RDONLY);
	if (read(fd, back, sizeof(back)) != sizeof(back) || memcmp(content, back, sizeof(back)))
		wrong(w, "%s: read something else than was written", after);
	close(fd);
	if (unlink(after) || open(after, O_RDONLY) >= 0)
		wrong(w, "unlink: %s", strerror(errno));
}

// Block by block all but a reserve is taken; each round looks through one that it took before, and touches it anew.
static void memory(struct worker *w)
{
	enum { BLOCK = 1 << 20, MAX_BLOCKS = 65536 };
	static unsigned char *blocks[MAX_BLOCKS];
	static int count;
	long total = 0, available = 0, reserve;
	char line[128];
	FILE *info = fopen("/proc/meminfo", "r");
	int i;

	while (info && fgets(line, sizeof(line), info)) {
		sscanf(line, "MemTotal: %ld", &total);
		sscanf(line, "MemAvailable: %ld", &available);
	}
	if (info)
		fclose(info);
	reserve = total / 8 > 49152 ? total / 8 : 49152;
	if (available > reserve && count < MAX_BLOCKS) {
		unsigned char *block = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (block != MAP_FAILED) {
			memset(block, count % 251 + 1, BLOCK);
			blocks[count++] = block;
		}
	} else if (available < reserve / 2 && count) {
		munmap(blocks[--count], BLOCK);
	}
	if (!count)
		return;
	i = (w->done * 7919) % count;
	for (int at = 0; at < BLOCK; at += 512)
		if (blocks[i][at] != i % 251 + 1) {
			wrong(w, "memory holds %d where %d was written", blocks[i][at], i % 251 + 1);
			break;
		}
	if (available > reserve)
		return;
	madvise(blocks[i], BLOCK, MADV_DONTNEED);
	memset(blocks[i], i % 251 + 1, BLOCK);
}

static void cpu(struct worker *w)
{
	unsigned long long x = 88172645463325252ULL;

	for (int i = 0; i < 1000000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	if (x != 7290476056423008982ULL)
		wrong(w, "computed %llu", x);
}

// All but the first sleep in the kernel, each third in another place; the first wakes them in turn and tells who does not come.
static void sleep_once(struct worker *w)
{
	struct pollfd in = { w->wake[0], POLLIN, 0 };
	int where = (w - workers) % 3, seen = w->done;
	char byte;

	if (where == 0) {
		while (w->call == seen)
			syscall(SYS_futex, &w->call, FUTEX_WAIT, seen, NULL, NULL, 0);
		return;
	}
	if (where == 1)
		poll(&in, 1, -1);
	if (read(w->wake[0], &byte, 1) != 1)
		wrong(w, "read of a sleeper: %s", strerror(errno));
}

static void sleepers(struct worker *w)
{
	struct worker *other = &workers[1 + w->done % (worker_count - 1)];
	long long late = now_us() + 10000000;

	if (w != workers) {
		sleep_once(w);
		return;
	}
	other->call++;
	syscall(SYS_futex, &other->call, FUTEX_WAKE, 1, NULL, NULL, 0);
	if ((other - workers) % 3 && write(other->wake[1], "w", 1) != 1)
		wrong(w, "write to a sleeper: %s", strerror(errno));
	while ((int)other->done < other->call && now_us() < late)
		usleep(500);
	if ((int)other->done < other->call)
		wrong(w, "sleeper %d did not wake up", other->pid);
	usleep(2000);
}

static const struct kind {
	const char *name;
	void (*round)(struct worker *);
} kinds[] = {
	{ "syscalls", syscalls }, { "forks", forks }, { "files", files }, { "sleepers", sleepers }, { "memory", memory }, { "cpu", cpu },
};

static void work(const struct kind *kind, struct worker *w)
{
	int score = open("/proc/self/oom_score_adj", O_WRONLY);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (score >= 0 && write(score, "1000", 4) == 4)
		close(score);
	for (;;) {
		kind->round(w);
		w->done++;
	}
}

static int report_workers(const struct kind *kind)
{
	int wanted;

	do {
		unsigned long done = 0, failed = 0;
		int alive = 0, status;
		pid_t ended;

		wanted = wanted_after_ms(100);
		while ((ended = waitpid(-1, &status, WNOHANG)) > 0)
			for (int i = 0; i < worker_count; i++)
				if (workers[i].pid == ended) {
					workers[i].pid = 0;
					wrong(&workers[i], "worker %d ended with status %#x", ended, status);
				}
		for (int i = 0; i < worker_count; i++) {
			struct worker *w = &workers[i];

			// A sleeper's wake-ups are those that its waker has seen.
			done += kind->round == sleepers && i ? 0 : w->done;
			failed += w->failed;
			alive += w->pid > 0;
			if (*w->said) {
				printf("{\"said\":");
				print_string(w->said, strlen(w->said));
				printf("}\n");
				*w->said = 0;
			}
		}
		printf("{\"upUs\":%lld,\"done\":%lu,\"failed\":%lu,\"tasks\":%d,\"cpuMs\":0}\n", now_us(), done, failed, alive);
	} while (!fflush(stdout) && wanted);
	for (int i = 0; i < worker_count; i++)
		if (workers[i].pid > 0)
			kill(workers[i].pid, SIGKILL);
	return 0;
}

static int run_kind(const struct kind *kind, int count)
{
	worker_count = count < 1 ? 1 : count > MAX_WORKERS ? MAX_WORKERS : count;
	if (kind->round == sleepers && worker_count < 4)
		worker_count = 4;
	workers = mmap(NULL, MAX_WORKERS * sizeof(*workers), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (workers == MAP_FAILED)
		return 1;
	for (int i = 0; i < worker_count; i++)
		if (pipe(workers[i].wake))
			return 1;
	for (int i = 0; i < worker_count; i++) {
		pid_t pid = fork();

		if (!pid)
			work(kind, &workers[i]);
		// Not assigned at once: the memory is the child's too, which gets 0.
		workers[i].pid = pid;
	}
	return report_workers(kind);
}

// ---- commands ------------------------------------------------------------------------------------------------------

static const char *group_root = "/run/lpl-cgroup";
static char group[160], output[160];

// The cgroup tells which processes belong to the command, and what CPU time they all used, whatever they fork.
static int enter_group(const char *name)
{
	char path[200];

	mkdir(group_root, 0755);
	snprintf(path, sizeof(path), "%s/cgroup.procs", group_root);
	// Another workload may be mounting it at the same moment.
	if (access(path, F_OK) && mount("cgroup", group_root, "cgroup2", 0, NULL) && access(path, F_OK))
		return 0;
	snprintf(group, sizeof(group), "%s/%.100s", group_root, name);
	snprintf(output, sizeof(output), "/tmp/lpl-workload-%.100s.log", name);
	return !mkdir(group, 0755) || errno == EEXIST;
}

// Many a program asks who its own host is, and without this waits for a name server that a closed machine does not reach.
static void know_own_name(void)
{
	char name[65] = "", line[256];
	FILE *hosts = fopen("/etc/hosts", "a+");
	int is_known = 0;

	gethostname(name, sizeof(name) - 1);
	while (hosts && fgets(line, sizeof(line), hosts))
		is_known |= *name && strstr(line, name) != NULL;
	if (hosts && !is_known)
		fprintf(hosts, "127.0.1.1 %s\n", name);
	if (hosts)
		fclose(hosts);
}

static FILE *group_file(const char *name, const char *mode)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", group, name);
	return fopen(path, mode);
}

static unsigned long group_cpu_ms(void)
{
	unsigned long long us = 0;
	FILE *stat = group_file("cpu.stat", "r");

	if (stat) {
		if (fscanf(stat, "usage_usec %llu", &us) != 1)
			us = 0;
		fclose(stat);
	}
	return us / 1000;
}

// How many processes there are; with a signal, each gets it.
static int group_tasks(int with_signal)
{
	FILE *procs = group_file("cgroup.procs", "r");
	int pid, count = 0;

	while (procs && fscanf(procs, "%d", &pid) == 1) {
		count++;
		if (with_signal)
			kill(pid, with_signal);
	}
	if (procs)
		fclose(procs);
	return count;
}

static pid_t start_command(const char *command)
{
	pid_t pid = fork();
	FILE *procs;
	int out;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	procs = group_file("cgroup.procs", "w");
	if (!procs || fputs("0", procs) < 0 || fclose(procs))
		_exit(126);
	out = open(output, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
	dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	signal(SIGPIPE, SIG_DFL);
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

static void print_run(int status, long long began, int stopped)
{
	static char tail[TAIL];
	int fd = open(output, O_RDONLY);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	ssize_t n = fd < 0 ? 0 : pread(fd, tail, TAIL, size > TAIL ? size - TAIL : 0);

	if (fd >= 0)
		close(fd);
	printf("{\"run\":{\"exit\":%d,\"signal\":%d,\"ms\":%lld,\"stopped\":%s,\"output\":", WIFEXITED(status) ? WEXITSTATUS(status) : -1,
	       WIFSIGNALED(status) ? WTERMSIG(status) : 0, (now_us() - began) / 1000, stopped ? "true" : "false");
	print_string(tail, n > 0 ? n : 0);
	printf("}}\n");
}

// Asks all of it to end, and insists after ten seconds.
static int stop_command(pid_t pid)
{
	int status = 0;
	FILE *all;

	group_tasks(SIGTERM);
	for (int i = 0; i < 1000 && waitpid(pid, &status, WNOHANG) != pid; i++)
		usleep(10000);
	if ((all = group_file("cgroup.kill", "w"))) {
		fputs("1", all);
		fclose(all);
	}
	waitpid(pid, &status, 0);
	return status;
}

static int run_command(const char *name, const char *command, int again)
{
	unsigned long done = 0;
	int wanted, status;
	long long began;
	pid_t pid = 0;

	if (!enter_group(name)) {
		perror("cgroup2");
		return 1;
	}
	know_own_name();
	began = now_us();
	pid = start_command(command);
	do {
		wanted = wanted_after_ms(100);
		if (pid && waitpid(pid, &status, WNOHANG) == pid) {
			done++;
			print_run(status, began, 0);
			began = now_us();
			pid = again && wanted ? start_command(command) : 0;
		}
		printf("{\"upUs\":%lld,\"done\":%lu,\"failed\":0,\"tasks\":%d,\"cpuMs\":%lu}\n", now_us(), done, group_tasks(0), group_cpu_ms());
	} while (!fflush(stdout) && wanted);
	if (pid)
		print_run(stop_command(pid), began, 1);
	fflush(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "exit"))
		return 42;
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; argc == 3 && i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(argv[1], kinds[i].name))
			return run_kind(&kinds[i], atoi(argv[2]));
	if (argc == 4 && (!strcmp(argv[1], "repeat") || !strcmp(argv[1], "keep")))
		return run_command(argv[2], argv[3], *argv[1] == 'r');
	fprintf(stderr, "usage: lpl-workload KIND WORKERS | repeat NAME COMMAND | keep NAME COMMAND\n");
	return 2;
}
