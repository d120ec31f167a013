import { modelReferenceSchema } from '@hindcast/adapters/http';
import { canonicalJson, prioritySchema, type Sha256 } from '@hindcast/domain';
import { type Static, Type } from '@sinclair/typebox';

export const itemsMax = 1_000;
const textCharsMax = 256;

const text = (description: string, example: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: textCharsMax, description, examples: [example] }));
/** Of the sample model, so that the example works as it stands on a fresh server. */
const sampleInput = {
  tenure_months: 30,
  monthly_charges: 53.91,
  support_calls: 2,
  late_payments: 0,
  usage_hours: 20.1,
  plan: 'plus',
  region: 'west',
};
const input = Type.Unknown({
  description: 'One row, as an object by feature name or an array by position. Stored as sent.',
  examples: [sampleInput],
});

const facts = {
  entity: text('What the prediction is about: keeps canaries sticky, joins labels', 'customer-17'),
  referenceId: text("The client's own id", 'order-4711'),
  eventTime: Type.Optional(
    Type.String({
      format: 'date-time',
      description: 'When what is predicted about happened',
      examples: ['2026-03-01T12:00:00Z'],
    }),
  ),
  context: Type.Optional(
    Type.Object({}, { additionalProperties: true, description: 'Kept beside the input, never given to the model' }),
  ),
  priority: Type.Optional(prioritySchema),
};

/** What clients of other servers look for among the members. */
const elsewhere = {
  deadlineMs: 'The deadline of a request is its header Cancel-After, such as Cancel-After: 30s.',
  idempotencyKey: 'The key of a request is its header Idempotency-Key.',
};
const closed = { additionalProperties: false, 'x-elsewhere': elsewhere } as const;

const itemSchema = Type.Object({ input, ...facts }, closed);
export type PredictionItem = Static<typeof itemSchema>;

/** One of them must be given. */
export const inputMembers = ['input', 'items'] as const;

/** One prediction: `input`. Many: `items`. */
export const predictionRequestSchema = Type.Object(
  {
    model: modelReferenceSchema,
    input: Type.Optional(input),
    items: Type.Optional(
      Type.Array(itemSchema, {
        minItems: 1,
        maxItems: itemsMax,
        description: 'Many rows in one append, instead of input',
      }),
    ),
    ...facts,
  },
  {
    ...closed,
    'x-one-of': inputMembers,
    // As `oneOf` viewers of the description show two unnamed forms and none of the members; the handler refuses the rest with pointers.
    description: 'Either `input`, with what is known about it, or `items` beside the model alone',
    examples: [{ model: 'churn', input: sampleInput, entity: 'customer-17' }],
  },
);
export type PredictionRequest = Static<typeof predictionRequestSchema>;

export const onePredictionSchema = Type.Object(
  { model: modelReferenceSchema, input, ...facts },
  { ...closed, examples: predictionRequestSchema['examples'] as unknown[] },
);

/**
 * Digest of what the client asked for: its own members in canonical form, the model as it named it, nothing that was
 * stamped here. Equal requests have equal digests whatever the order of their members.
 */
export const requestHashOf = (sha256: Sha256, model: string, item: PredictionItem): string =>
  sha256(
    canonicalJson({
      context: item.context,
      entity: item.entity,
      eventTime: item.eventTime,
      input: item.input,
      model,
      priority: item.priority,
      referenceId: item.referenceId,
    }),
  );
