"""What both samples do to a converted model before it is written: names, metadata, checks, golden rows."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import onnx
import onnxruntime
from numpy.typing import NDArray

OPSET = 17
IR_VERSION = 8
Row = dict[str, float | str | None]


def finish(model: onnx.ModelProto, outputs: Mapping[str, str], metadata: Mapping[str, object]) -> onnx.ModelProto:
    """Rename graph outputs (`outputs`: old name to new), set `hindcast.<key>` metadata to JSON text, check the file.

    skl2onnx writes the lowest opset that its nodes need, and may write it twice; the file then says once what it was
    asked for. The nodes used here mean the same in between: the caller compares predictions after this step.
    """
    for node in model.graph.node:
        node.output[:] = [outputs.get(name, name) for name in node.output]
        node.input[:] = [outputs.get(name, name) for name in node.input]
    for output in model.graph.output:
        output.name = outputs.get(output.name, output.name)
    opsets = {imported.domain: imported.version for imported in model.opset_import} | {"": OPSET}
    del model.opset_import[:]
    model.opset_import.extend(onnx.helper.make_opsetid(domain, version) for domain, version in sorted(opsets.items()))
    model.ir_version = IR_VERSION
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, {f"hindcast.{key}": json.dumps(value) for key, value in metadata.items()})
    onnx.checker.check_model(model, full_check=True)
    return model


def save(model: onnx.ModelProto, path: Path) -> None:
    """Write the model; the same model gives the same bytes."""
    path.write_bytes(model.SerializeToString(deterministic=True))


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """A session with one thread: with several, sums may come in another order and bits differ."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def predict(session: onnxruntime.InferenceSession, feeds: Mapping[str, NDArray]) -> tuple[NDArray, NDArray]:
    """(`label` [n], `probabilities` [n, classes] float32)."""
    label, probabilities = session.run(["label", "probabilities"], dict(feeds))
    return label, probabilities


def write_golden(path: Path, rows: Sequence[Row], label: NDArray, probabilities: NDArray) -> None:
    """NDJSON of {"input", "output": {"label", "probabilities"}}. A float32 is written with the digits that name it."""
    outputs = [
        {"label": name, "probabilities": [float(str(value)) for value in row]}
        for name, row in zip(label.tolist(), probabilities, strict=True)
    ]
    lines = [json.dumps({"input": row, "output": output}) for row, output in zip(rows, outputs, strict=True)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
