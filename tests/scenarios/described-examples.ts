import { expect } from 'vitest';
import { clientOf, sampleFile } from './client.ts';
import type { Scenario } from './system.ts';

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly example?: unknown;
  readonly schema: { readonly examples?: readonly unknown[] };
}
interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly responses: Readonly<Record<string, unknown>>;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: {
    readonly content: { readonly 'application/json'?: { readonly schema: unknown } };
  };
}

/** Wherever the description has put them: beside the schema, in it, or in one of its alternatives. */
const examplesIn = (node: unknown): readonly unknown[] => {
  if (typeof node !== 'object' || node === null) return [];
  const { example, examples, schema, anyOf } = node as Readonly<Record<string, unknown>>;
  if (example !== undefined) return [example];
  if (Array.isArray(examples)) return examples;
  if (typeof examples === 'object' && examples !== null) {
    return Object.values(examples as Readonly<Record<string, { value: unknown }>>).map(({ value }) => value);
  }
  return Array.isArray(anyOf) ? anyOf.flatMap(examplesIn) : examplesIn(schema);
};

/** A prediction has to be there before something can happen to it, and what has ended is not canceled any more. */
const first = (path: string): number => (path.endsWith('/cancel') || path.endsWith('/labels') ? 1 : 0);

/** What balancers, monitors and readers of the description ask is not counted; all else can be refused as one too many. */
const isOfTheService = (path: string, { tags }: Operation): boolean =>
  tags.includes('Service') || path.startsWith('/v2/health/');

export const limitIsDescribed: Scenario = {
  title: 'every request that a limit can refuse says so in the description, and no other does',
  async run(start) {
    const { body } = await clientOf((await start()).url).request('GET', '/openapi.json');
    const { paths } = body as { paths: Record<string, Record<string, Operation>> };
    const described = Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) => ({ name: `${method} ${path}`, path, operation })),
    );
    const wrong = described.filter(
      ({ path, operation }) => isOfTheService(path, operation) === Object.hasOwn(operation.responses, '429'),
    );
    expect(wrong.map(({ name }) => name)).toEqual([]);
    expect(described.length).toBeGreaterThan(50);
  },
};

export const describedExamplesWork: Scenario = {
  title: 'requests of the description are accepted as they stand, once the sample is there',
  async run(start) {
    const client = clientOf((await start()).url);
    await client.addModel('churn', sampleFile('churn/model.onnx'));
    const { paths } = (await client.request('GET', '/openapi.json')).body as {
      paths: Record<string, Record<string, Operation>>;
    };
    const tried: string[] = [];
    for (const [path, operations] of Object.entries(paths).sort(([a], [b]) => first(a) - first(b))) {
      for (const [method, { operationId, parameters = [], requestBody }] of Object.entries(operations)) {
        const [body] = examplesIn(requestBody?.content['application/json']);
        if (body === undefined) continue;
        const given = (place: Parameter['in']) =>
          parameters
            .filter((parameter) => parameter.in === place && (place === 'path' || parameter.required))
            .map((parameter): [string, string] => [parameter.name, String(examplesIn(parameter)[0])]);
        const url = given('path').reduce((text, [name, value]) => text.replace(`{${name}}`, value), path);
        const headers = Object.fromEntries(given('header'));
        const answer = await client.request(method.toUpperCase(), url, { body, headers });
        const accepted = answer.status < 300 || (operationId === 'cancelPrediction' && answer.status === 409);
        expect([operationId, accepted ? 'accepted' : answer.body]).toEqual([operationId, 'accepted']);
        tried.push(operationId);
      }
    }
    expect(tried.sort()).toEqual([
      'addLabels',
      'backtest',
      'cancelPrediction',
      'createDataset',
      'infer',
      'inferWithVersion',
      'labelPrediction',
      'moveModelRouting',
      'predict',
      'putPrediction',
      'rebuildProjection',
      'requestPrediction',
      'verifyPredictions',
    ]);
  },
};
