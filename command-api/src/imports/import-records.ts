import {
  canonicalJson,
  encode,
  importedPool,
  makeEvent,
  type NewRecord,
  type PredictionEvent,
  type PredictionEventOf,
  type PredictionRequested,
} from '@hindcast/domain';
import { type CommandContext, eventSource } from '../command-ports.ts';
import { storePayload } from '../store-payload.ts';
import type { Import } from './import-request.ts';

/** Which events of a row are to be appended, in their order. */
export interface WantedEvents {
  readonly request: boolean;
  readonly result: boolean;
  readonly label: boolean;
}

/** The ids of the events of a row are made of what it says, so that a repeat of them changes nothing. */
export const requestIdOf = ({ ports, tenant }: CommandContext, row: Import): string =>
  ports.identity.idFromText(`${tenant}/${row.id}\nimported\n${row.requestHash}`);
export const labelIdOf = ({ ports }: CommandContext, requestId: string, label: Import['label']): string =>
  ports.identity.idFromText(`${requestId}\nlabel\n${canonicalJson(label)}`);

/** The events of a row: never run by anybody, for they have their answer with them. */
export const importRecords = async (
  context: CommandContext,
  row: Import,
  source: string,
  wanted: WantedEvents,
): Promise<NewRecord[]> => {
  const { ports, tenant, limits } = context;
  const requestId = requestIdOf(context, row);
  const record = <E extends PredictionEvent>(id: string, type: E['type'], data: E['data'], causationId?: string) =>
    encode(
      makeEvent<E>({
        ...{ id, source: eventSource, type, at: ports.identity.now(), tenant, subject: row.id },
        ...{ causationId, data },
      }),
    );
  const fits = (value: unknown): boolean => Buffer.byteLength(JSON.stringify(value)) <= limits.eventBytesMax;
  const records: NewRecord[] = [];
  if (wanted.request) {
    const { model, modelVersion: version, modelSha256: sha256, requestHash, input } = row;
    const { entity, referenceId, eventTime, context: beside } = row;
    const sent = fits(input) ? { input } : { inputRef: await storePayload(context, input) };
    records.push(
      record<PredictionRequested>(requestId, 'PredictionRequested', {
        ...{ model, version, sha256, pool: importedPool, role: 'imported', ...sent, requestHash },
        ...(entity === undefined ? undefined : { entity }),
        ...(referenceId === undefined ? undefined : { referenceId }),
        ...(eventTime === undefined ? undefined : { eventTime }),
        ...(beside === undefined ? undefined : { context: beside as Record<string, unknown> }),
        ...{ priority: 'normal', deadlineMs: limits.deadlineMsMax, imported: { source, at: row.predictedAt } },
      }),
    );
  }
  if (wanted.result) {
    const { output } = row;
    const id = ports.identity.idFromText(`${requestId}\nresult`);
    const data = fits(output) ? { output } : { outputRef: await storePayload(context, output) };
    records.push(record<PredictionEventOf<'PredictionSucceeded'>>(id, 'PredictionSucceeded', data, requestId));
  }
  if (wanted.label && row.label) {
    const id = labelIdOf(context, requestId, row.label);
    records.push(record<PredictionEventOf<'PredictionLabeled'>>(id, 'PredictionLabeled', row.label));
  }
  return records;
};
