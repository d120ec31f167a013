"""Models that hang, eat memory or crash. Run them only in a process that may die."""

import numpy as np
from onnx import FunctionProto, ModelProto, NodeProto, helper
from onnx.helper import make_node

from build import BOOL, FLOAT, INT64, OPSET, constant, graph, model, value

X = value("x", FLOAT, "N", 1)
Y = value("y", FLOAT, "N", 1)
INT64_MIN = -(2**63)
LOCAL = "local"
SLOW_SIDE = 16


def loop(trips: str, go_on: str, state: str, result: str, work: list[NodeProto]) -> NodeProto:
    """A Loop from `state` to `result`; `work` makes `state_out` from `state_in`. It ends after `trips` ("" is never) or
    when `go_on` is false, and `go_on` does not change inside."""
    nodes = [make_node("Identity", [go_on], ["go_on_out"]), *work]
    inputs = [value("trip", INT64), value("go_on_in", BOOL), helper.make_tensor_value_info("state_in", FLOAT, None)]
    outputs = [value("go_on_out", BOOL), helper.make_tensor_value_info("state_out", FLOAT, None)]
    return make_node("Loop", [trips, go_on, state], [result], body=graph("body", nodes, inputs, outputs))


def endless_loop() -> ModelProto:
    """`x` float [N, 1] → `y` = x, at once when every x is above 0; else never. Registration can try it with 1."""
    nodes = [
        make_node("ReduceMin", ["x"], ["smallest"], keepdims=0),
        make_node("LessOrEqual", ["smallest", "zero"], ["for_ever"]),
        loop("", "for_ever", "x", "y", [make_node("Identity", ["state_in"], ["state_out"])]),
    ]
    return model(graph("endless_loop", nodes, [X], [Y], [constant("zero", 0)]))


def endless_loop_always() -> ModelProto:
    """`x` float [N, 1] → never."""
    nodes = [loop("", "for_ever", "x", "y", [make_node("Identity", ["state_in"], ["state_out"])])]
    return model(graph("endless_loop_always", nodes, [X], [Y], [constant("for_ever", True, np.bool_)]))


def slow() -> ModelProto:
    """`iterations` int64 [N, 1] → `y` float [N, 1] = 1. Each iteration is a MatMul [16, 16]; those of the rows add up."""
    average = np.full((SLOW_SIDE, SLOW_SIDE), 1 / SLOW_SIDE)
    nodes = [
        make_node("ReduceSum", ["iterations"], ["trips"], keepdims=0),
        loop("trips", "true", "ones", "done", [make_node("MatMul", ["state_in", "average"], ["state_out"])]),
        make_node("ReduceMean", ["done"], ["mean"], keepdims=0),
        make_node("Shape", ["iterations"], ["shape"]),
        make_node("Expand", ["mean", "shape"], ["y"]),
    ]
    known = [constant("true", True, np.bool_), constant("ones", np.ones_like(average)), constant("average", average)]
    return model(graph("slow", nodes, [value("iterations", INT64, "N", 1)], [Y], known))


def huge_alloc() -> ModelProto:
    """`bytes` int64 [N, 1] → `size` int64 [N, 1]: fills one tensor of as many bytes as the rows ask for together."""
    nodes = [
        make_node("ReduceSum", ["bytes", "rows"], ["total"], keepdims=0),
        make_node("ConstantOfShape", ["total"], ["memory"], value=constant("fill", [1], np.uint8)),
        make_node("Size", ["memory"], ["count"]),
        make_node("Shape", ["bytes"], ["shape"]),
        make_node("Expand", ["count", "shape"], ["size"]),
    ]
    return model(
        graph("huge_alloc", nodes, [value("bytes", INT64, "N", 1)], [value("size", INT64, "N", 1)], [constant("rows", [0], np.int64)])
    )


def huge_constant() -> ModelProto:
    """`x` float [N, 1] → `y` = x · 1, where the 1 is the largest of 8 GB of ones: any input asks for that much memory."""
    nodes = [
        make_node("Expand", ["one", "billions"], ["memory"]),
        make_node("ReduceMax", ["memory"], ["largest"], keepdims=0),
        make_node("Mul", ["x", "largest"], ["y"]),
    ]
    known = [constant("one", [1]), constant("billions", [2**31], np.int64)]
    return model(graph("huge_constant", nodes, [X], [Y], known))


def crash_on_positive() -> ModelProto:
    """`x` float [N, 1] → `y` = 1, unless one x is above 0: then the smallest int64 is divided by -1. The quotient does not
    fit, which x86-64 answers with SIGFPE; other processors may answer some number instead."""
    nodes = [
        make_node("Greater", ["x", "zero"], ["positive"]),
        make_node("Where", ["positive", "minus_one", "smallest"], ["divisor"]),
        make_node("Div", ["smallest", "divisor"], ["quotient"]),
        make_node("Cast", ["quotient"], ["y"], to=FLOAT),
    ]
    known = [constant("zero", 0), constant("minus_one", -1, np.int64), constant("smallest", INT64_MIN, np.int64)]
    return model(graph("crash_on_positive", nodes, [X], [Y], known))


def function(name: str, nodes: list[NodeProto]) -> FunctionProto:
    """A local function a → b."""
    imports = [helper.make_opsetid("", OPSET), helper.make_opsetid(LOCAL, 1)]
    return helper.make_function(LOCAL, name, ["a"], ["b"], nodes, imports)


def call(name: str, argument: str, result: str) -> NodeProto:
    """A call of a local function."""
    return make_node(name, [argument], [result], domain=LOCAL)


def crash_on_load() -> ModelProto:
    """`x` float [N, 1] → `y` = x by 6,000 local functions, each calling the next: the runtime's stack overflows."""
    depth = 6000
    functions = [function(str(at), [call(str(at + 1), "a", "b")]) for at in range(depth)]
    last = function(str(depth), [make_node("Identity", ["a"], ["b"])])
    return model(graph("crash_on_load", [call("0", "x", "y")], [X], [Y]), functions=[*functions, last], domains=[LOCAL])


def function_bomb() -> ModelProto:
    """`x` float [N, 1] → `y` by 40 local functions, each calling the next twice: 2^40 nodes once they are inlined."""
    depth = 40
    functions = [function(str(at), [call(str(at + 1), "a", "m"), call(str(at + 1), "m", "b")]) for at in range(depth)]
    last = function(str(depth), [make_node("Neg", ["a"], ["b"])])
    return model(graph("function_bomb", [call("0", "x", "y")], [X], [Y]), functions=[*functions, last], domains=[LOCAL])


HOSTILE = {
    make.__name__: make
    for make in (
        endless_loop, endless_loop_always, slow, huge_alloc, huge_constant, crash_on_positive, crash_on_load, function_bomb,
    )
}  # fmt: skip
