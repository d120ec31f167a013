import { bodyFault, type Problem, predictionIdSchema, problem } from '@hindcast/adapters/http';
import { labelAddressProperties, modelNamePattern } from '@hindcast/domain';
import { type Static, Type } from '@sinclair/typebox';
import { saidInLabel } from './said-in-label.ts';

const time = (description: string) => Type.Optional(Type.String({ format: 'date-time', description }));

/** What came true, and of which predictions. */
export const labelRequestSchema = Type.Object(
  {
    id: Type.Optional(predictionIdSchema),
    ...labelAddressProperties,
    from: time('Begin of the window of the entity, over the event time, else the time of accept'),
    to: time('End of the window, itself not in it'),
    model: Type.Optional(Type.String({ pattern: modelNamePattern, description: 'Only predictions of this model' })),
    match: Type.Optional(
      Type.Union([Type.Literal('all'), Type.Literal('latest')], {
        description: 'Of several predictions: all (default), or the one that was accepted last',
      }),
    ),
    ...saidInLabel,
  },
  {
    additionalProperties: false,
    description: 'One label. Exactly one of id, referenceId and entity says what it is about',
    examples: [{ referenceId: 'order-1842', value: true, occurredAt: '2026-04-01T00:00:00Z', source: 'billing' }],
  },
);
export type LabelRequest = Static<typeof labelRequestSchema>;

const schemaFault = bodyFault(labelRequestSchema);

const fault = (pointer: string, detail: string): Problem =>
  problem('invalid-body', `${pointer || 'The label'}: ${detail}`, { errors: [{ pointer, detail }] });

/** What a schema cannot say of a label that fits it. */
const addressFault = (label: LabelRequest): Problem | undefined => {
  const { id, referenceId, entity, from, to, model, match } = label;
  const names = [id, referenceId, entity].filter((name) => name !== undefined);
  if (names.length !== 1) return fault('', 'Give exactly one of id, referenceId and entity.');
  if (entity === undefined) {
    if (from !== undefined) return fault('/from', 'A window belongs to an entity.');
    if (to !== undefined) return fault('/to', 'A window belongs to an entity.');
  }
  if (id !== undefined && model !== undefined) return fault('/model', 'An id names one prediction already.');
  if (id !== undefined && match !== undefined) return fault('/match', 'An id names one prediction already.');
  if (from !== undefined && to !== undefined && Date.parse(from) >= Date.parse(to))
    return fault('/to', 'The window ends before it begins.');
  return undefined;
};

/** @throws Problem `invalid-body` */
export const checkedLabel = (body: unknown): LabelRequest => {
  const wrong = schemaFault(body) ?? addressFault(body as LabelRequest);
  if (wrong) throw wrong;
  return body as LabelRequest;
};
