"""Train on the breast-cancer set that scikit-learn bundles and write `model.onnx` and `golden.ndjson` beside this file.

    python train.py

The model has one input `x` of shape [N, 30] float32 and the outputs `label` [N] int64 and `probabilities` [N, 2]
float32. The names of the 30 columns and of the two classes are in the file's metadata.
"""

import sys
from pathlib import Path

import numpy as np
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent))  # Each sample runs as a plain script, so what they share is found by path.

from onnx_file import OPSET, Row, finish, open_session, predict, save, write_golden  # noqa: E402

DESCRIPTION = "Is this tumour malignant or benign? scikit-learn's bundled breast-cancer set (Wisconsin, 569 real cases)."
GOLDEN_ROWS = 32


def main() -> None:
    """Train, export, compare with scikit-learn, write the files."""
    data = load_breast_cancer()
    names = [str(name).replace(" ", "_") for name in data.feature_names]
    features = data.data.astype(np.float32)
    known, unseen, known_class, unseen_class = train_test_split(features, data.target, test_size=0.25, random_state=0, stratify=data.target)
    pipeline: Pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000, random_state=0)).fit(known, known_class)

    def row(values: np.ndarray) -> Row:
        """One row [30] by feature name, each number with the digits that name its float32."""
        return {name: float(str(value)) for name, value in zip(names, values, strict=True)}

    converted = to_onnx(
        pipeline,
        initial_types=[("x", FloatTensorType([None, len(names)]))],
        options={"zipmap": False},
        target_opset={"": OPSET, "ai.onnx.ml": 3},
    )
    metadata = {
        "features": names,
        "classes": [str(name) for name in data.target_names],
        "threshold": 0.5,
        "missing": {name: "refuse" for name in names},
        "example": row(unseen[0]),
        "description": DESCRIPTION,
    }
    model = finish(converted, {"output_label": "label", "output_probability": "probabilities"}, metadata)
    save(model, HERE / "model.onnx")

    label, probabilities = predict(open_session(HERE / "model.onnx"), {"x": unseen})
    difference = float(np.abs(pipeline.predict_proba(unseen) - probabilities).max())
    if difference > 1e-5:
        raise SystemExit(f"the ONNX model differs from scikit-learn by {difference}")
    write_golden(HERE / "golden.ndjson", [row(values) for values in unseen[:GOLDEN_ROWS]], label[:GOLDEN_ROWS], probabilities[:GOLDEN_ROWS])
    print(f"AUC {roc_auc_score(unseen_class, probabilities[:, 1]):.4f}, largest difference from scikit-learn {difference:.1e}")


if __name__ == "__main__":
    main()
