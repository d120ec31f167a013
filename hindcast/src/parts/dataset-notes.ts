import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readKeptJson } from '@hindcast/adapters/files';
import type { DatasetNotes } from '@hindcast/workers';

/** Notes lie beside what the extractor puts aside, and go with it. */
export const datasetNotesIn =
  (folder: string): DatasetNotes =>
  (work) => {
    const path = join(folder, work, 'roots.json');
    return {
      read: () => readKeptJson(path),
      async write(note) {
        await mkdir(join(folder, work), { recursive: true });
        // A machine that loses its power may lose it, and hashes anew: to wait for the disk each time would cost more.
        await writeFile(`${path}.part`, JSON.stringify(note));
        await rename(`${path}.part`, path);
      },
    };
  };
