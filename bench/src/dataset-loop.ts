import { openSqliteLogReader } from '@hindcast/adapters/sqlite';
import { TOPICS } from '@hindcast/domain';
import { parquetWriteFile } from 'hyparquet-writer';

interface Row {
  readonly cause: string;
  readonly cells: Record<string, unknown>;
  done: boolean;
}
type Parsed = {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly tenant: string;
  readonly causationid?: string;
  readonly data: Record<string, unknown> & {
    readonly input: Record<string, unknown>;
    readonly output: Record<string, Record<string, unknown>>;
    readonly value: unknown;
  };
};

/** What one writes in an afternoon: parse every event, join in a map, hand the columns to a Parquet writer. Answers the rows. */
export const plainLoop = async (folder: string, filename: string): Promise<number> => {
  const log = openSqliteLogReader(folder);
  const rows = new Map<string, Row>();
  for (const { partition } of await log.bounds(TOPICS.predictions)) {
    for await (const page of log.read({ topic: TOPICS.predictions, partition, from: 0 })) {
      for (const { value, offset, appendedAt } of page) {
        const { id, type, subject, tenant, causationid, data } = JSON.parse(value) as Parsed;
        const row = rows.get(subject);
        if (type === 'PredictionRequested' && !row) {
          const { input, model, version, sha256, role, share, entity } = data;
          const named = Object.fromEntries(Object.entries(input).map(([name, one]) => [`input.${name}`, one]));
          const cells = {
            predictionId: subject,
            entity,
            tenant,
            position: `0:${partition}:${offset}`,
            acceptedAt: new Date(appendedAt),
          };
          rows.set(subject, {
            cause: id,
            done: false,
            cells: { ...cells, model, version, sha256, role, share, ...named },
          });
        } else if (type === 'PredictionSucceeded' && row && causationid === row.cause && !row.done) {
          const { label, decision, probabilities = {} } = data.output;
          Object.assign(row.cells, {
            'output.label': label,
            'output.decision': decision,
            completedAt: new Date(appendedAt),
          });
          for (const [name, one] of Object.entries(probabilities)) row.cells[`output.probabilities.${name}`] = one;
          row.done = true;
        } else if (type === 'PredictionLabeled' && row) row.cells['label'] = data.value;
      }
    }
  }
  log.close();
  const done = [...rows.values()].filter((row) => row.done);
  const columns = { ...done[0]?.cells, label: 'yes' };
  const typeOf = (sample: unknown) => {
    if (sample instanceof Date) return 'TIMESTAMP';
    if (typeof sample === 'boolean') return 'BOOLEAN';
    return typeof sample === 'string' ? 'STRING' : 'DOUBLE';
  };
  parquetWriteFile({
    filename,
    columnData: Object.entries(columns).map(([name, sample]) => ({
      name,
      type: typeOf(sample),
      data: done.map(({ cells }) => cells[name] ?? null),
    })),
  });
  return done.length;
};
