"""Short words for building small graphs."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, DTypeLike
from onnx import FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

OPSET = 17
ML_OPSET = 3
IR_VERSION = 8
Dimension = int | str | None
FLOAT, INT64, BOOL, STRING = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL, TensorProto.STRING


def value(name: str, dtype: int, *shape: Dimension) -> ValueInfoProto:
    """A tensor of the graph's signature; "N" names the batch dimension."""
    return helper.make_tensor_value_info(name, dtype, list(shape))


def constant(name: str, data: ArrayLike, dtype: DTypeLike = np.float32) -> TensorProto:
    """An initializer."""
    return numpy_helper.from_array(np.asarray(data, dtype), name)


def graph(
    name: str,
    nodes: Sequence[NodeProto],
    inputs: Sequence[ValueInfoProto],
    outputs: Sequence[ValueInfoProto],
    initializers: Sequence[TensorProto] = (),
) -> GraphProto:
    """A graph, of a model or of a Loop or If."""
    return helper.make_graph(list(nodes), name, list(inputs), list(outputs), list(initializers))


def model(
    body: GraphProto,
    opset: int = OPSET,
    ir: int = IR_VERSION,
    functions: Sequence[FunctionProto] = (),
    domains: Sequence[str] = (),
) -> ModelProto:
    """A model of the default opset and ai.onnx.ml; `domains` are imported at version 1."""
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    imports += [helper.make_opsetid(domain, 1) for domain in domains]
    return helper.make_model(body, producer_name="hindcast-tests", ir_version=ir, opset_imports=imports, functions=list(functions))
