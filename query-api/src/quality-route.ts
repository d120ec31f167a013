import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { answers, modelNameSchema, modelVersionNumber, problem } from '@hindcast/adapters/http';
import {
  classOfVersion,
  DEFAULT_TENANT,
  findVersion,
  keyOf,
  MATURITIES,
  type Maturity,
  type ModelSignature,
  unknownModelDetail,
  type ViewReader,
  versionsOf,
} from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import { type AbsentPolicy, createQualitySummary } from './quality-summary.ts';
import type { QueryPorts } from './query-ports.ts';
import { timeOf, timeParameter } from './time-parameter.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** A year and a day, read a day at a time. */
const daysMax = 366;
const daysDefault = 90;
/** By the hour there is a line for each. */
const daysByHourDefault = 30;
const groupsMax = 1_000;

const count = Type.Integer();
const share = Type.Union([Type.Number(), Type.Null()]);

const classesSchema = Type.Object(
  {
    n: count,
    weight: Type.Number(),
    accuracy: share,
    decisionAccuracy: share,
    brier: share,
    logLoss: share,
    auc: share,
    aucError: share,
    confusion: Type.Array(Type.Object({ predicted: Type.String(), actual: Type.String(), weight: Type.Number() })),
  },
  {
    description:
      'Where the output is a class or its probabilities. The area under the ROC curve is of scores in hundredths, and is off by aucError at most; losses have a resolution of a millionth',
  },
);
const numbersSchema = Type.Object(
  { n: count, weight: Type.Number(), mae: share, rmse: share, bias: share, equal: share },
  { description: 'Where the output is a number: errors are predicted minus actual, in millionths' },
);
const rowSchema = Type.Object(
  {
    version: Type.Integer(),
    since: Type.Optional(Type.String({ format: 'date-time' })),
    accepted: count,
    immature: Type.Integer({ description: 'Too young for the maturity that was asked for, and counted nowhere else' }),
    succeeded: count,
    labeled: Type.Integer({ description: 'Succeeded ones that have a label' }),
    coverage: Type.Union([Type.Number(), Type.Null()], { description: 'Share of the succeeded ones with a label' }),
    labeledWithin: Type.Record(Type.String(), count, {
      description: 'Labels by how long after the accept they came, also those that came too late for the maturity',
    }),
    absent: Type.Integer({ description: 'Counted as if they had the label of the policy' }),
    unscorable: Type.Integer({ description: 'Labels that cannot be compared with the output' }),
    classes: Type.Optional(classesSchema),
    numbers: Type.Optional(numbersSchema),
  },
  { $id: 'QualityRow', description: 'How good a version was, as far as labels tell' },
);

const duration = /^(\d{1,6})([hd])$/;

const absentOf = (
  absent: string | undefined,
  after: string | undefined,
  signatureOf: (version: number) => ModelSignature | undefined,
): AbsentPolicy | undefined => {
  const [, amount, unit] = duration.exec(after ?? '90d') ?? [];
  const afterMs = Number(amount) * (unit === 'd' ? dayMs : hourMs);
  if (absent === undefined || absent === 'drop') return undefined;
  const value = labelOf(absent);
  // The sums do not have the order of the classes, by which a number means one.
  const valueFor = (version: number) => {
    const signature = signatureOf(version);
    return (signature && classOfVersion(signature, value)) ?? value;
  };
  return { valueFor, afterMs };
};

/** `0`, `true` and `"yes"` are JSON, `yes` is the text that it looks like. */
const labelOf = (text: string): string | number | boolean => {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') return value;
  } catch {
    return text;
  }
  throw problem('invalid-parameter', 'absent must be drop, or a text, a number or a boolean.', {
    errors: [{ pointer: 'absent', detail: 'Expected drop or a label.' }],
  });
};

const description = `Counts and metrics by model version, over the hours in which the requests were accepted, from sums that are kept as labels come.
A correction takes away what it corrects. With \`maturity\` only labels count that came within that time, as they were known then, and only requests that are
at least that old: versions of different age can be compared. With \`absent\` requests older than \`after\` that have no label count as if they had this one.`;

