import type { ModelProto, NodeProto } from 'onnx-buf';
import { visitModel } from './scan-model-graphs.ts';

const classifierOperators: readonly string[] = ['LinearClassifier', 'TreeEnsembleClassifier', 'SVMClassifier'];
/** The operators do not agree on the name of their integer labels. */
const integerLabels: readonly string[] = ['classlabels_ints', 'classlabels_int64s'];
const classesMax = 10_000;

/**
 * The labels of the one classifier of the file, in the order of its scores; undefined where there is none, or several: the
 * parts of an ensemble count classes in their own way.
 */
export const classesOf = (model: ModelProto): readonly string[] | undefined => {
  const classifiers: NodeProto[] = [];
  visitModel(model, {
    tensor() {},
    node(node) {
      if (node.domain === 'ai.onnx.ml' && classifierOperators.includes(node.opType)) classifiers.push(node);
    },
  });
  const [only, ...others] = classifiers;
  if (!only || others.length > 0) return undefined;
  const labels = labelsOf(only);
  return labels.length > 0 && labels.length <= classesMax ? labels : undefined;
};

const labelsOf = ({ attribute }: NodeProto): readonly string[] => {
  const texts = attribute.find(({ name }) => name === 'classlabels_strings')?.strings ?? [];
  if (texts.length > 0) return texts.map((text) => new TextDecoder().decode(text));
  return (attribute.find(({ name }) => integerLabels.includes(name))?.ints ?? []).map(String);
};
