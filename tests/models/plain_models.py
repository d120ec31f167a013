"""Models that load and run: each has one peculiarity of signature."""

import numpy as np
from onnx import ModelProto, TensorProto
from onnx.helper import make_node

from build import BOOL, FLOAT, INT64, constant, graph, model, value

ECHO_DTYPES = {
    "float": TensorProto.FLOAT,
    "double": TensorProto.DOUBLE,
    "float16": TensorProto.FLOAT16,
    "int8": TensorProto.INT8,
    "int16": TensorProto.INT16,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "uint8": TensorProto.UINT8,
    "uint16": TensorProto.UINT16,
    "uint32": TensorProto.UINT32,
    "uint64": TensorProto.UINT64,
    "bool": TensorProto.BOOL,
    "string": TensorProto.STRING,
}


def echo_types() -> ModelProto:
    """`in_<dtype>` [N, 1] comes back as `out_<dtype>` [N, 1], for every dtype."""
    nodes = [make_node("Identity", [f"in_{name}"], [f"out_{name}"]) for name in ECHO_DTYPES]
    inputs = [value(f"in_{name}", dtype, "N", 1) for name, dtype in ECHO_DTYPES.items()]
    outputs = [value(f"out_{name}", dtype, "N", 1) for name, dtype in ECHO_DTYPES.items()]
    return model(graph("echo_types", nodes, inputs, outputs))


def linear() -> ModelProto:
    """`x` float [N, 4] → `y` float [N, 1] = x · [1, 2, 3, 4] + 0.5. No metadata: columns have no names."""
    nodes = [make_node("Gemm", ["x", "weights", "bias"], ["y"])]
    known = [constant("weights", [[1], [2], [3], [4]]), constant("bias", [0.5])]
    return model(graph("linear", nodes, [value("x", FLOAT, "N", 4)], [value("y", FLOAT, "N", 1)], known))


def linear_no_batch() -> ModelProto:
    """`x` float [2, 2] → `y` float [2, 2] = x · [[1, 2], [3, 4]]. No batch dimension: one request is the whole tensor."""
    nodes = [make_node("MatMul", ["x", "weights"], ["y"])]
    known = [constant("weights", [[1, 2], [3, 4]])]
    return model(graph("linear_no_batch", nodes, [value("x", FLOAT, 2, 2)], [value("y", FLOAT, 2, 2)], known))


def sequence() -> ModelProto:
    """`x` float [N, seq] → `mean` float [N, 1]. `seq` may differ from batch to batch but not inside one."""
    nodes = [make_node("ReduceMean", ["x"], ["mean"], axes=[1], keepdims=1)]
    return model(graph("sequence", nodes, [value("x", FLOAT, "N", "seq")], [value("mean", FLOAT, "N", 1)]))


def image() -> ModelProto:
    """`x` float [N, 3, 4, 4] → `y` float [N, 2]: the mean of each channel, then [mean of all, red minus blue]."""
    nodes = [make_node("ReduceMean", ["x"], ["channels"], axes=[2, 3], keepdims=0), make_node("MatMul", ["channels", "weights"], ["y"])]
    known = [constant("weights", [[1 / 3, 1], [1 / 3, 0], [1 / 3, -1]])]
    return model(graph("image", nodes, [value("x", FLOAT, "N", 3, 4, 4)], [value("y", FLOAT, "N", 2)], known))


def two_outputs() -> ModelProto:
    """`x` float [N, 4] → `sum` float [N], `doubled` float [N, 4], `outer` float [N, 4, 4], `largest` int64 [N, 1],
    `positive` bool [N, 4]."""
    nodes = [
        make_node("ReduceSum", ["x", "last"], ["sum"], keepdims=0),
        make_node("Add", ["x", "x"], ["doubled"]),
        make_node("Unsqueeze", ["x", "last"], ["column"]),
        make_node("Unsqueeze", ["x", "middle"], ["row"]),
        make_node("Mul", ["column", "row"], ["outer"]),
        make_node("ArgMax", ["x"], ["largest"], axis=1, keepdims=1),
        make_node("Greater", ["x", "zero"], ["positive"]),
    ]
    outputs = [
        value("sum", FLOAT, "N"),
        value("doubled", FLOAT, "N", 4),
        value("outer", FLOAT, "N", 4, 4),
        value("largest", INT64, "N", 1),
        value("positive", BOOL, "N", 4),
    ]
    known = [constant("last", [-1], np.int64), constant("middle", [1], np.int64), constant("zero", 0)]
    return model(graph("two_outputs", nodes, [value("x", FLOAT, "N", 4)], outputs, known))


def mlp() -> ModelProto:
    """`x` float [N, 16] → `y` float [N, 1]: 32 hidden units with ReLU. Seeded weights, for speed measurements."""
    random = np.random.Generator(np.random.PCG64(16))
    nodes = [
        make_node("Gemm", ["x", "w1", "b1"], ["hidden"]),
        make_node("Relu", ["hidden"], ["active"]),
        make_node("Gemm", ["active", "w2", "b2"], ["y"]),
    ]
    known = [
        constant("w1", random.normal(0, 0.25, (16, 32))),
        constant("b1", random.normal(0, 0.1, 32)),
        constant("w2", random.normal(0, 0.2, (32, 1))),
        constant("b2", [0.1]),
    ]
    return model(graph("mlp", nodes, [value("x", FLOAT, "N", 16)], [value("y", FLOAT, "N", 1)], known))


PLAIN = {make.__name__: make for make in (echo_types, linear, linear_no_batch, sequence, image, two_outputs, mlp)}
