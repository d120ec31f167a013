import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** The sample model `churn` and requests for it, made of its golden inputs. */
export const model = 'churn';
export const itemsPerBatch = 100;

/** A measure asks one model, which may have half of what may be open: none of its requests is to be refused. */
export const openMaxFor = (predictions: number): number => 2 * predictions;

const sample = (name: string) => fileURLToPath(new URL(`../../samples/${model}/${name}`, import.meta.url));

export const inputs: readonly unknown[] = (await readFile(sample('golden.ndjson'), 'utf8'))
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line).input as unknown);

export const single = inputs.map((input) => JSON.stringify({ model, input }));
export const batch = [
  JSON.stringify({
    model,
    items: Array.from({ length: itemsPerBatch }, (_, at) => ({ input: inputs[at % inputs.length] })),
  }),
];

export const modelFile = (): Promise<Uint8Array<ArrayBuffer>> => readFile(sample('model.onnx'));
