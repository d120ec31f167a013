import type { DomainEvent } from '../domain-events.ts';
import { JobFailure } from '../job-handler.ts';
import type { ArtifactStore } from '../ports.ts';
import type { DataRef } from '../prediction-events.ts';

/** Larger payloads are not put into rows. */
export const payloadBytesMax = 8 * 1_048_576;

export class PayloadMissing extends JobFailure {
  constructor(detail: string) {
    super('payload_missing', detail);
    this.name = 'PayloadMissing';
  }
}

/**
 * The event with its input or output in it, wherever the log keeps it.
 * @throws PayloadMissing where the artifact store does not have it, or it is over `payloadBytesMax`
 */
export const inlinePayload = async <E extends DomainEvent>(
  event: E,
  artifacts: Pick<ArtifactStore, 'get'>,
): Promise<E> => {
  if (event.type === 'PredictionRequested' && event.data.inputRef) {
    const { inputRef, ...data } = event.data;
    return { ...event, data: { ...data, input: await payloadOf(inputRef, event.subject, artifacts) } };
  }
  if (event.type === 'PredictionSucceeded' && event.data.outputRef) {
    const { outputRef, ...data } = event.data;
    return { ...event, data: { ...data, output: await payloadOf(outputRef, event.subject, artifacts) } };
  }
  return event;
};

const payloadOf = async (ref: DataRef, of: string, artifacts: Pick<ArtifactStore, 'get'>): Promise<unknown> => {
  if (ref.bytes > payloadBytesMax) {
    throw new PayloadMissing(`Prediction ${of} has a payload of ${ref.bytes} bytes, ${payloadBytesMax} are allowed.`);
  }
  const content = await artifacts.get(ref.sha256);
  if (!content) throw new PayloadMissing(`The payload ${ref.sha256} of prediction ${of} is not in the artifact store.`);
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of content) text += decoder.decode(chunk, { stream: true });
  return JSON.parse(text + decoder.decode()) as unknown;
};
