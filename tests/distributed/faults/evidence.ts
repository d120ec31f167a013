import { readFile } from 'node:fs/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { clientOf, modelFile } from '../../scenarios/client.ts';
import { dumpLog, foldRaw, type RawEvent } from '../../scenarios/log-dump.ts';
import type { SystemUnderTest } from '../../scenarios/system.ts';
import { waitUntil } from '../../services/wait-until.ts';
import type { Body, History, Operation, Row } from './history.ts';

/** What the log says of one prediction, folded apart from the product. */
export interface Truth {
  readonly request: RawEvent;
  readonly end?: RawEvent;
  readonly labeled: boolean;
}

/** A time in which something was being broken, or had not recovered yet, in ms of the history. */
export interface Trouble {
  readonly fault: string;
  readonly from: number;
  readonly until: number;
}

/** All that a run left behind about one model. */
export interface Evidence {
  readonly history: readonly Operation[];
  readonly troubles: readonly Trouble[];
  readonly truth: ReadonlyMap<string, Truth>;
  readonly shown: ReadonlyMap<string, { readonly status: number; readonly body: Body }>;
  readonly listed: readonly Body[];
  readonly stats: Readonly<Record<string, number>>;
  /** What the model makes of a row, run by the checker itself. */
  outputOf(row: Row): number;
  readonly raw: RawFigures;
}

/** Answers how it was broken: one text for each case. */
export type Law = (evidence: Evidence) => readonly string[];

export interface RawFigures {
  readonly events: number;
  /** Events whose id stood in the log before. */
  readonly repeated: number;
  /** Ends of predictions that had ended. */
  readonly lateEnds: number;
  /** Results of requests that had one: two workers ran them. */
  readonly ranTwice: number;
  readonly rivalRequests: number;
}

const caughtUpMsMax = 120_000;
const readersAtOnce = 16;
const pageRows = 500;

/** Waits until what the log has now has ended. A worker that holds some of it and is frozen has then been stood in for. */
export const presentEnds = async (log: SystemUnderTest['log'], model: string): Promise<void> => {
  const present = [...foldRaw(await dumpLog(log))].filter(([, { request }]) => request.data['model'] === model);
  await waitUntil('what was accepted before has ended', caughtUpMsMax, async () => {
    const folded = foldRaw(await dumpLog(log));
    return present.every(([id]) => folded.get(id)?.end);
  });
};

/** Waits until every accepted prediction has ended and the views know of it. */
const settled = async (url: string, log: SystemUnderTest['log'], model: string) => {
  const { request } = clientOf(url);
  let events: readonly RawEvent[] = [];
  await waitUntil('every prediction has ended', caughtUpMsMax, async () => {
    events = await dumpLog(log);
    return [...foldRaw(events).values()].every(({ request: { data }, end }) => data['model'] !== model || end);
  });
  await waitUntil('the views have folded the log', caughtUpMsMax, async () => {
    const { status, body } = await request('GET', '/v1/projections');
    return status === 200 && (body['data'] as { lag: number }[]).every(({ lag }) => lag === 0);
  });
  return events;
};

const ends = /^Prediction(?:Succeeded|Failed|Canceled|Expired)$/;

const rawFigures = (events: readonly RawEvent[]): RawFigures => {
  const ids = new Set<string>();
  const seen = new Set<string>();
  const figures = { events: events.length, repeated: 0, lateEnds: 0, ranTwice: 0, rivalRequests: 0 };
  for (const { id, type, subject, causationid } of events) {
    const isFirst = (what: string) => !seen.has(what) && seen.add(what).size > 0;
    if (ids.has(id)) {
      figures.repeated += 1;
      continue;
    }
    ids.add(id);
    if (ends.test(type) && !isFirst(`end ${subject}`)) figures.lateEnds += 1;
    if (type === 'PredictionSucceeded' && !isFirst(`result ${causationid}`)) figures.ranTwice += 1;
    if (type === 'PredictionRequested' && !isFirst(`request ${subject}`)) figures.rivalRequests += 1;
  }
  return figures;
};

const truthOf = (events: readonly RawEvent[], model: string): ReadonlyMap<string, Truth> => {
  const labeled = new Set(events.filter(({ type }) => type === 'PredictionLabeled').map(({ subject }) => subject));
  const ofModel = [...foldRaw(events)].filter(([, { request }]) => request.data['model'] === model);
  return new Map(ofModel.map(([id, folded]) => [id, { ...folded, labeled: labeled.has(id) }]));
};

const listAll = async (url: string, model: string): Promise<readonly Body[]> => {
  const listed: Body[] = [];
  for (let cursor = ''; ; ) {
    const { body } = await clientOf(url).request('GET', `/v1/predictions?model=${model}&limit=${pageRows}${cursor}`);
    listed.push(...(body['data'] as readonly Body[]));
    if (typeof body['nextCursor'] !== 'string') return listed;
    cursor = `&cursor=${encodeURIComponent(body['nextCursor'])}`;
  }
};

const showAll = async (url: string, ids: Iterable<string>): Promise<Evidence['shown']> => {
  const shown = new Map<string, { status: number; body: Body }>();
  const left = [...ids];
  const reader = async () => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      const { status, body } = await clientOf(url).get(id);
      shown.set(id, { status, body });
    }
  };
  await Promise.all(Array.from({ length: readersAtOnce }, reader));
  return shown;
};

const statsOf = async (url: string, model: string): Promise<Evidence['stats']> => {
  const { body } = await clientOf(url).request('GET', `/v1/stats?model=${model}`);
  const stats: Record<string, number> = {};
  for (const hour of body['data'] as readonly Body[]) {
    for (const [name, value] of Object.entries(hour)) {
      if (typeof value === 'number') stats[name] = (stats[name] ?? 0) + value;
    }
  }
  return stats;
};

const runDirectly = async (rows: readonly Row[]): Promise<Evidence['outputOf']> => {
  const session = await InferenceSession.create(await readFile(modelFile('linear')));
  const given = rows.length > 0 ? rows : [[0, 0, 0, 0]];
  const { y } = await session.run({ x: new Tensor('float32', Float32Array.from(given.flat()), [given.length, 4]) });
  const outputs = new Map(given.map((row, at) => [row.join(), Number(y?.data[at])]));
  return (row) => outputs.get(row.join()) ?? Number.NaN;
};

const rowsOf = ({ ask }: Operation): readonly Row[] => {
  if (ask.kind === 'submit') return [ask.input];
  return ask.kind === 'batch' || ask.kind === 'infer' ? ask.inputs : [];
};

/** Everything about the model of the history, read once all is quiet. */
export const collectEvidence = async (
  { url, log }: Pick<SystemUnderTest, 'url' | 'log'>,
  { model, operations }: History,
  troubles: readonly Trouble[] = [],
): Promise<Evidence> => {
  const events = await settled(url, log, model);
  const truth = truthOf(events, model);
  return {
    history: operations,
    troubles,
    truth,
    shown: await showAll(url, truth.keys()),
    listed: await listAll(url, model),
    stats: await statsOf(url, model),
    outputOf: await runDirectly(operations.flatMap(rowsOf)),
    raw: rawFigures(events),
  };
};
