"""What becomes of a scikit-learn pipeline before any server is asked."""

from __future__ import annotations

import sys
import unittest
from unittest import mock

from hindcast import HindcastError, NotConvertible, PackagesMissing, push

try:
    import numpy as np
    import pandas as pd
    import skl2onnx  # noqa: F401
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import SplineTransformer, StandardScaler
    from sklearn.svm import SVR
except ImportError:
    skl2onnx = None


def numbers(rows: int = 1_000) -> "pd.DataFrame":
    """More distinct values than these trees have bins, so that splits lie on values; some are missing."""
    random = np.random.default_rng(7)
    frame = pd.DataFrame(random.normal(size=(rows, 3)), columns=["a", "b", "c"])
    return frame.mask(random.random(frame.shape) < 0.1)


def largest_difference(pipeline: object, sample: "pd.DataFrame") -> float:
    """Between the pipeline and the file that it becomes, in the first hundred rows. Raises where there is none, or they differ."""
    return float(sys.modules["hindcast.push"]._checked(pipeline, sample, {}, 100, 1e-5)[2])


@unittest.skipIf(skl2onnx is None, "scikit-learn and skl2onnx are not installed")
class Trees(unittest.TestCase):
    def test_of_histograms_say_the_same_on_their_splits_and_of_missing_values(self) -> None:
        sample = numbers()
        score = (sample["a"] + sample["b"]).fillna(0.5)
        classes = (score > 0).astype(int)
        for target in (classes, classes + (sample["c"] > 0)):
            pipeline = make_pipeline(HistGradientBoostingClassifier(max_iter=20)).fit(sample, target)
            self.assertLess(largest_difference(pipeline, sample), 1e-6)
        regression = make_pipeline(HistGradientBoostingRegressor(max_iter=20)).fit(sample, score)
        self.assertLess(largest_difference(regression, sample), 1e-5)


@unittest.skipIf(skl2onnx is None, "scikit-learn and skl2onnx are not installed")
class Forms(unittest.TestCase):
    def test_the_matrix_is_tried_where_columns_make_a_file_that_is_none(self) -> None:
        sample = numbers().fillna(0.0)
        self.assertLess(largest_difference(make_pipeline(SVR()).fit(sample, sample["a"]), sample), 1e-5)

    def test_what_fails_alike_in_both_is_told_once(self) -> None:
        sample = numbers().fillna(0.0)
        pipeline = make_pipeline(SplineTransformer(), SVR()).fit(sample, sample["a"])
        with self.assertRaisesRegex(NotConvertible, "SplineTransformer") as raised:
            push(pipeline, sample, "py-nothing")
        self.assertEqual(str(raised.exception).count("Unable to find a shape calculator"), 1)

    def test_a_long_failure_keeps_its_end_and_its_cause(self) -> None:
        sample = numbers().fillna(0.0)
        failure = ValueError(f"Unable to create node with {[0] * 9_000} of which one is odd.")
        failure.__cause__ = TypeError("Expected an int, got a boolean.")
        with mock.patch.object(skl2onnx, "convert_sklearn", side_effect=failure), self.assertRaises(NotConvertible) as raised:
            push(make_pipeline(SVR()).fit(sample, sample["a"]), sample, "py-nothing")
        said = str(raised.exception)
        for part in ("Unable to create node", "of which one is odd.", "TypeError: Expected an int, got a boolean."):
            self.assertEqual(said.count(part), 1)
        self.assertLess(len(said), 1_000)


@unittest.skipIf(skl2onnx is None, "scikit-learn and skl2onnx are not installed")
class WhatIsGiven(unittest.TestCase):
    def setUp(self) -> None:
        self.sample = numbers().fillna(0.0)
        self.target = (self.sample["a"] > 0).astype(int)

    def assert_refused(self, said: str, pipeline: object, sample: object, **options: float) -> None:
        with self.assertRaises(NotConvertible) as raised:
            push(pipeline, sample, "py-nothing", **options)
        self.assertEqual(str(raised.exception), said)

    def test_has_to_be_fitted(self) -> None:
        pipeline = make_pipeline(StandardScaler(), LogisticRegression())
        for options in ({}, {"threshold": 0.5}):
            self.assert_refused("The Pipeline is not fitted: call its fit() first.", pipeline, self.sample, **options)
        self.assert_refused("dict is no estimator of scikit-learn.", {}, self.sample)

    def test_has_the_columns_that_the_pipeline_was_fitted_on(self) -> None:
        pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(self.sample, self.target)
        self.assert_refused("The sample lacks columns that the pipeline needs: 'b', 'c'.", pipeline, self.sample[["a"]])
        said = (
            "The sample has other columns, or in another order, than the pipeline was fitted on: "
            "give sample[pipeline.feature_names_in_]."
        )
        for sample in (self.sample.assign(d=1.0), self.sample[["c", "b", "a"]]):
            self.assert_refused(said, pipeline, sample)
            self.assertLess(largest_difference(pipeline, sample[pipeline.feature_names_in_]), 1e-5)

    def test_may_lack_columns_that_the_pipeline_drops(self) -> None:
        columns = ColumnTransformer([("numbers", StandardScaler(), ["a", "b"])])
        pipeline = make_pipeline(columns, LogisticRegression()).fit(self.sample, self.target)
        self.assert_refused("The sample lacks columns that the pipeline needs: 'b'.", pipeline, self.sample[["a"]])
        for sample in (self.sample[["b", "a"]], self.sample.assign(d="x")):
            self.assertLess(largest_difference(pipeline, sample), 1e-5)
        holes = self.sample[["a", "b"]].copy()
        holes.iloc[:3] = float("nan")
        self.assertLess(largest_difference(pipeline, holes), 1e-5)


class WithoutThePackages(unittest.TestCase):
    def test_push_says_once_what_to_install_and_leads_to_no_registry(self) -> None:
        # The first one that is looked for: what is imported under a patch is forgotten behind it, and onnx loads once.
        with mock.patch.dict(sys.modules, {"onnx": None}), self.assertRaises(PackagesMissing) as raised:
            push(object(), [[1.0]], "py-nothing")
        said = str(raised.exception)
        self.assertEqual(said.count('pip install "./clients/python[sklearn]"'), 1)
        self.assertNotIn("convert", said)
        self.assertIsInstance(raised.exception, HindcastError)
        self.assertIsInstance(raised.exception, ImportError)


if __name__ == "__main__":
    unittest.main()
