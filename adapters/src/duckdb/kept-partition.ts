import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
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

/** A file as it is kept: the folder may be another one when it is found. */
type KeptFile = Omit<WrittenFile, 'path'> & { readonly place: string; readonly bytes: number };

/** undefined also where a file of it is gone, or not as it was written. */
export const readKeptPartition = async (task: SpillTask): Promise<KeptPartition | undefined> => {
  type Kept = Omit<KeptPartition, 'files'> & { readonly files: readonly KeptFile[] };
  const kept = (await readKeptJson(pathOf(task))) as Kept | undefined;
  const files: WrittenFile[] = [];
  for (const { place, bytes, ...file } of kept?.files ?? []) {
    const path = join(task.folder, place);
    const found = await stat(path).catch(() => undefined);
    if (found?.size !== bytes) return undefined;
    files.push({ ...file, path });
  }
  return kept && { ...kept, files };
};

export const keepPartition = async (task: SpillTask, kept: KeptPartition): Promise<void> => {
  const files: KeptFile[] = [];
  for (const { path, ...file } of kept.files) {
    const handle = await open(path, 'r+');
    try {
      await handle.sync();
      files.push({ ...file, place: relative(task.folder, path), bytes: (await handle.stat()).size });
    } finally {
      await handle.close();
    }
  }
  await keepJson(pathOf(task), { ...kept, files });
};

export const extractedFile = ({ path, ...file }: WrittenFile): ExtractedFile => ({
  ...file,
  content: () => createReadStream(path),
});
