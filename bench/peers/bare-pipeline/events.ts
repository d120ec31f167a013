import { createHash, randomUUID } from 'node:crypto';
import type { Row } from '../session-run/feeds.ts';
import type { ViewRow } from './view-thread.ts';

const hashOf = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

export interface Model {
  readonly name: string;
  readonly sha256: string;
}

/** Neighbours in time are neighbours in an index, as Hindcast's are: https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7 */
const orderedId = (at: number): string => {
  const time = at.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
};

/** Forms and lengths are those of Hindcast's events: https://github.com/cloudevents/spec, with an extension each for tenant and key. */
const envelope = (type: string, source: string, subject: string, at: number) => ({
  specversion: '1.0',
  id: orderedId(at),
  source: `/hindcast/${source}`,
  type,
  dataschema: `urn:hindcast:schema:${type}:1`,
  datacontenttype: 'application/json',
  time: new Date(at).toISOString(),
  subject,
  tenant: 'default',
  partitionkey: `default/${subject}`,
});

export const requested = (model: Model, input: Row) => {
  const at = Date.now();
  return {
    at,
    event: {
      ...envelope('PredictionRequested', 'command-api', orderedId(at), at),
      data: {
        model: model.name,
        version: 1,
        sha256: model.sha256,
        pool: 'default',
        role: 'champion',
        requestHash: hashOf({ model: model.name, input }),
        priority: 'normal',
        deadlineMs: 600_000,
        input,
        share: 1,
      },
    },
  };
};
export type Requested = ReturnType<typeof requested>;

export interface Ran {
  readonly output: unknown;
  readonly rowsInRun: number;
  readonly place: number;
  readonly inferenceMs: number;
}

export const succeeded = (
  { event: request, at: requestedAt }: Requested,
  { output, rowsInRun, place, inferenceMs }: Ran,
) => {
  const at = Date.now();
  return {
    at,
    event: {
      ...envelope('PredictionSucceeded', 'worker', request.subject, at),
      causationid: request.id,
      data: {
        output,
        provenance: {
          sha256: request.data.sha256,
          runtime: 'onnxruntime-node/1.30.0',
          threads: 1,
          batchSize: rowsInRun,
          batchIndex: place,
          inputHash: hashOf(request.data.input),
          outputHash: hashOf(output),
        },
        queuedMs: at - requestedAt,
        inferenceMs,
      },
    },
  };
};

const kept = ({
  event: { type, id },
  at,
}: {
  readonly event: { readonly type: string; readonly id: string };
  readonly at: number;
}) => [type, id, 1, at, 'accepted'] as const;

export const viewRowOf = (request: Requested, end: ReturnType<typeof succeeded>, offset: number): ViewRow => {
  const { data } = request.event;
  const { output, provenance, queuedMs, inferenceMs } = end.event.data;
  const body = [
    [0, [], [...kept(request), ...kept(end)]],
    [
      1,
      request.event.id,
      data.requestHash,
      data.sha256,
      data.pool,
      data.role,
      data.priority,
      data.deadlineMs,
      data.share,
    ],
    [end.at, [output], queuedMs, inferenceMs, Object.values(provenance)],
  ];
  const { partitionkey, tenant } = request.event;
  const columns = [
    partitionkey,
    tenant,
    0,
    0,
    offset,
    'succeeded',
    request.at,
    data.model,
    data.version,
    null,
    null,
    null,
  ];
  return [...columns, JSON.stringify(body)];
};
