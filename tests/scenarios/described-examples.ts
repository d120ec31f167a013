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
