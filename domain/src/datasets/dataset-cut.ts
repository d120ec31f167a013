import { type Static, Type } from '@sinclair/typebox';
import { canonicalJson } from '../canonical-json.ts';
import type { Sha256 } from '../ports.ts';
import { formatPositions } from '../replay-cursor.ts';
import type { DatasetSpec } from './dataset-spec.ts';

const offset = Type.Integer({ minimum: 0 });

/** A stretch of the log by positions, never by time: it holds the same records whenever and wherever it is read. */
export const datasetCutSchema = Type.Object({
  topic: Type.Literal('hindcast.predictions.v1'),
  logId: Type.String(),
  epoch: Type.Integer({ minimum: 0 }),
  ranges: Type.Array(
    Type.Object({ partition: offset, from: offset, to: Type.Integer({ minimum: 0, description: 'Not in it' }) }),
    { description: 'In the order of the partitions' },
  ),
});
export type DatasetCut = Static<typeof datasetCutSchema>;

/** From where to where it goes, as positions that the same set can be asked for with. */
export const cutPositions = ({ epoch, ranges }: DatasetCut): { readonly from: string; readonly to: string } => ({
  from: formatPositions(ranges.map(({ partition, from }) => ({ epoch, partition, offset: from }))),
  to: formatPositions(ranges.map(({ partition, to }) => ({ epoch, partition, offset: to }))),
});

/** All that decides the bytes of a data set. */
export interface DatasetPlan {
  readonly spec: DatasetSpec;
  readonly cut: DatasetCut;
  /** Name and version of what extracts it: another one may write the same rows as other bytes. */
  readonly extractor: string;
  /** Of the key for `hmac`, where the spec asks for one. */
  readonly redactionKeyId?: string | undefined;
}

/** The same plan is the same data set, whoever makes it. */
export const datasetIdOf = (plan: DatasetPlan, sha256: Sha256): string =>
  sha256(
    canonicalJson({
      spec: plan.spec,
      cut: plan.cut,
      extractor: plan.extractor,
      redactionKeyId: plan.redactionKeyId,
    }),
  );

/** Tells keys apart without giving any away. */
export const redactionKeyIdOf = (key: string, sha256: Sha256): string =>
  sha256(`hindcast redaction key\n${key}`).slice(0, 16);

export const recordsIn = ({ ranges }: DatasetCut): number => ranges.reduce((sum, { from, to }) => sum + to - from, 0);
