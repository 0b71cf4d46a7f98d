// What the guest does with a batch of livepatches: all loaded on top of each other, each checked; exercised together; taken
// out again in reverse. It tells what it does in the kernel's own log, so that whatever the kernel says stands behind the
// act that made it say so, and the last words of a kernel that dies tell what killed it.

import { quoteForGuest } from '../core/command.ts';

/** Where the modules lie in the guest. */
export const guestDirectory = '/run/sweep';

/** Begins each line of the script in the kernel log. */
export const marker = 'lpl-sweep:';

/** A livepatch and what it patches: vmlinux, modules of the target. */
export type BatchModule = { module: string; objects: readonly string[] };

/** A transition in a quiet guest with one CPU takes milliseconds; after 15 s the kernel begins to signal who sleeps. */
const transitionTries = 30 * 50;

/** `control`: the same without any livepatch, to see what the guest says by itself. */
export function batchScript(modules: readonly BatchModule[], kind: 'livepatches' | 'control'): string {
  const objects = new Set(modules.flatMap((each) => each.objects).filter((object) => object !== 'vmlinux'));
  const loaded = kind === 'control' ? [] : modules.map(({ module }) => module);
  return `
say() { echo "${marker} $*" > /dev/kmsg; }
echo on > /proc/sys/kernel/printk_devkmsg
${functions}
say begin
${[...objects].map((object) => `probe ${quoteForGuest(object)}`).join('\n')}
say ready
${loaded.map((module) => `load ${quoteForGuest(module)}`).join('\n')}
say exercise
${exercise}
say exercised
${loaded
  .toReversed()
  .map((module) => `unload ${quoteForGuest(module)}`)
  .join('\n')}
say end
`;
}

const functions = `
probe() {
	say "probe $1"
	why=$(modprobe "$1" 2>&1) || say "absent $1: $why"
}
settled() {
	tries=0
	while read -r running < "$1/transition" && [ "$running" = 1 ]; do
		tries=$((tries + 1))
		[ $tries -lt ${transitionTries} ] || return 1
		usleep 20000
	done 2> /dev/null
}
stragglers() {
	for task in /proc/[0-9]*/task/[0-9]*; do
		read -r state < $task/patch_state && [ "$state" = "$2" ] || continue
		read -r name < $task/comm
		read -r where < $task/stack
		say "held $1: $name \${where#*] }"
	done 2> /dev/null
}
load() {
	live=/sys/kernel/livepatch/$1
	say "load $1"
	if ! why=$(insmod ${guestDirectory}/$1.ko 2>&1); then
		say "rejected $1: $why"
	elif settled $live; then
		for object in $live/*/; do
			read -r patched < $object/patched && [ "$patched" = 1 ] || continue
			object=\${object%/}
			say "patched $1: \${object##*/}"
		done
		say "live $1"
	else
		stragglers $1 0
		say "stalled $1"
	fi
}
unload() {
	live=/sys/kernel/livepatch/$1
	[ -d $live ] || return 0
	say "unload $1"
	read -r enabled < $live/enabled && [ "$enabled" = 0 ] || echo 0 > $live/enabled
	if ! settled $live; then
		stragglers $1 1
		say "stuck $1"
		return 0
	fi
	tries=0
	until rmmod $1 2> /dev/null; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || break
		usleep 20000
	done
	[ -d /sys/module/$1 ] && say "stuck $1" || say "gone $1"
}
`;

/**
 * A little of everything a kernel does, in a few seconds, so that patched code also runs: processes, files, what the
 * kernel tells of itself, the network. Best effort: what a kernel lacks is passed over.
 */
const exercise = `
(
set +e
exec > /dev/null 2>&1 < /dev/null
for i in 1 2 3 4 5; do echo $i | cat | timeout 5 sort; done
sleep 1 & kill $!
mkdir -p /tmp/exercise && mount -t tmpfs none /tmp/exercise && cd /tmp/exercise
dd if=/dev/urandom of=a bs=4096 count=64
cp a b; mv b c; ln a d; ln -s a e; mkdir f; chmod 600 a; chown 1:1 a; touch -d @0 d; cmp a c; rm c d; truncate -s 1000000 a
mknod p p; echo x > p & timeout 5 cat p; wait $!
sync; df; cd /; umount /tmp/exercise
timeout 5 head -c 65536 /proc/[a-jl-z]*
cd /proc/1 && timeout 5 cat cgroup cmdline environ io limits maps mountinfo numa_maps sched smaps stack stat status syscall; cd /
timeout 5 cat /proc/self/net/* /proc/sys/kernel/* /proc/sys/vm/* /proc/sys/fs/* /proc/sys/net/ipv4/*
timeout 5 find /sys/module /sys/bus /sys/class /sys/kernel/livepatch -maxdepth 3
ip link add lpl0 type dummy; ip addr add 10.9.8.7/24 dev lpl0; ip link set lpl0 up; ip route; ip neigh
ping -c 2 -i 0.1 -W 1 10.9.8.7; ping -c 2 -i 0.1 -W 1 ::1
ip link add lpl1 type bridge; ip link set lpl0 master lpl1; ip link set lpl1 up; ip link del lpl1; ip link del lpl0
(echo hello | timeout 2 nc -l -p 9999 &); usleep 100000; echo hi | timeout 2 nc 127.0.0.1 9999
timeout 2 top -b -n 1; timeout 2 netstat -an; free; uptime; mount
echo 3 > /proc/sys/vm/drop_caches
sync
usleep 300000
)
`;
