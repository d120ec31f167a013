import { encode, formatPosition, type Label, makeEvent, type PredictionEvent, TOPICS } from '@hindcast/domain';
import { type CommandContext, eventSource } from './command-ports.ts';
import { knownPrediction } from './known-prediction.ts';
import { type LabelWarning, labelWarnings } from './labels/label-warnings.ts';

/**
 * Appends what came true for a prediction. A later label is a correction, not a replacement: the log keeps all of them.
 * @returns the position of the label, and what is odd about it
 * @throws Problem `unknown-prediction`
 */
export const appendLabel = async (
  context: CommandContext,
  id: string,
  label: Label,
): Promise<{ readonly position: string; readonly warnings: readonly LabelWarning[] }> => {
  const { ports, tenant } = context;
  const { state } = await knownPrediction(context, id);
  const event = makeEvent<PredictionEvent>({
    id: ports.identity.newId(),
    source: eventSource,
    type: 'PredictionLabeled',
    at: ports.identity.now(),
    tenant,
    subject: id,
    data: label,
  });
  const [outcome] = await ports.log.append(TOPICS.predictions, [encode(event)]);
  if (!outcome?.ok) throw outcome?.error ?? new Error('The log answered no outcome.');
  return {
    position: formatPosition(outcome.position),
    warnings: labelWarnings(context, label.value, [state.request]),
  };
};
