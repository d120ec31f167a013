"""Which estimators of scikit-learn become files that say the same, as the README lists them."""

from __future__ import annotations

import re
import sys
import unittest
import warnings
from pathlib import Path
from typing import Any, Dict, List

from hindcast import GoldenRowsDiffer, NotConvertible

try:
    import numpy as np
    import pandas as pd
    import skl2onnx  # noqa: F401
    from sklearn.base import is_regressor
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.pipeline import Pipeline, make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder
    from sklearn.svm import LinearSVC
    from sklearn.utils import all_estimators
except ImportError:
    skl2onnx = None

README = Path(__file__).parent.parent / "README.md"

SETTINGS: Dict[str, Dict[str, Any]] = {}
"""Without which an estimator is not of use here, or takes long."""
if skl2onnx is not None:
    SETTINGS = {
        "AdaBoostRegressor": {"n_estimators": 10},
        "CalibratedClassifierCV": {"estimator": LinearSVC()},
        "GridSearchCV": {"estimator": LogisticRegression(), "param_grid": {"C": [0.1, 1]}},
        "KBinsDiscretizer": {"quantile_method": "averaged_inverted_cdf"},
        "MLPClassifier": {"hidden_layer_sizes": (8,)},
        "MLPRegressor": {"hidden_layer_sizes": (8,)},
        "OneVsRestClassifier": {"estimator": LogisticRegression()},
        "QuantileTransformer": {"n_quantiles": 50},
        "SelectKBest": {"k": 2},
        "SGDClassifier": {"loss": "log_loss"},
        "StackingClassifier": {"estimators": [("one", LogisticRegression())]},
        "StackingRegressor": {"estimators": [("one", LinearRegression())]},
        "VotingClassifier": {"estimators": [("one", LogisticRegression())], "voting": "soft", "flatten_transform": False},
        "VotingRegressor": {"estimators": [("one", LinearRegression())]},
    }


def listed(row: str) -> List[str]:
    """Names of estimators in a row of the README's table."""
    line = next(line for line in README.read_text(encoding="utf8").splitlines() if line.startswith(f"| {row} |"))
    return re.findall(r"`(\w+)`", line.split("|")[2])


@unittest.skipIf(skl2onnx is None, "scikit-learn and skl2onnx are not installed")
class Estimators(unittest.TestCase):
    def setUp(self) -> None:
        random = np.random.default_rng(7)
        self.sample = pd.DataFrame(random.normal(size=(300, 3)), columns=["a", "b", "c"])
        score = self.sample["a"] * 2 + self.sample["b"] + random.normal(size=300) / 3
        self.score = score - score.min() + 0.1
        self.classes = (score > 0).astype(int)
        self.known = dict(all_estimators())

    def check(self, name: str) -> None:
        kind = self.known[name]
        steps = [kind(**SETTINGS.get(name, {}))]
        if not hasattr(kind, "predict"):
            steps.append(LogisticRegression())
        self.compare(make_pipeline(*steps), self.sample)

    def compare(self, pipeline: "Pipeline", sample: "pd.DataFrame") -> None:
        target = self.score if is_regressor(pipeline) else self.classes
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pipeline.fit(sample, target)
            sys.modules["hindcast.push"]._checked(pipeline, sample, {}, 100, 1e-5)

    def test_that_are_listed_as_converted_say_the_same(self) -> None:
        for row in ("classifiers", "regressions", "before them"):
            names = listed(row)
            self.assertGreater(len(names), 5)
            for name in names:
                with self.subTest(name):
                    self.check(name)

    def test_that_are_listed_as_refused_are_refused(self) -> None:
        for name in listed("refused"):
            with self.subTest(name), self.assertRaises((GoldenRowsDiffer, NotConvertible)):
                self.check(name)

    def test_take_texts_through_encoders(self) -> None:
        sample = self.sample.assign(plan=np.where(self.sample["c"] > 0, "basic", "pro"))
        for encoder in (OneHotEncoder(), OrdinalEncoder(), TargetEncoder()):
            with self.subTest(type(encoder).__name__):
                columns = ColumnTransformer([("texts", encoder, ["plan"])], remainder="passthrough", sparse_threshold=0)
                self.compare(make_pipeline(columns, HistGradientBoostingClassifier()), sample)

    def test_of_which_only_some_settings_are_refused(self) -> None:
        codes = self.sample.assign(plan=np.arange(300) % 4)
        self.classes ^= codes["plan"] == 2
        holes = self.sample.mask(self.sample > 1)
        for pipeline, sample in (
            (HistGradientBoostingClassifier(categorical_features=["plan"]), codes),
            (HistGradientBoostingRegressor(loss="poisson"), self.sample),
            (HistGradientBoostingRegressor(loss="gamma"), self.sample),
            (RandomForestClassifier(20, random_state=0), holes),
        ):
            with self.subTest(pipeline), self.assertRaises(GoldenRowsDiffer):
                self.compare(make_pipeline(pipeline), sample)


if __name__ == "__main__":
    unittest.main()
