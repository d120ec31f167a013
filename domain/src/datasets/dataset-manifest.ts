import { type Static, Type } from '@sinclair/typebox';
import type { AuditCheckpoint } from '../audit/audit-checkpoint.ts';
import { fromBase64 } from '../audit/audit-crypto.ts';
import { hashBytes } from '../audit/tree-hash.ts';
import { accountedForSchema, ignoredSchema } from './accounted-for.ts';
import { datasetColumnSchema } from './dataset-columns.ts';
import { datasetCutSchema } from './dataset-cut.ts';
import { DATASET_FORMATS, datasetSpecSchema } from './dataset-spec.ts';

const sha256 = (description: string) => Type.String({ pattern: '^[0-9a-f]{64}$', description });
const count = (description: string) => Type.Integer({ minimum: 0, description });

export const datasetFileSchema = Type.Object({
  name: Type.String({ description: 'Path within the set, such as train/part-00000.parquet' }),
  split: Type.String(),
  rows: count('Rows in it'),
  bytes: count('Its size'),
  sha256: sha256('Of its bytes; also its ETag'),
});
export type DatasetFile = Static<typeof datasetFileSchema>;

export const coverageSchema = Type.Object(
  {
    succeeded: count('Predictions that were asked for a label'),
    labelled: count('Of those: with a label that counts'),
    assumed: count('Of those: with the value that the policy gives to what has none'),
  },
  { description: 'How many labels there are' },
);
export type LabelCoverage = Static<typeof coverageSchema>;

const rootSchema = Type.Object({
  partition: count('Of the topic of the cut'),
  size: count('How many records it is of: all up to the end of the cut, also those before its begin'),
  root: Type.String({ pattern: '^[A-Za-z0-9+/]{43}=$', description: 'SHA-256 in base64, as in a checkpoint' }),
});

/** All that is to be known of a data set. The same cut gives the same manifest, byte for byte: no time of making is in it. */
export const datasetManifestSchema = Type.Object({
  datasetId: sha256('Of spec, cut and extractor'),
  contract: Type.Literal(1, { description: 'Version of this form' }),
  spec: datasetSpecSchema,
  cut: datasetCutSchema,
  roots: Type.Optional(
    Type.Array(rootSchema, {
      description: 'Roots of the Merkle trees of the audit at the end of the cut; sets of older programs have none',
    }),
  ),
  cutAt: Type.Integer({ description: 'When the log stored the last record of the cut, ms since 1970' }),
  extractor: Type.String({ description: 'What wrote the files, with its version' }),
  redactionKeyId: Type.Optional(Type.String({ description: 'Tells keys of hmac apart' })),
  format: Type.Union(DATASET_FORMATS.map((format) => Type.Literal(format))),
  columns: Type.Array(datasetColumnSchema, { description: 'In their order' }),
  files: Type.Array(datasetFileSchema),
  accountedFor: accountedForSchema,
  ignored: ignoredSchema,
  labelCoverage: coverageSchema,
});
export type DatasetManifest = Static<typeof datasetManifestSchema>;

/** What the manifest says of the log, as checkpoints. None where it says nothing. */
export const checkpointsOfManifest = ({ cut, roots = [] }: Pick<DatasetManifest, 'cut' | 'roots'>): AuditCheckpoint[] =>
  roots.flatMap(({ partition, size, root }) => {
    const bytes = fromBase64(root, hashBytes);
    const { logId, epoch, topic } = cut;
    return bytes === undefined ? [] : [{ logId, epoch, topic, partition, size, root: bytes }];
  });
