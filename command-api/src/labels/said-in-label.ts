import { predictionLabeledData } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';

/** One label outweighs all others long before that. */
const weightMax = 1e9;

/** What a client says in a label: as the event has it, with a time that is one and a weight that sums stand. */
export const saidInLabel = {
  ...predictionLabeledData.properties,
  occurredAt: Type.Optional(
    Type.String({ format: 'date-time', description: 'When it came true', examples: ['2026-04-01T00:00:00Z'] }),
  ),
  weight: Type.Optional(
    Type.Number({ minimum: 0, maximum: weightMax, description: 'How much it counts; 1 where it is not given' }),
  ),
};
