import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExtractedFile, SeenLeaves } from '@hindcast/domain';
import { keepJson, readKeptJson } from '../files/index.ts';
import type { FoldedSums } from './fold-partition.ts';
import { lineFormat, type SpillTask } from './spill-partition.ts';
import type { WrittenFile } from './write-part.ts';

/** What came of a partition that was folded and written: an attempt that follows need do neither. */
export interface KeptPartition {
  readonly sums: FoldedSums;
  /** Of this partition, and maybe of others. */
  readonly leaves: SeenLeaves;
  /** With which it was written, as JSON. */
  readonly columns: string;
  readonly files: readonly WrittenFile[];
}

const pathOf = ({ folder, range }: SpillTask): string =>
  join(folder, `partition-${range.partition}-folded-${lineFormat}.json`);

export const readKeptPartition = async (task: SpillTask): Promise<KeptPartition | undefined> =>
  (await readKeptJson(pathOf(task))) as KeptPartition | undefined;

export const keepPartition = async (task: SpillTask, kept: KeptPartition): Promise<void> => {
  for (const { path } of kept.files) {
    const handle = await open(path, 'r+');
    await handle.sync().finally(() => handle.close());
  }
  await keepJson(pathOf(task), kept);
};

export const extractedFile = ({ path, ...file }: WrittenFile): ExtractedFile => ({
  ...file,
  content: () => createReadStream(path),
});
