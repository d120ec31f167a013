"""scikit-learn pipelines as ONNX files that Hindcast serves. Needs the extra `sklearn`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from ._json import plain
from ._sample import Column, columns_of, inputs_of, is_whole, refused_missing, see_that_columns_fit
from .errors import NotConvertible, PackagesMissing

opset = 17
ml_opset = 3
ir_version = 8
"""What Hindcast's runtime reads for sure."""

onnx_fatal = 4
"""Lines of onnxruntime that are written to stderr."""

example_rows_max = 1_000
failure_chars_max = 300


@dataclass(frozen=True)
class Converted:
    """The file, and what is needed to ask it and the pipeline the same."""

    content: bytes
    columns: Tuple[Column, ...]
    classes: Optional[Tuple[str, ...]]
    refuses: Tuple[str, ...]
    """Features that may not be missing."""


def needed() -> Tuple[Any, Any, Any]:
    """skl2onnx, onnx and onnxruntime. Raises `PackagesMissing`."""
    try:
        import onnx
        import onnxruntime
        import skl2onnx
    except ImportError as error:
        packages = "scikit-learn, skl2onnx, onnx and onnxruntime"
        raise PackagesMissing.of("push()", packages, "sklearn", error) from error
    return skl2onnx, onnx, onnxruntime


def see_that_it_is_fitted(pipeline: Any) -> None:
    """Raises `NotConvertible` where it is not."""
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(pipeline)
    except NotFittedError as error:
        raise NotConvertible(f"The {type(pipeline).__name__} is not fitted: call its fit() first.") from error
    except TypeError as error:
        raise NotConvertible(f"{type(pipeline).__name__} is no estimator of scikit-learn.") from error


def class_names(pipeline: Any) -> Optional[Tuple[str, ...]]:
    """Names of the classes in the order of the probabilities; None of a regression."""
    if not hasattr(pipeline, "predict"):
        raise NotConvertible(f"{type(pipeline).__name__} has no predict().")
    if not hasattr(pipeline, "classes_"):
        return None
    if not hasattr(pipeline, "predict_proba"):
        raise NotConvertible("A classifier must have predict_proba(): set probability=True, or calibrate it.")
    return tuple(class_name(value) for value in pipeline.classes_)


