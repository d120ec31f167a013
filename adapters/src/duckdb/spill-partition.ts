import { open, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DatasetCut, type ExtractionSource, readWhole } from '@hindcast/domain';
import { spillLine } from './spill-line.ts';

/** Characters that are gathered before they are written. */
const chunkChars = 1_048_576;

export interface SpilledPartition {
  readonly partition: number;
  readonly path: string;
  readonly records: number;
  /** Log time of its last record; 0 where there is none. */
  readonly lastAt: number;
  /** Longest line, in UTF-16 units. */
  readonly lineMax: number;
}

export interface SpillTask {
  readonly folder: string;
  readonly topic: DatasetCut['topic'];
  readonly range: DatasetCut['ranges'][number];
  readonly model: string;
  readonly careful: boolean;
}

/**
 * Copies a stretch of the log to where DuckDB can read it. What an earlier attempt had finished is taken as it is: its summary
 * is written last.
 */
export const spillPartition = async (
  { folder, topic, range, model, careful }: SpillTask,
  { log, artifacts }: ExtractionSource,
  onPage: (records: number) => void,
): Promise<SpilledPartition> => {
  const { partition, from, to } = range;
  const name = `partition-${partition}${careful ? '-careful' : ''}`;
  const path = join(folder, `${name}.tsv`);
  const summary = join(folder, `${name}.json`);
  const known = await readFile(summary, 'utf8').catch(() => undefined);
  if (known !== undefined) {
    onPage(to - from);
    return { ...(JSON.parse(known) as SpilledPartition), path };
  }
  const handle = await open(path, 'w');
  let lastAt = 0;
  let lineMax = 0;
  try {
    let chunk = '';
    for await (const page of readWhole(log, topic, range)) {
      for (const record of page) {
        lastAt = record.appendedAt;
        const line = spillLine(record, { model, artifacts, careful });
        const text = typeof line === 'object' ? await line : line;
        if (text === undefined) continue;
        lineMax = Math.max(lineMax, text.length);
        chunk += text;
      }
      onPage(page.length);
      if (chunk.length < chunkChars) continue;
      await handle.writeFile(chunk);
      chunk = '';
    }
    await handle.writeFile(chunk);
    await handle.sync();
  } finally {
    await handle.close();
  }
  const spilled: SpilledPartition = { partition, path, records: to - from, lastAt, lineMax };
  await writeFile(`${summary}.part`, JSON.stringify(spilled));
  await rename(`${summary}.part`, summary);
  return spilled;
};
