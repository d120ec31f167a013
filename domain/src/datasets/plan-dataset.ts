import { type Static, Type } from '@sinclair/typebox';
import { TOPICS } from '../event-log.ts';
import { planReplay, type ReadableLog, type ReplayRefusal } from '../replay-plan.ts';
import type { DatasetPlan } from './dataset-cut.ts';
import type { DatasetExtractor } from './dataset-extractor.ts';
import { type DatasetSpec, datasetSpecSchema, labelPolicySchema, specMistake } from './dataset-spec.ts';

const { inputs, context, versions, roles, model, redact, format, sample, split, verified } =
  datasetSpecSchema.properties;
const { pick, maturityMs, absent } = labelPolicySchema.properties;
const closed = { additionalProperties: false } as const;
const time = (description: string) => Type.Optional(Type.String({ format: 'date-time', description }));
const positions = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 2_560, description }));
const salt = Type.Optional(sample.properties.salt);
const group = Type.Optional(sample.properties.group);

const { name, since: ms } = split.properties.holdout.properties;
const holdout = Type.Object(
  { name, since: Type.Union([Type.String({ format: 'date-time', description: 'Time, RFC 3339' }), ms]) },
  { ...closed, description: split.properties.holdout.description ?? '' },
);

/** What is asked of a data set; all but the model has a default. */
export const datasetRequestSchema = Type.Object(
  {
    model,
    versions,
    roles,
    since: time('Made at or after: when the log accepted it, or what was imported was made'),
    until: time('Made before, by the same time'),
    from: positions('Positions at which the cut begins (`0:0:117,0:1:98`); default: where the log begins'),
    to: positions('Positions before which it ends, of every partition; default: where the log ends now'),
    inputs,
    context,
    labels: Type.Optional(
      Type.Object({ pick: Type.Optional(pick), maturityMs, absent: Type.Optional(absent) }, closed),
    ),
    redact: Type.Optional(redact),
    sample: Type.Optional(Type.Object({ fraction: sample.properties.fraction, salt, group }, closed)),
    split: Type.Optional(
      Type.Object({ parts: split.properties.parts, salt, group, holdout: Type.Optional(holdout) }, closed),
    ),
    verified: Type.Optional(Type.Boolean({ description: verified.description ?? '' })),
    format: Type.Optional(format),
  },
  {
    ...closed,
    examples: [
      {
        model: 'churn',
        labels: { pick: 'latest', absent: { afterMs: 7_776_000_000, value: 'no' } },
        split: {
          parts: [
            { name: 'train', share: 0.8 },
            { name: 'test', share: 0.2 },
          ],
        },
      },
    ],
  },
);
export type DatasetRequest = Static<typeof datasetRequestSchema>;

export type PlannedDataset =
  | { readonly ok: true; readonly plan: DatasetPlan }
  | { readonly ok: false; readonly refusal: ReplayRefusal };

const malformed = (detail: string): PlannedDataset => ({ ok: false, refusal: { code: 'malformed', detail } });

/** Fixes what a request leaves open: its defaults, and "now" as positions of the log. */
export const planDataset = async (
  log: ReadableLog,
  request: DatasetRequest,
  {
    tenant,
    extractor,
    redactionKeyId,
  }: {
    readonly tenant: string;
    readonly extractor: Pick<DatasetExtractor, 'name' | 'formats'>;
    readonly redactionKeyId: string | undefined;
  },
): Promise<PlannedDataset> => {
  const spec = specOf(request, tenant);
  const mistake = specMistake(spec);
  if (mistake !== undefined) return malformed(mistake);
  if (!extractor.formats.includes(spec.format)) return malformed(`${spec.format} cannot be written here.`);
  const hashes = spec.redact.some(({ how }) => how === 'hmac');
  if (hashes && redactionKeyId === undefined)
    return malformed(
      'There is no key for hmac: set HINDCAST_REDACTION_KEY where commands are taken and where jobs run.',
    );
  const topic = TOPICS.predictions;
  const { from, to } = request;
  const range = await planReplay(log, { topic, ...(from && { from }), ...(to && { to }) });
  if (!range.ok) return range;
  const logId = (await log.bounds(topic))[0]?.logId ?? '';
  const bounds = await log.bounds(topic);
  const gone = range.cut.find(
    (part) => part.from < (bounds.find(({ partition }) => partition === part.partition)?.start ?? 0),
  );
  if (gone)
    return {
      ok: false,
      refusal: { code: 'gone', detail: `Partition ${gone.partition} begins behind offset ${gone.from}.` },
    };
  const cut = {
    topic,
    logId,
    epoch: range.epoch,
    ranges: range.cut.map((part) => ({ ...part, to: Math.max(part.from, part.to) })),
  };
  return { ok: true, plan: { spec, cut, extractor: extractor.name, ...(hashes && { redactionKeyId }) } };
};

const specOf = (request: DatasetRequest, tenant: string): DatasetSpec => {
  const { since, until, labels, sample: sampled, split: parted, redact: redacted, format: asked } = request;
  const { model: name, versions: of, roles: as, inputs: only, context: beside } = request;
  return {
    tenant,
    model: name,
    ...(of && { versions: [...new Set(of)].sort((a, b) => a - b) }),
    ...(as && { roles: [...new Set(as)].sort() }),
    ...(since !== undefined && { since: msOf(since) }),
    ...(until !== undefined && { until: msOf(until) }),
    ...(only && { inputs: only }),
    ...(beside && { context: beside }),
    labels: { pick: 'latest', absent: 'drop', ...labels },
    redact: redacted ?? [],
    ...(sampled && { sample: { salt: '', group: 'entity' as const, ...sampled } }),
    ...(parted && { split: splitOf(parted) }),
    ...(request.verified && { verified: true as const }),
    format: asked ?? 'parquet',
  };
};

const splitOf = ({ holdout: newest, ...parted }: NonNullable<DatasetRequest['split']>) => ({
  ...{ salt: '', group: 'entity' as const, ...parted },
  ...(newest && { holdout: { ...newest, since: msOf(newest.since) } }),
});

const msOf = (time: string | number): number => (typeof time === 'number' ? time : Date.parse(time));
