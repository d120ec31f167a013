import { heldBySchema, isKnown, positionOf, predictionLinks, predictionLinksSchema } from '@hindcast/adapters/http';
import { type AppendOutcome, formatPosition, type PredictionDoc, STATUSES } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import type { Prepared } from './prepare-prediction.ts';

/** What a client gets for a request that is in the log. */
export const receiptSchema = Type.Object(
  {
    id: Type.String({ examples: ['0198c2f0-5a3e-7cc1-9d3a-2f1f0f6f1a11'] }),
    status: Type.Union(STATUSES.map((status) => Type.Literal(status))),
    heldBy: heldBySchema,
    model: Type.String(),
    modelVersion: Type.Integer(),
    createdAt: Type.String({ format: 'date-time', description: 'When the log stored it' }),
    requestHash: Type.String({ description: 'Digest of the request that was accepted under this id' }),
    links: predictionLinksSchema,
  },
  { description: 'Accepted, and durable' },
);

export interface Receipt {
  readonly id: string;
  readonly status: (typeof STATUSES)[number];
  readonly model: string;
  readonly modelVersion: number;
  readonly createdAt: string;
  readonly requestHash: string;
  readonly links: ReturnType<typeof predictionLinks>;
}

/** A receipt, and the position that a later read should have seen. */
export interface Accepted {
  readonly receipt: Receipt;
  readonly position: string;
}

/** @throws LogError where the log refused the record */
export const acceptedOf = (prepared: Prepared, outcome: AppendOutcome | undefined): Accepted => {
  if (!outcome) throw new Error('The log answered fewer outcomes than it was given records.');
  if (!outcome.ok) throw outcome.error;
  return {
    receipt: {
      id: prepared.id,
      status: 'queued',
      model: prepared.model,
      modelVersion: prepared.chosen.version.version,
      createdAt: new Date(outcome.appendedAt).toISOString(),
      requestHash: prepared.requestHash,
      links: predictionLinks(prepared.id),
    },
    position: formatPosition(outcome.position),
  };
};

/** The receipt of a prediction that the view knows: its status may have moved on since. */
export const acceptedBefore = (doc: PredictionDoc): Accepted | undefined => {
  if (!isKnown(doc)) return undefined;
  const { request, status } = doc.state;
  return {
    receipt: {
      id: doc.id,
      status,
      model: request.model,
      modelVersion: request.version,
      createdAt: new Date(request.at).toISOString(),
      requestHash: request.requestHash,
      links: predictionLinks(doc.id),
    },
    position: positionOf(doc),
  };
};
