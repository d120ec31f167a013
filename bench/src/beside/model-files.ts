import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { loopModelNames } from './loop-model-names.ts';

const file = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

export const sampleModel = (name: string): string => file(`samples/${name}/model.onnx`);
const testModel = (name: string): string => file(`tests/models/${name}.onnx`);

/** Folder of a peer's set-up, and one of its programs as it is built. */
export const peerFolder = (name: string): string => file(`bench/peers/${name}`);
export const peerProgram = (path: string): string => file(`bench/dist/peers/${path}.js`);

export interface GoldenRow {
  readonly input: Readonly<Record<string, unknown>>;
  readonly output: { readonly label: string; readonly probabilities: readonly number[] };
}

/** Rows of a sample model, and what it says of them. */
export const goldenRows = async (name: string): Promise<readonly GoldenRow[]> =>
  (await readFile(file(`samples/${name}/golden.ndjson`), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as GoldenRow);

/** A model that is compared with a bare loop. */
export interface LoopModel {
  readonly name: (typeof loopModelNames)[number];
  readonly file: string;
  readonly rows: readonly unknown[];
  /** Whether every Hindcast has it from the start. */
  readonly isSample: boolean;
}

const madeUpRows = 32;

const matrixModel = (name: 'linear' | 'mlp', columns: number): LoopModel => ({
  name,
  file: testModel(name),
  rows: Array.from({ length: madeUpRows }, (_, row) => Array.from({ length: columns }, (_, at) => Math.sin(row + at))),
  isSample: false,
});

const sampleLoopModel = async (name: 'breast-cancer' | 'churn'): Promise<LoopModel> => ({
  name,
  file: sampleModel(name),
  rows: (await goldenRows(name)).map(({ input }) => input),
  isSample: true,
});

export const loopModels: readonly LoopModel[] = [
  matrixModel('linear', 4),
  matrixModel('mlp', 16),
  await sampleLoopModel('breast-cancer'),
  await sampleLoopModel('churn'),
];
