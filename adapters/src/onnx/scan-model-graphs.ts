import type { GraphProto, ModelProto, NodeProto, SparseTensorProto, TensorProto } from 'onnx-buf';

/** Everything that can hide in a model, wherever it is nested. */
export interface ModelVisitor {
  node(node: NodeProto, constants: readonly TensorProto[]): void;
  tensor(tensor: TensorProto): void;
}

/**
 * Visits each node and tensor of the graph, of the training graphs, of the bodies of local functions and of graphs in
 * attributes. The parser bounds the depth of nesting.
 */
export const visitModel = (model: ModelProto, visitor: ModelVisitor): void => {
  const visitSparse = (sparse: SparseTensorProto): void => {
    if (sparse.values) visitor.tensor(sparse.values);
    if (sparse.indices) visitor.tensor(sparse.indices);
  };
  const visitAttributes = (attributes: NodeProto['attribute']): void => {
    for (const attribute of attributes) {
      if (attribute.t) visitor.tensor(attribute.t);
      if (attribute.sparseTensor) visitSparse(attribute.sparseTensor);
      if (attribute.g) visitGraph(attribute.g);
      attribute.tensors.forEach(visitor.tensor);
      attribute.sparseTensors.forEach(visitSparse);
      attribute.graphs.forEach(visitGraph);
    }
  };
  const visitNodes = (nodes: readonly NodeProto[], constants: readonly TensorProto[]): void => {
    for (const node of nodes) {
      visitor.node(node, constants);
      visitAttributes(node.attribute);
    }
  };
  const visitGraph = (graph: GraphProto): void => {
    graph.initializer.forEach(visitor.tensor);
    graph.sparseInitializer.forEach(visitSparse);
    visitNodes(graph.node, graph.initializer);
  };

  if (model.graph) visitGraph(model.graph);
  for (const training of model.trainingInfo) {
    if (training.initialization) visitGraph(training.initialization);
    if (training.algorithm) visitGraph(training.algorithm);
  }
  for (const local of model.functions) {
    visitAttributes(local.attributeProto);
    visitNodes(local.node, []);
  }
};
