import { DEFAULT_TENANT, type DomainEvent, type EventType, makeEvent } from '@hindcast/domain';

type EventNamed<T extends EventType> = Extract<DomainEvent, { type: T }>;
type ExampleData = { readonly [T in EventType]: EventNamed<T>['data'] };

const digest = (pair: string): string => pair.repeat(32);
const modelDigest = digest('5d');
const failure = { code: 'model_crashed', detail: 'The process died while it ran the model: it was ended by SIGSEGV.' };

const predictionId = '0198c2f0-5a3e-7cc1-9d3a-2f1f0f6f1a11';

/** What happens to one prediction, one model and one job, or could. */
const exampleData: ExampleData = {
  LogOpened: { logId: '0198c2ef-1d00-7a41-8f3e-6a5b4c3d2e1f', epoch: 0, partition: 7, partitions: 12 },
  PredictionRequested: {
    model: 'churn',
    version: 1,
    sha256: modelDigest,
    pool: 'default',
    role: 'champion',
    share: 1,
    input: { tenure_months: 30, monthly_charges: 53.91, plan: 'plus' },
    requestHash: digest('a1'),
    entity: 'customer-17',
    priority: 'normal',
    deadlineMs: 60_000,
  },
  PredictionAttemptStarted: { attempt: 1, reason: 'long_running', worker: '0198c2ef-2b10-7d02-a4c1-9e8d7c6b5a40' },
  PredictionSucceeded: {
    output: { probabilities: { stays: 0.75, leaves: 0.25 }, decision: false },
    provenance: {
      sha256: modelDigest,
      runtime: 'onnxruntime-node/1.30.0',
      threads: 1,
      batchSize: 8,
      batchIndex: 3,
      inputHash: digest('b2'),
      outputHash: digest('c3'),
    },
    queuedMs: 1,
    inferenceMs: 0.412,
  },
  PredictionFailed: { error: failure, queuedMs: 2 },
  PredictionCanceled: { reason: 'The customer has left.' },
  PredictionExpired: { deadlineMs: 60_000 },
  PredictionLabeled: { value: true, occurredAt: '2026-04-01T00:00:00Z', source: 'billing' },
  LabelReported: { referenceId: 'order-1842', value: true, occurredAt: '2026-04-01T00:00:00Z', source: 'billing' },
  LabelMatched: { report: '0198c2f0-5a51-7b09-b1e4-3c2d1e0f9a8b', predictionId },
  ModelRegistered: {
    sha256: modelDigest,
    bytes: 48_213,
    description: 'Who leaves within a month.',
    signature: {
      batched: true,
      inputs: [{ name: 'x', datatype: 'float32', shape: [null, 2] }],
      outputs: [{ name: 'probabilities', datatype: 'float32', shape: [null, 2] }],
      features: [
        { name: 'tenure_months', input: 'x', datatype: 'float32', shape: [], column: 0, missing: 'nan' },
        {
          name: 'late_payments',
          input: 'x',
          datatype: 'float32',
          shape: [],
          column: 1,
          default: 0,
          missing: 'default',
        },
      ],
      classes: ['stays', 'leaves'],
      threshold: 0.4,
      replayable: true,
    },
    settings: { pool: 'default', deadlineMs: 60_000, timeoutMs: 10_000, batchMax: 256 },
    example: { tenure_months: 30 },
    opset: { '': 17, 'ai.onnx.ml': 3 },
    irVersion: 8,
  },
  ModelRoutingMoved: { routing: { champion: 1, canary: [{ version: 2, share: 0.1 }] }, base: 2 },
  ModelPaused: { reason: 'Its data source is down.' },
  ModelResumed: {},
  ModelVersionRetired: { version: 1 },
  ModelVersionQuarantined: { sha256: modelDigest, error: failure },
  AuditCheckpointSigned: {
    note:
      'hindcast/0198c2ef-1d00-7a41-8f3e-6a5b4c3d2e1f/0/hindcast.predictions.v1/7\n3\nRZf…\n\n' +
      '— hindcast/0198c2ef-1d00-7a41-8f3e-6a5b4c3d2e1f ncR…\n',
    key: 'hindcast/0198c2ef-1d00-7a41-8f3e-6a5b4c3d2e1f+9dc4…+AepK…',
    size: 3,
    from: 1,
    peaks: ['nEP1O6EwE8y8S1zJ1z8hUjUBZL3SzCJeWTZoUe9xzAE='],
    marks: 'q83vEg==',
  },
  JobRequested: { kind: 'projection-rebuild', spec: { projection: 'prediction-status', dryRun: false } },
  JobStarted: { runner: '0198c2ef-2b10-7d02-a4c1-9e8d7c6b5a40', attempt: 1 },
  JobProgressed: { attempt: 1, done: 24_400, total: 90_000, unit: 'records', detail: 'filling' },
  JobReleased: { runner: '0198c2ef-2b10-7d02-a4c1-9e8d7c6b5a40', attempt: 1 },
  JobSucceeded: { attempt: 2, result: { generation: 2, promoted: true } },
  JobFailed: {
    attempt: 3,
    code: 'job_lost',
    detail: 'Its process was lost 3 times, and it came no further in between.',
  },
  JobCanceled: { reason: 'At the wrong time.' },
};

const requestId = '0198c2f0-5a3e-7cc1-9d3a-2f1f0f6f1a12';
const exampleTime = Date.UTC(2026, 2, 1, 12);

const sourceOf = (type: EventType): string => {
  switch (type) {
    case 'LogOpened':
      return '/hindcast/log';
    case 'PredictionExpired':
      return '/hindcast/keeper';
    case 'LabelMatched':
      return '/hindcast/projector';
    case 'AuditCheckpointSigned':
      return '/hindcast/notary';
    case 'PredictionAttemptStarted':
    case 'PredictionSucceeded':
    case 'PredictionFailed':
    case 'ModelVersionQuarantined':
      return '/hindcast/worker';
    case 'JobStarted':
    case 'JobProgressed':
    case 'JobReleased':
    case 'JobSucceeded':
    case 'JobFailed':
      return '/hindcast/job-runner';
    default:
      return '/hindcast/command-api';
  }
};

const subjectOf = (type: EventType): string => {
  if (type === 'LogOpened') return 'log-7';
  if (type === 'AuditCheckpointSigned') return 'hindcast.predictions.v1/7';
  if (type.startsWith('Job')) return 'ac9a2a70-8c42-5b3c-9d6a-0f3d3c1f7b52';
  if (type.startsWith('Label')) return '@reference:order-1842';
  return type.startsWith('Model') ? 'churn' : predictionId;
};

/** Requests and labels stand for themselves; what else happens to a prediction or a job answers its request. */
const answers = (type: EventType): boolean =>
  (type.startsWith('Prediction') && type !== 'PredictionRequested' && type !== 'PredictionLabeled') ||
  (type.startsWith('Job') && type !== 'JobRequested');

/** An event of this type as the log could hold it. */
export const exampleEvent = (type: EventType): DomainEvent =>
  makeEvent({
    id: type === 'PredictionRequested' || type === 'JobRequested' ? requestId : '0198c2f0-5a51-7b09-b1e4-3c2d1e0f9a8b',
    source: sourceOf(type),
    type,
    at: exampleTime,
    tenant: DEFAULT_TENANT,
    subject: subjectOf(type),
    causationId: answers(type) ? requestId : undefined,
    data: exampleData[type],
  });
