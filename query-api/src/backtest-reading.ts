import { findJob, jobBody, openPayload, problem, readPayload } from '@hindcast/adapters/http';
import {
  type BacktestReport,
  type BacktestState,
  backtestKind,
  backtestReport,
  type DataRef,
  DEFAULT_TENANT,
  isEndedJob,
  type JobDoc,
  shadowKind,
} from '@hindcast/domain';
import type { QueryPorts } from './query-ports.ts';

export interface FoundBacktest {
  readonly doc: JobDoc;
  readonly state: BacktestState | undefined;
}

type Ports = Pick<QueryPorts, 'jobs' | 'artifacts'>;

/**
 * A backtest or a shadow, with what it has counted up to its last checkpoint.
 * @throws Problem `unknown-job`, `catalog-behind`, `store-unavailable`
 */
export const findBacktest = async ({ jobs, artifacts }: Ports, id: string): Promise<FoundBacktest> => {
  const doc = await findJob(jobs, DEFAULT_TENANT, id);
  const { kind } = doc.state.request;
  if (kind !== backtestKind && kind !== shadowKind) throw problem('unknown-job', 'No backtest has this id.');
  const ref = stateRefOf(doc);
  return { doc, state: ref && ((await readPayload(artifacts, ref)) as BacktestState) };
};

const stateRefOf = ({ state }: JobDoc): DataRef | undefined => {
  const result = isEndedJob(state) ? state.result : undefined;
  return (result ?? state.checkpoint)?.['state'] as DataRef | undefined;
};

export const backtestBody = ({ doc, state }: FoundBacktest) => {
  const report: BacktestReport | undefined = state && backtestReport(state);
  const { result: _, ...job } = jobBody(doc) as ReturnType<typeof jobBody> & { result?: unknown };
  return { ...job, report };
};

const piece = 65_536;

/** Lines of the result set from one row on, in pieces. */
export async function* rowsFrom(
  artifacts: Ports['artifacts'],
  { files }: BacktestState,
  first: number,
  limit: number,
): AsyncGenerator<string> {
  let row = 0;
  let left = limit;
  for (const file of files) {
    if (row + file.rows <= first || left <= 0) {
      row += file.rows;
      continue;
    }
    let text = '';
    for await (const line of linesOf(await openPayload(artifacts, file))) {
      if (row >= first && left > 0) {
        text += `${line}\n`;
        left -= 1;
      }
      row += 1;
      if (text.length < piece) continue;
      yield text;
      text = '';
    }
    if (text !== '') yield text;
  }
}

async function* linesOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of content) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
