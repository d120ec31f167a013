import {
  DEFAULT_TENANT,
  formatPositions,
  missingModel,
  openReplay,
  type ReadableLog,
  type ReplayedRecord,
  readModels,
  replayLine,
} from '@hindcast/domain';
import type { ApiClient } from './api-client.ts';
import { CliFailure, EXIT, failed } from './cli-failure.ts';
import { readLines } from './event-stream.ts';
import { type ReplayTopic, replayTopics } from './replay-topic.ts';

/** Which events to read; what is undefined does not limit. */
export interface ReplayFilter {
  readonly topic: ReplayTopic;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly types: readonly string[];
  readonly model?: string | undefined;
  /** ISO 8601. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/** A stretch of the log, from the beginning of the filter or behind a cursor. */
export interface ReplayCut {
  /** Lines of NDJSON, without their ends. */
  readonly lines: AsyncIterable<string>;
  /** Positions at which it ends: `from` of a replay of what came since. */
  readonly end: string;
}
export type ReplaySource = (filter: ReplayFilter) => Promise<ReplayCut>;

/** From a running Hindcast. A connection that drops throws `ReplayInterrupted`. */
export const serverSource =
  (client: ApiClient): ReplaySource =>
  async (filter) => {
    const { body, headers } = await client.open(`/v1/events?${queryOf(filter)}`, {
      headers: { accept: 'application/x-ndjson' },
    });
    return {
      lines: body === null ? none() : linesOf(body as AsyncIterable<Uint8Array>),
      end: headers.get('hindcast-log-end') ?? '',
    };
  };

async function* none(): AsyncGenerator<string> {}

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  try {
    yield* readLines(body);
  } catch (error) {
    throw error instanceof TypeError ? new ReplayInterrupted(error) : error;
  }
}

export class ReplayInterrupted extends Error {
  constructor(cause: unknown) {
    super('The connection broke in the middle of the replay.', { cause });
    this.name = 'ReplayInterrupted';
  }
}

const queryOf = ({ topic, from, to, types, model, since, until }: ReplayFilter): URLSearchParams => {
  const query = new URLSearchParams({ topic });
  for (const [name, value] of Object.entries({ from, to, model, since, until })) {
    if (value !== undefined) query.set(name, value);
  }
  if (types.length > 0) query.set('type', types.join(','));
  return query;
};

/** From the log itself, when no server runs. */
export const logSource =
  (log: ReadableLog): ReplaySource =>
  async ({ topic, from, to, types, model, since, until }) => {
    const replay = await openReplay(log, {
      topic: replayTopics[topic],
      ...(from === undefined ? undefined : { from }),
      ...(to === undefined ? undefined : { to }),
      ...(types.length === 0 ? undefined : { types }),
      ...(model === undefined ? undefined : { model }),
      ...(since === undefined ? undefined : { since: Date.parse(since) }),
      ...(until === undefined ? undefined : { until: Date.parse(until) }),
    });
    if (!replay.ok) {
      const { code, detail } = replay.refusal;
      throw code === 'malformed' ? new CliFailure(EXIT.usage, detail) : failed(detail);
    }
    const missing =
      model === undefined
        ? undefined
        : await missingModel(log, await readModels(log), { model, tenant: DEFAULT_TENANT });
    if (missing !== undefined) throw new CliFailure(EXIT.notFound, missing);
    return { lines: linesOfPages(replay.pages()), end: formatPositions(replay.end) };
  };

async function* linesOfPages(
  pages: AsyncIterable<{ readonly records: readonly ReplayedRecord[] }>,
): AsyncGenerator<string> {
  for await (const { records } of pages) for (const record of records) yield replayLine(record);
}

/** The cursor of a line, by which a replay goes on behind it. */
export const cursorOf = (line: string): string => {
  const cursor = /"cursor":"([^"]+)"/.exec(line.slice(0, 65_536))?.[1];
  if (cursor === undefined) throw failed('The line is none of a replay: it has no cursor.');
  return cursor;
};
