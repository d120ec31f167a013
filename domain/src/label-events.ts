import { type Static, type TSchema, Type } from '@sinclair/typebox';
import type { EventOf } from './event-envelope.ts';
import { predictionLabeledData } from './prediction-events.ts';

const text = (description: string) => Type.String({ minLength: 1, maxLength: 256, description });

/** What a label that names no prediction is about: exactly one of `referenceId` and `entity`. */
export const labelAddressProperties = {
  referenceId: Type.Optional(text("The client's own id of the prediction")),
  entity: Type.Optional(text('What the prediction is about; a window of time says which of its predictions')),
  from: Type.Optional(
    Type.String({ description: 'Begin of the window, over the event time, else the time of accept' }),
  ),
  to: Type.Optional(Type.String({ description: 'End of the window, itself not in it' })),
  model: Type.Optional(Type.String({ description: 'Only predictions of this model' })),
} as const;

export const labelReportedData = Type.Object({ ...labelAddressProperties, ...predictionLabeledData.properties });
export const labelMatchedData = Type.Object({
  report: Type.String({
    minLength: 1,
    maxLength: 128,
    description: 'Id of the LabelReported that found its prediction',
  }),
  predictionId: Type.String({ minLength: 1, maxLength: 128, description: 'The prediction that it is a label of' }),
});

/**
 * What is said about a referenceId or an entity before a prediction with it is known. Subject and key are the address,
 * so that all that is said about one address has one order.
 */
export const labelEventData = {
  LabelReported: labelReportedData,
  LabelMatched: labelMatchedData,
} as const satisfies Record<string, TSchema>;

type LabelEventData = typeof labelEventData;
export type LabelEventType = keyof LabelEventData;
export type LabelEventOf<T extends LabelEventType> = EventOf<T, Static<LabelEventData[T]>>;
export type LabelEvent = { [T in LabelEventType]: LabelEventOf<T> }[LabelEventType];
export type LabelReport = Static<typeof labelReportedData>;

/** Begins with a character that no prediction id begins with. */
export const referenceAddress = (referenceId: string): string => `@reference:${referenceId}`;
export const entityAddress = (entity: string): string => `@entity:${entity}`;

export const addressOf = ({ referenceId, entity }: Pick<LabelReport, 'referenceId' | 'entity'>): string =>
  referenceId === undefined ? entityAddress(entity ?? '') : referenceAddress(referenceId);

/** Addresses under which labels of a prediction may wait. */
export const addressesOf = (request: {
  readonly referenceId?: string | undefined;
  readonly entity?: string | undefined;
}): readonly string[] => [
  ...(request.referenceId === undefined ? [] : [referenceAddress(request.referenceId)]),
  ...(request.entity === undefined ? [] : [entityAddress(request.entity)]),
];