def class_name(value: Any) -> str:
    """The name of a class, whatever its type: `yes`, `1`, `true`."""
    value = plain(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def answers(pipeline: Any, frame: Any) -> List[List[float]]:
    """What the pipeline says of each row: probabilities by class, or one number."""
    found = pipeline.predict_proba(frame) if hasattr(pipeline, "classes_") else pipeline.predict(frame)
    return [[float(one) for one in row] if hasattr(row, "__len__") else [float(row)] for row in found]


def convert(pipeline: Any, sample: Any, metadata: Mapping[str, Any]) -> Iterator[Converted]:
    """The pipeline as a file, in each form that can be tried: an input for each column, and one matrix of all of them.

    Raises `NotConvertible` where there is none.
    """
    columns = columns_of(sample)
    see_that_columns_fit(pipeline, sample)
    classes = class_names(pipeline)
    refuses = tuple(refused_missing(pipeline, sample, columns))
    failures: List[str] = []
    found = False
    for is_matrix in (False, True):
        if is_matrix and any(column.is_text for column in columns):
            continue
        try:
            model = _to_onnx(pipeline, columns, is_matrix, classes is not None)
            used = columns if is_matrix else tuple(_used(model, columns))
            described = _described(metadata, sample, used, classes, refuses)
            content = _finished(model, classes is not None, described)
        except Exception as error:  # skl2onnx and onnx raise of everything, and they say more than we could.
            failures.append(_reason(error))
            continue
        found = True
        yield Converted(content, used, classes, _must(used, refuses))
    if not found:
        # Both forms often fail alike.
        raise NotConvertible("skl2onnx cannot convert the pipeline. " + " As one matrix: ".join(dict.fromkeys(failures)))


def _must(used: Sequence[Column], refuses: Sequence[str]) -> Tuple[str, ...]:
    return tuple(column.name for column in used if column.name in refuses)


def _described(
    metadata: Mapping[str, Any],
    sample: Any,
    used: Sequence[Column],
    classes: Optional[Sequence[str]],
    refuses: Sequence[str],
) -> Dict[str, Any]:
    """What the file says of itself."""
    must = _must(used, refuses)
    # A feature with a default is never missing.
    stated = {name: "refuse" for name in must if name not in metadata.get("defaults", {})}
    example = next((row for row in inputs_of(sample.head(example_rows_max), used) if is_whole(row, must)), None)
    return {
        **metadata,
        **({} if example is None else {"example": example}),
        "features": [column.name for column in used],
        **({} if classes is None else {"classes": list(classes)}),
        **({"missing": stated} if stated else {}),
    }


def _reason(error: BaseException) -> str:
    """The error with what caused it. Of a long text both ends: what is being done stands at one, and why not at the other."""
    text = str(error)
    if len(text) > failure_chars_max:
        half = failure_chars_max // 2
        text = f"{text[:half]} ... {text[-half:]}"
    cause = f" Because of {_reason(error.__cause__)}" if error.__cause__ else ""
    return f"{type(error).__name__}: {text}{cause}"


def run_locally(converted: Converted, rows: Sequence[Mapping[str, Any]]) -> List[List[float]]:
    """What onnxruntime makes of rows as they are sent, in the form of `answers`."""
    import numpy as np

    _, _, onnxruntime = needed()
    options = onnxruntime.SessionOptions()
    # With several threads sums may come in another order, and bits differ.
    options.intra_op_num_threads = 1
    # A form that fails is no failure as long as there is another one; what is wrong with it is in the exception.
    options.log_severity_level = onnx_fatal
    session = onnxruntime.InferenceSession(converted.content, options, providers=["CPUExecutionProvider"])

    def numbers(name: str) -> Any:
        return np.array([np.nan if row[name] is None else row[name] for row in rows], dtype=np.float32)

    inputs = session.get_inputs()
    if len(inputs) == 1 and len(converted.columns) > 1:
        feeds = {inputs[0].name: np.stack([numbers(column.name) for column in converted.columns], axis=1)}
    else:
        feeds = {
            tensor.name: np.array([[row[column.name]] for row in rows], dtype=object)
            if column.is_text
            else numbers(column.name)[:, None]
            for tensor, column in zip(inputs, converted.columns)
        }
    given = session.run([session.get_outputs()[-1].name], feeds)[0]
    return [[float(one) for one in row] for row in np.asarray(given).reshape(len(rows), -1)]


def _to_onnx(pipeline: Any, columns: Sequence[Column], is_matrix: bool, is_classifier: bool) -> Any:
    skl2onnx, _, _ = needed()
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    types: List[Tuple[str, Any]] = [
        (column.name, StringTensorType([None, 1]) if column.is_text else FloatTensorType([None, 1])) for column in columns
    ]
    if is_matrix:
        types = [("features", FloatTensorType([None, len(columns)]))]
    # A ZipMap makes a list of dicts of the probabilities, which no tensor can hold.
    options = {"zipmap": False} if is_classifier else None
    target = {"": opset, "ai.onnx.ml": ml_opset}
    own = dict.fromkeys((HistGradientBoostingClassifier, HistGradientBoostingRegressor), _hist_gradient_boosting)
    # Without a name it gets one by chance, and the same pipeline would be another version.
    return skl2onnx.convert_sklearn(
        pipeline,
        name=f"ONNX({type(pipeline).__name__})",
        initial_types=types,
        options=options,
        target_opset=target,
        custom_conversion_functions=own,
    )


def _hist_gradient_boosting(scope: Any, operator: Any, container: Any) -> None:
    """As skl2onnx has it, with what it gets wrong of these trees set right."""
    import numpy as np
    from skl2onnx.common._registration import get_converter

    add_node = container.add_node
    trees = [tree for group in operator.raw_operator._predictors for tree in group]
    splits = np.concatenate([tree.nodes["num_threshold"] for tree in trees])
    rounded = splits.astype(np.float32)
    # Splits are values that were seen, and a value is to stay on its side: rounded up, a split has larger ones below it.
    at_most = np.where(rounded > splits, np.nextafter(rounded, np.float32(-np.inf)), rounded)

    def add(op_type: str, *args: Any, **attributes: Any) -> None:
        if op_type.startswith("TreeEnsemble"):
            # These are booleans, of which protobuf makes no integers any more.
            missing = [int(one) for one in attributes["nodes_missing_value_tracks_true"]]
            attributes = {**attributes, "nodes_missing_value_tracks_true": missing, "nodes_values": at_most}
        add_node(op_type, *args, **attributes)

    container.add_node = add
    try:
        get_converter(operator.type)(scope, operator, container)
    finally:
        del container.add_node


def _used(model: Any, columns: Sequence[Column]) -> Iterator[Column]:
    """The columns that the graph reads, in its order. Inputs that no node reads, of columns that the pipeline drops, go."""
    inputs = list(model.graph.input)
    # Names are made fit for ONNX on the way, so that only their order tells.
    if len(inputs) != len(columns):
        raise NotConvertible(f"The converted model has {len(inputs)} inputs, and the sample {len(columns)} columns.")
    read = {name for node in model.graph.node for name in node.input}
    for tensor, column in zip(inputs, columns):
        if tensor.name in read:
            yield column
        else:
            model.graph.input.remove(tensor)


def _finished(model: Any, is_classifier: bool, metadata: Mapping[str, Any]) -> bytes:
    """The file with good names of outputs, one opset a domain, and what Hindcast needs to know in its metadata."""
    _, onnx, _ = needed()
    outputs = [output.name for output in model.graph.output]
    wanted = ["label", "probabilities"] if is_classifier else ["prediction"]
    taken = {tensor.name for tensor in model.graph.input}
    if len(outputs) == len(wanted) and not taken & set(wanted):
        renamed = dict(zip(outputs, wanted))
        for node in model.graph.node:
            node.output[:] = [renamed.get(name, name) for name in node.output]
            node.input[:] = [renamed.get(name, name) for name in node.input]
        for output in model.graph.output:
            output.name = renamed[output.name]
    opsets = {imported.domain: imported.version for imported in model.opset_import}
    opsets[""] = opset
    del model.opset_import[:]
    model.opset_import.extend(onnx.helper.make_opsetid(domain, version) for domain, version in sorted(opsets.items()))
    model.ir_version = ir_version
    del model.metadata_props[:]
    texts = {f"hindcast.{name}": json.dumps(value) for name, value in metadata.items()}
    onnx.helper.set_model_props(model, texts)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))
