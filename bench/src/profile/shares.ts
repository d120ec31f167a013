/** Where something was: as Node's inspector tells it. */
export interface CallFrame {
  readonly functionName: string;
  readonly url: string;
}

/** How much was spent in a function itself, without what it called. */
export interface Spent {
  readonly frame: CallFrame;
  readonly amount: number;
}

export interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface HeapNode {
  readonly callFrame: CallFrame;
  readonly selfSize: number;
  readonly children: readonly HeapNode[];
}

/** Nothing to do; and the inspector, which is asked to end. */
const notOurs = ['(idle)', 'dispatch'];

/** In µs, without the time in which there was nothing to do. */
export const timeIn = ({ nodes, samples, timeDeltas }: CpuProfile): readonly Spent[] => {
  const us = new Map<number, number>();
  for (const [at, id] of samples.entries()) us.set(id, (us.get(id) ?? 0) + (timeDeltas[at] ?? 0));
  return nodes
    .map(({ id, callFrame }) => ({ frame: callFrame, amount: us.get(id) ?? 0 }))
    .filter(({ frame }) => !notOurs.includes(frame.functionName));
};

/** In bytes, of all objects that were made. */
export const bytesIn = ({ callFrame, selfSize, children }: HeapNode): readonly Spent[] => [
  { frame: callFrame, amount: selfSize },
  ...children.flatMap(bytesIn),
];

const library = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//;
const ours = /\/([^/]+)\/dist\/(?:(.+)\/)?[^/]+\.js$/;

/** The folder of ours, the library (a native one tells itself by the names of its functions), or `Node` for all that belongs to none of them. */
export const partOf = ({ functionName, url }: CallFrame): string => {
  if (functionName === '(garbage collector)') return 'garbage collection';
  const name = library.exec(url)?.[1] ?? /^(libsql)_/.exec(functionName)?.[1];
  if (name) return name;
  const [, room, folder] = ours.exec(url) ?? [];
  return room ? [room, folder].filter(Boolean).join('/') : 'Node';
};

export const functionOf = (frame: CallFrame): string => {
  const name = frame.functionName || 'without a name';
  const file = frame.url.slice(frame.url.lastIndexOf('/') + 1);
  return `${name}, ${partOf(frame)}${file.endsWith('.js') ? `, ${file}` : ''}`;
};

/** Sums by a name, the largest first. */
export const sumsBy = (
  nameOf: (frame: CallFrame) => string,
  spent: readonly Spent[],
): readonly (readonly [name: string, amount: number])[] => {
  const sums = new Map<string, number>();
  for (const { frame, amount } of spent) sums.set(nameOf(frame), (sums.get(nameOf(frame)) ?? 0) + amount);
  return [...sums].sort(([, a], [, b]) => b - a);
};
