/** Straight under the root of the sources: the built program lies as deep. */
export const sampleFile = (name: string): URL => new URL(`../../samples/${name}/model.onnx`, import.meta.url);
