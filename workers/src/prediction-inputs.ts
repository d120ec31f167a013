import { ArtifactDamaged, type ArtifactStore, type DataRef, type EventLog, recordAt, TOPICS } from '@hindcast/domain';
import type { OpenEntry } from './open-set.ts';
import { predictionEventOf } from './record-intake.ts';

export type LoadedInput =
  | { readonly ok: true; readonly input: unknown }
  /** `missing` may come later; `unreadable` never will. */
  | { readonly ok: false; readonly reason: 'missing' | 'unreadable'; readonly detail: string };

/** Reads the inputs that are not in memory: from the log by offset, or from the artifact store by digest. */
export const loadInput = async (
  ports: { readonly log: EventLog; readonly artifacts: ArtifactStore },
  entry: OpenEntry,
): Promise<LoadedInput> => {
  try {
    return entry.inputRef ? await readPayload(ports.artifacts, entry.inputRef) : await fromLog(ports.log, entry);
  } catch (cause) {
    return { ok: false, reason: 'missing', detail: cause instanceof Error ? cause.message : String(cause) };
  }
};

const fromLog = async (log: EventLog, entry: OpenEntry): Promise<LoadedInput> => {
  const { partition, offset } = entry;
  const record = await recordAt(log, TOPICS.predictions, partition, offset);
  const event = record && predictionEventOf(record);
  if (event?.id === entry.fold.request.eventId && event.type === 'PredictionRequested') {
    return { ok: true, input: event.data.input };
  }
  return { ok: false, reason: 'missing', detail: `the log did not give offset ${offset} of partition ${partition}` };
};

/** A payload that was too large for its event. */
export const readPayload = async (
  artifacts: Pick<ArtifactStore, 'get'>,
  { sha256, bytes }: DataRef,
): Promise<LoadedInput> => {
  const content = await artifacts.get(sha256);
  if (!content) return { ok: false, reason: 'missing', detail: `the payload ${sha256} is not in the artifact store` };
  const decoder = new TextDecoder();
  let text = '';
  let read = 0;
  try {
    for await (const chunk of content) {
      read += chunk.byteLength;
      if (read > bytes)
        return { ok: false, reason: 'unreadable', detail: `the payload is longer than its ${bytes} bytes` };
      text += decoder.decode(chunk, { stream: true });
    }
  } catch (error) {
    if (!(error instanceof ArtifactDamaged)) throw error;
    return { ok: false, reason: 'missing', detail: error.message };
  }
  try {
    return { ok: true, input: JSON.parse(text + decoder.decode()) };
  } catch {
    return { ok: false, reason: 'unreadable', detail: `the payload ${sha256} is not JSON` };
  }
};
