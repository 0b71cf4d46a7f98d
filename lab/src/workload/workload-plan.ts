// What a scenario may ask a guest to do while it is livepatched, and the command that does it. Kinds are the work of
// images/guest/workload.c, and `http` that of the lab itself, and run in any guest; tools are programs that a guest must have (the debian profile has them).

export const kindNames = ['syscalls', 'forks', 'files', 'sleepers', 'memory', 'cpu', 'http'] as const;
export const toolNames = ['stress-ng', 'fio', 'iperf3'] as const;

type KindName = (typeof kindNames)[number];
type ToolName = (typeof toolNames)[number];

/** `kind`: counts its rounds. `repeat`: a command that ends and begins anew. `keep`: one that must go on until it is stopped. */
export type WorkloadPlan = {
  name: string;
  title: string;
  mode: 'kind' | 'repeat' | 'keep';
  /** Arguments of lpl-workload; of `http`, which the host does, `workers`. */
  argv: readonly string[];
  /** When a run of the command was good. */
  pass: { exit: number; output?: string };
};

/** A workload as the scenario has it. */
export type WorkloadSpec =
  | KindName
  | ToolName
  | { kind: KindName | ToolName; workers?: number | undefined; args?: string | undefined }
  | {
      name: string;
      command: string;
      mode: 'repeat' | 'keep';
      exit: number;
      output?: string | undefined;
    };

const kinds: Record<KindName, { title: string; workers: (cpus: number) => number }> = {
  syscalls: { title: 'a storm of system calls on every CPU', workers: (cpus) => cpus },
  forks: { title: 'processes that fork, exec and end', workers: (cpus) => cpus },
  files: { title: 'files written, synced, renamed, read back and removed', workers: (cpus) => cpus },
  sleepers: { title: 'tasks asleep in futex, poll and read, woken in turn', workers: () => 32 },
  memory: { title: 'memory taken until little is left, and looked through', workers: () => 1 },
  cpu: { title: 'every CPU busy with arithmetic', workers: (cpus) => cpus },
  http: { title: 'HTTP requests from the host, on connections that last and on new ones', workers: () => 2 },
};

/** Its port, 5201, in state LISTEN (kernel: Documentation/networking/proc_net_tcp.rst), or no server any more. */
const untilServing =
  "while kill -0 $! && ! grep -q ' 0100007F:1451 00000000:0000 0A ' /proc/net/tcp; do sleep 0.1; done";

const tools: Record<ToolName, { mode: 'repeat' | 'keep'; args: string; command: (args: string) => string }> = {
  'stress-ng': {
    mode: 'keep',
    args: '--switch 1 --pipe 1 --vm 1 --vm-bytes 32M --verify',
    command: (args) => `exec stress-ng ${args} --timeout 0 --temp-path /tmp`,
  },
  fio: {
    mode: 'repeat',
    args: '--size=4m --bs=4k --rw=randrw --verify=crc32c --verify_fatal=1',
    command: (args) =>
      `exec fio --name=lpl --directory=/var/tmp --ioengine=psync --unlink=1 --output-format=terse ${args}`,
  },
  iperf3: {
    mode: 'repeat',
    args: '--time 1',
    command: (args) =>
      `iperf3 --server --one-off --bind 127.0.0.1 > /dev/null & ${untilServing}; iperf3 --client 127.0.0.1 ${args} && wait $!`,
  },
};

const isTool = (name: string): name is ToolName => (toolNames as readonly string[]).includes(name);

/** Pure: the workload with everything decided. `cpus`: of the guest. */
export function planWorkload(spec: WorkloadSpec, cpus: number): WorkloadPlan {
  if (typeof spec === 'string') return planWorkload({ kind: spec }, cpus);
  if ('command' in spec) {
    const { name, command, mode, exit, output } = spec;
    return { name, title: command, mode, argv: [mode, name, command], pass: { exit, ...(output ? { output } : {}) } };
  }
  const { kind: name, workers, args } = spec;
  if (isTool(name)) {
    const tool = tools[name];
    const command = tool.command(args ?? tool.args);
    return {
      name,
      title: `${name} ${args ?? tool.args}`,
      mode: tool.mode,
      argv: [tool.mode, name, command],
      pass: { exit: 0 },
    };
  }
  const { title, workers: usual } = kinds[name];
  return { name, title, mode: 'kind', argv: [name, String(workers ?? usual(cpus))], pass: { exit: 0 } };
}
