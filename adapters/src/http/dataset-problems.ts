import { kind, type ProblemKind } from './problem-kind.ts';

export const datasetProblems = {
  'unknown-dataset': kind(
    404,
    'The data set is unknown',
    'No data set has this id, or so many were cut since that it is no longer remembered.',
    'GET /v1/datasets lists those that are known. The same request with the same positions makes the same set again.',
  ),
  'unknown-dataset-file': kind(
    404,
    'The data set has no such file',
    'The files of a data set are listed in its manifest.',
    'GET /v1/datasets/{id} shows the names of its files.',
  ),
  'dataset-not-ready': kind(
    409,
    'The data set is not cut',
    'The job that cuts it, or cuts again what the store has lost of it, has not ended, or the only one has failed or was canceled. `detail` names it.',
    'GET /v1/jobs/{id} shows how far it is. Where it has failed, mend the cause and ask for the set again.',
  ),
  'dataset-file-gone': kind(
    410,
    'The file of the data set is gone',
    'The set was cut, and the store does not have this file of it, or its manifest, any more.',
    'Ask for the set again with POST /v1/datasets and the same wishes and positions: it is cut again, to the same bytes.',
  ),
  'range-not-satisfiable': kind(
    416,
    'The file has no such range',
    'The first byte of the Range header lies behind the end of the file.',
    'Ask for bytes that the file has: `detail` says how many.',
  ),
} as const satisfies Record<string, ProblemKind>;
