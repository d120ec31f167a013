"""Train the churn sample and write `model.onnx` and `golden.ndjson` beside this file.

    python train.py

The model has one input of shape [N, 1] per column (float32 or string) and the outputs `label` [N] string and
`probabilities` [N, 2] float32.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent))  # Each sample runs as a plain script, so what they share is found by path.

from generate import FEATURES, NUMERIC, STRING, Columns, Options, generate, input_of  # noqa: E402
from onnx_file import OPSET, finish, open_session, predict, save, write_golden  # noqa: E402

CLASSES = ["no", "yes"]
DESCRIPTION = "Will this customer leave? Trained on synthetic rows; see samples/churn."
GOLDEN_ROWS = 32


def matrix(features: Columns) -> NDArray[np.object_]:
    """[n, 7] in the order of FEATURES; numbers go through float32 so that training sees what the runtime will see."""
    numbers = [features[name].astype(np.float32).astype(object) for name in NUMERIC]
    return np.column_stack(numbers + [features[name].astype(object) for name in STRING])


def feeds(features: Columns) -> dict[str, NDArray]:
    """The inputs of the ONNX model, each [n, 1]."""
    numbers = {name: features[name].astype(np.float32)[:, None] for name in NUMERIC}
    return numbers | {name: features[name].astype(object)[:, None] for name in STRING}


def train(features: Columns, churned: NDArray[np.bool_]) -> Pipeline:
    """Numbers with the median for a missing one, strings one-hot (an unseen value is all zeros), then 60 small trees."""
    columns = ColumnTransformer(
        [
            ("numbers", SimpleImputer(strategy="median"), list(range(len(NUMERIC)))),
            ("strings", OneHotEncoder(handle_unknown="ignore", sparse_output=False), list(range(len(NUMERIC), len(FEATURES)))),
        ]
    )
    trees = GradientBoostingClassifier(n_estimators=60, max_depth=3, learning_rate=0.15, random_state=0)
    return Pipeline([("columns", columns), ("trees", trees)]).fit(matrix(features), np.where(churned, "yes", "no"))


def main() -> None:
    """Train, export, compare with scikit-learn and with the truth, write the files."""
    known = generate(Options(rows=20_000, seed=1, entities=5_000))
    unseen = generate(Options(rows=5_000, seed=2, entities=5_000))
    pipeline = train(known.features, known.churned)

    inputs = [(name, FloatTensorType([None, 1])) for name in NUMERIC] + [(name, StringTensorType([None, 1])) for name in STRING]
    converted = to_onnx(pipeline, initial_types=inputs, options={"zipmap": False}, target_opset={"": OPSET, "ai.onnx.ml": 3})
    metadata = {
        "classes": CLASSES,
        "threshold": 0.5,
        "defaults": {"support_calls": 0, "late_payments": 0},
        "missing": {"tenure_months": "refuse", "monthly_charges": "refuse", "plan": "refuse", "region": "refuse"},
        "example": input_of(unseen.features, 0),
        "description": DESCRIPTION,
    }
    model = finish(converted, {"output_label": "label", "output_probability": "probabilities"}, metadata)
    save(model, HERE / "model.onnx")

    label, probabilities = predict(open_session(HERE / "model.onnx"), feeds(unseen.features))
    expected = pipeline.predict_proba(matrix(unseen.features))
    difference = float(np.abs(expected - probabilities).max())
    if difference > 1e-5:
        raise SystemExit(f"the ONNX model differs from scikit-learn by {difference}")
    picked = [*range(GOLDEN_ROWS - 1), int(np.isnan(unseen.features["usage_hours"]).argmax())]  # The last has a null.
    rows = [input_of(unseen.features, row) for row in picked]
    write_golden(HERE / "golden.ndjson", rows, label[picked], probabilities[picked])

    auc = roc_auc_score(unseen.churned, probabilities[:, 1])
    best = roc_auc_score(unseen.churned, unseen.true_probability)
    print(f"AUC {auc:.4f} (the true probability has {best:.4f}), largest difference from scikit-learn {difference:.1e}")


if __name__ == "__main__":
    main()
