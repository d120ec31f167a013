import { setTimeout as pause } from 'node:timers/promises';
import { type Random, seededRandom } from '@hindcast/domain/testing';
import { type Ask, acceptedRows, type History, isAccepted, type Operation, type Row } from './history.ts';

const pauseMsMax = 150;
const retryMs = 250;
/** A client that was told nothing for so long gives up, and the run has failed. */
const settleMsMax = 180_000;
const batchRowsMax = 12;
const cancelPauseMsMax = 8;

export interface Workload {
  /** Resolves when every client has got the answer to its last request. */
  stop(): Promise<void>;
}

/** What clients share: predictions that were accepted, and requests under keys that were settled. */
interface Known {
  readonly ids: string[];
  readonly keyed: (Extract<Ask, { kind: 'submit' }> & { readonly key: string })[];
}

/** Sends it again, as clients do, until it is accepted or refused for good. Only what has a key may be sent again. */
export const settle = async (history: History, ask: Ask): Promise<Operation> => {
  const end = history.now() + settleMsMax;
  for (;;) {
    const operation = await history.ask(ask);
    const { status } = operation;
    if (status >= 200 && status < 500 && status !== 409) return operation;
    if (history.now() > end) throw new Error(`No answer but ${status} to ${JSON.stringify(ask)}.`);
    await pause(retryMs);
  }
};

const startClient = (history: History, known: Known, name: string, random: Random, isOver: () => boolean) => {
  let count = 0;
  const row = (): Row => [0, 1, 2, 3].map(() => random(1_000));
  const rows = () => Array.from({ length: 2 + random(batchRowsMax - 1) }, row);
  const reference = () => `${name}-${count++}`;
  const anyOf = <T>(list: readonly T[]): T | undefined => list[random(list.length)];
  const learn = (operation: Operation) => {
    for (const { id } of acceptedRows(operation)) known.ids.push(id);
    return operation;
  };
  const submit = () => ({ kind: 'submit', reference: reference(), input: row() }) as const;
  const keyed = () => {
    const ask = submit();
    return { ...ask, key: `key-${ask.reference}` };
  };
  const onKnown = (ask: (id: string) => Ask) => async () => {
    const id = anyOf(known.ids);
    if (id !== undefined) await history.ask(ask(id));
  };

  /** How often each is chosen, of a hundred. */
  const choices: readonly (readonly [number, () => Promise<unknown>])[] = [
    [18, async () => learn(await history.ask(submit()))],
    [
      16,
      async () => {
        const ask = keyed();
        if (isAccepted(learn(await settle(history, ask)))) known.keyed.push(ask);
      },
    ],
    // The same again, long after it was settled.
    [
      8,
      async () => {
        const ask = anyOf(known.keyed);
        if (ask) await settle(history, ask);
      },
    ],
    // Another body under a key that has one.
    [
      5,
      async () => {
        const ask = anyOf(known.keyed);
        if (ask) await settle(history, { ...ask, reference: reference(), input: row() });
      },
    ],
    // Two bodies that race under one new key.
    [
      4,
      async () => {
        const ask = keyed();
        const rival = { ...ask, reference: reference(), input: row() };
        await Promise.all([ask, rival].map(async (one) => learn(await settle(history, one))));
      },
    ],
    // A batch under a key that one prediction has.
    [
      2,
      async () => {
        const ask = anyOf(known.keyed);
        if (ask) await settle(history, { kind: 'batch', reference: reference(), inputs: rows(), key: ask.key });
      },
    ],
    // A prediction and a batch that race under one new key, and the batch again.
    [
      4,
      async () => {
        const ask = keyed();
        const rival = { kind: 'batch', reference: reference(), inputs: rows(), key: ask.key } as const;
        await Promise.all([ask, rival].map(async (one) => learn(await settle(history, one))));
        await settle(history, rival);
      },
    ],
    [5, async () => learn(await history.ask({ kind: 'batch', reference: reference(), inputs: rows() }))],
    [
      4,
      async () => {
        const name = reference();
        learn(await settle(history, { kind: 'batch', reference: name, inputs: rows(), key: `key-${name}` }));
      },
    ],
    [
      10,
      async () => {
        const [accepted] = acceptedRows(learn(await history.ask(submit())));
        await pause(random(cancelPauseMsMax));
        if (accepted) await history.ask({ kind: 'cancel', id: accepted.id });
      },
    ],
    [5, onKnown((id) => ({ kind: 'label', id }))],
    [15, onKnown((id) => ({ kind: 'read', id, waits: false }))],
    [
      7,
      async () => {
        const [accepted] = acceptedRows(learn(await history.ask(submit())));
        if (accepted) await history.ask({ kind: 'read', id: accepted.id, waits: true });
      },
    ],
    [3, async () => history.ask({ kind: 'infer', reference: reference(), inputs: rows() })],
  ];

  const choose = () => {
    let left = random(choices.reduce((sum, [weight]) => sum + weight, 0));
    return choices.find(([weight]) => {
      left -= weight;
      return left < 0;
    })?.[1];
  };
  const run = async () => {
    while (!isOver()) {
      await choose()?.();
      await pause(random(pauseMsMax));
    }
  };
  return run();
};

/** Clients that ask without end, each with its own deterministic list of requests. */
export const startWorkload = (history: History, seed: number, clients: number): Workload => {
  const known: Known = { ids: [], keyed: [] };
  let over = false;
  const running = Promise.all(
    Array.from({ length: clients }, (_, at) =>
      startClient(history, known, `c${at}`, seededRandom(seed * 1_000 + at), () => over),
    ),
  );
  // A client that fails is heard of at the end.
  running.catch(() => {});
  return {
    async stop() {
      over = true;
      await running;
    },
  };
};
