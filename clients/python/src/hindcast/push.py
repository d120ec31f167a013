"""From a fitted scikit-learn pipeline to a served model, in one call that checks itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ._convert import Converted, answers, convert, needed, run_locally, see_that_it_is_fitted
from ._json import plain
from ._sample import as_fed, inputs_of, is_whole
from .client import Client
from .errors import ApiError, GoldenRowsDiffer, HindcastError, NotConvertible, NotSucceeded
from .models import ModelVersion

golden_rows_default = 100
tolerance_default = 1e-5


@dataclass(frozen=True)
class Pushed:
    """A version that is registered and that says what the pipeline says."""

    version: ModelVersion
    golden_rows: int
    """Rows of the sample on which both were compared."""
    largest_difference: float
    is_champion: bool
    """Whether the traffic of the model is its: it was promoted, now or before, or is the first version."""

    @property
    def reference(self) -> str:
        """What a prediction names it by: `churn@2`."""
        return self.version.reference


def push(
    pipeline: Any,
    sample: Any,
    name: str,
    *,
    client: Optional[Client] = None,
    threshold: Optional[float] = None,
    description: Optional[str] = None,
    defaults: Optional[Mapping[str, Any]] = None,
    promote: bool = False,
    golden_rows: int = golden_rows_default,
    tolerance: float = tolerance_default,
) -> Pushed:
    """Converts a fitted pipeline, registers it as the next version of a model, and sees that it answers as the pipeline does.

    sample: a pandas DataFrame with the columns that the pipeline was fitted on. Their names become the names of the
        features; its first rows are the golden rows. Columns are numbers, booleans, texts or categories.
    threshold: a binary classifier then also answers `decision`: whether the last class has at least this probability.
    defaults: values of features that a request may leave out.
    promote: gives the new version the traffic. The first version of a model has it in any case.
    tolerance: largest difference of a probability, or of a prediction relative to its size.

    Raises `PackagesMissing` without the extra `sklearn`, `NotConvertible` where there is no ONNX for the pipeline, and
    `GoldenRowsDiffer`, which names the rows, where the converted model says something else: before it is registered, or,
    should only the server say something else, after its version was taken out of use.
    """
    needed()
    see_that_it_is_fitted(pipeline)
    metadata = _metadata(pipeline, threshold, description, defaults)
    converted, golden, largest = _checked(pipeline, sample, metadata, golden_rows, tolerance)
    opened = client or Client()
    try:
        version = opened.models.add(name, converted.content)
        try:
            served = _served(opened, version, converted, golden.inputs)
            differing, difference = _compare(golden, served, tolerance)
            if differing:
                raise GoldenRowsDiffer(f"the served {version.reference}", differing)
        except (ApiError, GoldenRowsDiffer, NotSucceeded):
            _take_back(opened, version)
            raise
        model = opened.models.promote(name, version.version) if promote else opened.models.get(name)
        return Pushed(version, len(golden.rows), max(largest, difference), model.champion == version.version)
    finally:
        if client is None:
            opened.close()


@dataclass(frozen=True)
class _Golden:
    rows: Tuple[int, ...]
    """Places in the sample."""
    inputs: List[Dict[str, Any]]
    expected: List[List[float]]


def _metadata(
    pipeline: Any, threshold: Optional[float], description: Optional[str], defaults: Optional[Mapping[str, Any]]
) -> Dict[str, Any]:
    if threshold is not None and len(getattr(pipeline, "classes_", ())) != 2:
        raise NotConvertible("A threshold needs a classifier with two classes.")
    given = {"threshold": threshold, "description": description, "defaults": plain(defaults) if defaults else None}
    return {name: value for name, value in given.items() if value is not None}


def _checked(
    pipeline: Any, sample: Any, metadata: Mapping[str, Any], golden_rows: int, tolerance: float
) -> Tuple[Converted, _Golden, float]:
    """The first form of the pipeline whose answers are those of the pipeline."""
    refusal: Optional[HindcastError] = None
    for converted in convert(pipeline, sample, metadata):
        golden = _golden(pipeline, sample, converted, golden_rows)
        try:
            given = run_locally(converted, golden.inputs)
        except Exception as error:  # onnxruntime raises of everything.
            refusal = refusal or NotConvertible(f"The converted model does not run: {error}")
            continue
        differing, largest = _compare(golden, given, tolerance)
        if not differing:
            return converted, golden, largest
        refusal = GoldenRowsDiffer("the converted model", differing)
    raise refusal or NotConvertible("The pipeline has no form in ONNX.")


def _golden(pipeline: Any, sample: Any, converted: Converted, golden_rows: int) -> _Golden:
    """The first rows that have all that the model asks for, and what the pipeline says of them."""
    frame = as_fed(sample.head(golden_rows), converted.columns)
    inputs = inputs_of(frame, converted.columns)
    whole = tuple(at for at, row in enumerate(inputs) if is_whole(row, converted.refuses))
    if not whole:
        raise NotConvertible(f"Each of the first {len(inputs)} rows lacks one of: {', '.join(converted.refuses)}.")
    return _Golden(whole, [inputs[at] for at in whole], answers(pipeline, frame.iloc[list(whole)]))


def _served(
    client: Client, version: ModelVersion, converted: Converted, inputs: Sequence[Mapping[str, Any]]
) -> List[List[float]]:
    submitted = client.submit_many(version.reference, inputs).raise_for_refused()
    return [_numbers(one.result(), converted) for one in client.wait_many(submitted.accepted)]


def _numbers(output: Mapping[str, Any], converted: Converted) -> List[float]:
    """An answer of the server in the form of `answers`."""
    if converted.classes is not None:
        by_class = next((one for one in output.values() if isinstance(one, Mapping)), {})
        return [float(by_class.get(name, "nan")) for name in converted.classes]
    value = next(iter(output.values()))
    return [float(one) for one in value] if isinstance(value, list) else [float(value)]


def _compare(
    golden: _Golden, given: Sequence[Sequence[float]], tolerance: float
) -> Tuple[List[Tuple[int, Any, Any]], float]:
    differing: List[Tuple[int, Any, Any]] = []
    largest = 0.0
    for row, ours, theirs in zip(golden.rows, golden.expected, given):
        differences = [abs(a - b) / max(1.0, abs(a)) for a, b in zip(ours, theirs)]
        # A comparison with NaN is never true.
        if len(ours) != len(theirs) or not all(one <= tolerance for one in differences):
            differing.append((row, ours, list(theirs)))
        else:
            largest = max([largest, *differences])
    return differing, largest


def _take_back(client: Client, version: ModelVersion) -> None:
    """Nobody is to get its answers: a first version cannot be retired, for it has the traffic, but its model can rest."""
    model = client.models.get(version.name)
    if model.champion == version.version:
        client.models.pause(version.name)
    else:
        client.models.retire(version.name, version.version)
