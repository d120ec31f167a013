import { readdir, readFile } from 'node:fs/promises';

/** Linux counts processor time in ticks of 10 ms. */
const usPerTick = 10_000;

const statOf = async (pid: number): Promise<string[] | undefined> => {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
};

const treeOf = async (root: number): Promise<readonly number[]> => {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    const stat = /^\d+$/.test(name) ? await statOf(Number(name)) : undefined;
    if (stat) parents.set(Number(name), Number(stat[1]));
  }
  const within = (pid: number): boolean => pid === root || (parents.has(pid) && within(parents.get(pid) as number));
  return [...parents.keys()].filter(within);
};

/** User and system time, in µs: of the process itself, and of its living descendants and reaped children. */
export interface CpuUs {
  readonly main: number;
  readonly children: number;
}

export const cpuUsOfTree = async (root: number): Promise<CpuUs> => {
  let main = 0;
  let children = 0;
  for (const pid of await treeOf(root)) {
    const stat = await statOf(pid);
    if (!stat) continue;
    const own = Number(stat[11]) + Number(stat[12]);
    if (pid === root) main += own;
    else children += own;
    children += Number(stat[13]) + Number(stat[14]);
  }
  return { main: main * usPerTick, children: children * usPerTick };
};

/** Resident memory, in MiB, of a process and its descendants. */
export const memoryMibOfTree = async (root: number): Promise<number> => {
  let kib = 0;
  for (const pid of await treeOf(root)) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    kib += Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  }
  return kib / 1024;
};
