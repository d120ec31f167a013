"""Files that registration refuses or flags: the runtime cannot load them, or what they answer cannot be replayed."""

import numpy as np
from onnx import ModelProto, TensorProto, ValueInfoProto
from onnx.helper import (
    make_map_type_proto,
    make_node,
    make_sequence_type_proto,
    make_tensor_type_proto,
    make_tensor_value_info,
    make_value_info,
)

from build import FLOAT, STRING, constant, graph, model, value
from plain_models import linear

X4 = value("x", FLOAT, "N", 4)
Y4 = value("y", FLOAT, "N", 4)
Y1 = value("y", FLOAT, "N", 1)


def external(name: str, location: str) -> TensorProto:
    """A float tensor [4, 1] whose bytes are said to lie in another file."""
    tensor = TensorProto(name=name, data_type=FLOAT, dims=[4, 1], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=location)
    return tensor


def map_of_classes(name: str) -> ValueInfoProto:
    """sequence(map(string, float)): what ZipMap gives."""
    scores = make_map_type_proto(STRING, make_tensor_type_proto(FLOAT, None))
    return make_value_info(name, make_sequence_type_proto(scores))


def if_any_positive(then_nodes: list, else_nodes: list) -> list:
    """Nodes that answer `y` = then or else, whichever holds for the whole batch; each side must give `y_then`, `y_else`."""
    shape = [make_tensor_value_info(name, FLOAT, None) for name in ("y_then", "y_else")]
    return [
        make_node("ReduceMax", ["x"], ["largest"], keepdims=0),
        make_node("Greater", ["largest", "zero"], ["positive"]),
        make_node(
            "If",
            ["positive"],
            ["y"],
            then_branch=graph("then", then_nodes, [], shape[:1]),
            else_branch=graph("else", else_nodes, [], shape[1:]),
        ),
    ]


def zipmap() -> ModelProto:
    """`x` float [N, 4] → `label` string [N], `probabilities` sequence of maps: a list the Node runtime cannot return."""
    nodes = [
        make_node(
            "LinearClassifier", ["x"], ["label", "scores"], domain="ai.onnx.ml",
            coefficients=[-1.0, -2.0, -3.0, -4.0, 1.0, 2.0, 3.0, 4.0], intercepts=[0.0, 0.0],
            classlabels_strings=["no", "yes"], post_transform="SOFTMAX",
        ),
        make_node("ZipMap", ["scores"], ["probabilities"], domain="ai.onnx.ml", classlabels_strings=["no", "yes"]),
    ]  # fmt: skip
    return model(graph("zipmap", nodes, [X4], [value("label", STRING, "N"), map_of_classes("probabilities")]))


def random() -> ModelProto:
    """`x` float [N, 4] → `y` = x + noise. It works, but the same input gives another answer each time."""
    nodes = [make_node("RandomNormalLike", ["x"], ["noise"]), make_node("Add", ["x", "noise"], ["y"])]
    return model(graph("random", nodes, [X4], [Y4]))


def random_nested() -> ModelProto:
    """`x` float [N, 4] → `y`: noise as soon as one number of the batch is positive; the operator is inside an If."""
    nodes = if_any_positive([make_node("RandomUniformLike", ["x"], ["y_then"])], [make_node("Identity", ["x"], ["y_else"])])
    return model(graph("random_nested", nodes, [X4], [Y4], [constant("zero", 0)]))


def custom_domain() -> ModelProto:
    """`x` float [N, 4] → `y` by an operator of the domain com.example, which no runtime has."""
    nodes = [make_node("Double", ["x"], ["y"], domain="com.example")]
    return model(graph("custom_domain", nodes, [X4], [Y4]), domains=["com.example"])


def external_data() -> ModelProto:
    """The weights are in `weights.bin`, which is not there."""
    nodes = [make_node("MatMul", ["x", "weights"], ["y"])]
    return model(graph("external_data", nodes, [X4], [Y1], [external("weights", "weights.bin")]))


def external_data_outside() -> ModelProto:
    """The weights are said to be in a file of the host, outside the model's folder."""
    nodes = [make_node("MatMul", ["x", "weights"], ["y"])]
    return model(graph("external_data_outside", nodes, [X4], [Y1], [external("weights", "/etc/passwd")]))


def external_data_nested() -> ModelProto:
    """The tensor with external data is the attribute of a Constant in the branch of an If: no initializer shows it."""
    then = [
        make_node("Constant", [], ["hidden"], value=external("hidden", "weights.bin")),
        make_node("MatMul", ["x", "hidden"], ["y_then"]),
    ]
    otherwise = [make_node("ReduceSum", ["x", "last"], ["y_else"], keepdims=1)]
    known = [constant("zero", 0), constant("last", [-1], np.int64)]
    return model(graph("external_data_nested", if_any_positive(then, otherwise), [X4], [Y1], known))


def future_opset() -> ModelProto:
    """The linear model, said to be of opset 99."""
    made = linear()
    made.opset_import[0].version = 99
    return made


def future_ir() -> ModelProto:
    """The linear model, said to be of IR version 99."""
    made = linear()
    made.ir_version = 99
    return made


def broken() -> bytes:
    """The first 100 bytes of the linear model: a transfer that was cut off."""
    return linear().SerializeToString(deterministic=True)[:100]


def not_onnx() -> bytes:
    """Text."""
    return b"This is not an ONNX model.\n"


def nan() -> ModelProto:
    """`x` float [N, 1] → `y` = log(x): NaN for a negative number, minus infinity for 0."""
    nodes = [make_node("Log", ["x"], ["y"])]
    return model(graph("nan", nodes, [value("x", FLOAT, "N", 1)], [Y1]))


def batch_mixing() -> ModelProto:
    """`x` float [N, 1] → `y` = x - mean of the batch: the answer for a row depends on its neighbours."""
    nodes = [make_node("ReduceMean", ["x"], ["mean"], axes=[0], keepdims=1), make_node("Sub", ["x", "mean"], ["y"])]
    return model(graph("batch_mixing", nodes, [value("x", FLOAT, "N", 1)], [Y1]))


REFUSED = {
    make.__name__: make
    for make in (
        zipmap, random, random_nested, custom_domain, external_data, external_data_outside, external_data_nested,
        future_opset, future_ir, broken, not_onnx, nan, batch_mixing,
    )
}  # fmt: skip
