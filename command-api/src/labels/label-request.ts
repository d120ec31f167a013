import { bodyFault, type FurtherFaults, type ProblemError, predictionIdSchema } from '@hindcast/adapters/http';
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

const addressFaults: FurtherFaults = ({ id, referenceId, entity, from, to, model, match }) => {
  const errors: ProblemError[] = [];
  const wrong = (pointer: string, detail: string) => void errors.push({ pointer, detail });
  const names = [id, referenceId, entity].filter((name) => name !== undefined);
  if (names.length !== 1) wrong('', 'Give exactly one of id, referenceId and entity.');
  if (entity === undefined) {
    if (from !== undefined) wrong('/from', 'A window belongs to an entity.');
    if (to !== undefined) wrong('/to', 'A window belongs to an entity.');
  } else if (Date.parse(String(from)) >= Date.parse(String(to))) wrong('/to', 'The window ends before it begins.');
  if (id !== undefined && model !== undefined) wrong('/model', 'An id names one prediction already.');
  if (id !== undefined && match !== undefined) wrong('/match', 'An id names one prediction already.');
  return errors;
};

/** @throws Problem `invalid-body` */
export const checkedLabel = (body: unknown): LabelRequest => {
  const wrong = schemaFault(body, addressFaults);
  if (wrong) throw wrong;
  return body as LabelRequest;
};