export const qualityRoute =
  ({ identity }: QueryPorts, views: ViewReader): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get(
      '/v1/models/:name/quality',
      {
        schema: {
          operationId: 'getModelQuality',
          summary: 'How good a model was: label coverage and metrics by version',
          description,
          tags: ['Labels'],
          params: Type.Object({ name: modelNameSchema }),
          querystring: Type.Object(
            {
              version: Type.Optional(modelVersionNumber),
              since: timeParameter(
                `Default: ${daysDefault} days before until, ${daysByHourDefault} by the hour. Rounded down to the hour`,
              ),
              until: timeParameter('Default: now'),
              maturity: Type.Optional(
                Type.Union(
                  MATURITIES.map((name) => Type.Literal(name)),
                  { description: 'Default: everything that is known' },
                ),
              ),
              absent: Type.Optional(
                Type.String({ minLength: 1, maxLength: 256, examples: ['drop', '0'], description: 'Default: drop' }),
              ),
              after: Type.Optional(
                Type.String({
                  pattern: duration.source,
                  examples: ['90d'],
                  description: 'Hours or days. Default: 90d',
                }),
              ),
              groupBy: Type.Optional(Type.Union([Type.Literal('hour'), Type.Literal('day')])),
            },
            { additionalProperties: false },
          ),
          response: answers(
            {
              200: Type.Object(
                { data: Type.Array(rowSchema), since: Type.String(), until: Type.String() },
                { description: 'By version, and by hour or day of accept where asked' },
              ),
            },
            'unknown-model',
            'unknown-model-version',
            'store-unavailable',
          ),
        },
      },
      async (request, reply) => {
        const { query } = request;
        const { name: model } = request.params;
        const now = identity.now();
        const until = timeOf('until', query.until) ?? now + 1;
        const asked =
          timeOf('since', query.since) ?? until - (query.groupBy === 'hour' ? daysByHourDefault : daysDefault) * dayMs;
        const since = Math.floor(asked / hourMs) * hourMs;
        const spanMs = until - since;
        const isTooLong = query.groupBy === 'hour' ? spanMs > groupsMax * hourMs : spanMs > (daysMax + 1) * dayMs;
        if (isTooLong) {
          const most = query.groupBy === 'hour' ? `${groupsMax} hours` : `${daysMax} days`;
          throw problem('invalid-parameter', `since and until are more than ${most} apart.`, {
            errors: [{ pointer: 'since', detail: `At most ${most} are answered at once.` }],
          });
        }
        const doc = await views.model(keyOf(DEFAULT_TENANT, model));
        if (!doc || doc.state.versions.length === 0) {
          const known = (await views.models(DEFAULT_TENANT)).map((one) => one.name);
          const kept = 'Quality is kept of models that are registered here: imports of others are not in it.';
          throw problem('unknown-model', `${unknownModelDetail(model, known)} ${kept}`);
        }
        const { maturity, groupBy } = query;
        const signatureOf = (version: number) => findVersion(doc.state, version)?.signature;
        const absent = absentOf(query.absent, query.after, signatureOf);
        const summary = createQualitySummary({ now, maturity: maturity as Maturity | undefined, absent, groupBy });
        for (let from = since; from < until; from += dayMs) {
          const page = { tenant: DEFAULT_TENANT, model, since: from, until: Math.min(until, from + dayMs) };
          const docs = await views.quality(page);
          summary.add(query.version === undefined ? docs : docs.filter(({ version }) => version === query.version));
        }
        const data = summary.rows((version) => signatureOf(version)?.classes?.at(-1));
        // Imports may be of versions that were never registered here.
        if (data.length === 0 && query.version !== undefined && !findVersion(doc.state, query.version))
          throw problem('unknown-model-version', versionsOf(model, doc.state));
        return reply.header('cache-control', 'no-store').send({
          data,
          since: new Date(since).toISOString(),
          until: new Date(until).toISOString(),
        });
      },
    );
  };
