"""scikit-learn pipelines as served models, against a running Hindcast (HINDCAST_URL)."""

from __future__ import annotations

import os
import sys
import unittest
from unittest import mock

from hindcast import Client, GoldenRowsDiffer, NotConvertible, NotFound, push

try:
    import numpy as np
    import pandas as pd
    import skl2onnx  # noqa: F401
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor, HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline, make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    from sklearn.svm import LinearSVC
except ImportError:
    skl2onnx = None


def customers(rows: int = 400) -> "pd.DataFrame":
    random = np.random.default_rng(7)
    frame = pd.DataFrame(
        {
            "customer": [f"c{at}" for at in range(rows)],
            "tenure": random.integers(0, 60, rows),
            "monthly charges": random.normal(60, 20, rows).round(2),
            "usage": np.where(random.random(rows) < 0.1, np.nan, random.gamma(2, 10, rows)),
            "paperless": random.random(rows) < 0.5,
            "plan": pd.Categorical(random.choice(["basic", "plus", "pro"], rows)),
            "region": random.choice(["north", "south"], rows),
        }
    )
    score = frame["tenure"] / 20 - frame["monthly charges"] / 40 + (frame["plan"] == "pro") - frame["paperless"]
    frame["churned"] = np.where(random.random(rows) < 1 / (1 + np.exp(score)), "yes", "no")
    return frame


NUMBERS = ["tenure", "monthly charges", "usage"]


@unittest.skipIf(skl2onnx is None, "scikit-learn and skl2onnx are not installed")
@unittest.skipUnless("HINDCAST_URL" in os.environ, "HINDCAST_URL names no running Hindcast")
class Push(unittest.TestCase):
    def setUp(self) -> None:
        self.client = Client()
        self.addCleanup(self.client.close)
        self.frame = customers()

    def by_columns(self) -> "Pipeline":
        columns = ColumnTransformer(
            [
                ("numbers", SimpleImputer(strategy="median"), NUMBERS),
                ("flags", "passthrough", ["paperless"]),
                ("texts", OneHotEncoder(handle_unknown="ignore"), ["plan", "region"]),
            ]
        )
        trees = GradientBoostingClassifier(n_estimators=20, random_state=0)
        return Pipeline([("columns", columns), ("trees", trees)]).fit(self.frame, self.frame["churned"])

    def test_a_pipeline_of_named_columns(self) -> None:
        pipeline = self.by_columns()
        sample = self.frame.drop(columns="churned")
        pushed = push(pipeline, sample, "py-columns", client=self.client, threshold=0.4, description="Who leaves?")
        signature = pushed.version.raw["signature"]
        self.assertEqual([one["name"] for one in signature["features"]], [*NUMBERS, "paperless", "plan", "region"])
        self.assertEqual((signature["classes"], signature["threshold"]), (["no", "yes"], 0.4))
        self.assertEqual(pushed.version.raw["description"], "Who leaves?")
        self.assertEqual((pushed.reference, pushed.golden_rows), ("py-columns@1", 100))
        self.assertLess(pushed.largest_difference, 1e-5)

        unseen = {**sample.iloc[150].to_dict(), "plan": "never seen"}
        del unseen["customer"]
        output = self.client.predict("py-columns", unseen).output
        expected = pipeline.predict_proba(pd.DataFrame([unseen]))[0, 1]
        self.assertAlmostEqual(output["probabilities"]["yes"], expected, places=4)
        self.assertEqual(output["decision"], bool(expected >= 0.4))

        again = push(pipeline, sample, "py-columns", client=self.client, threshold=0.4, description="Who leaves?")
        self.assertEqual(again.version.version, 1)
        waiting = push(pipeline, sample, "py-columns", client=self.client, threshold=0.5)
        self.assertEqual([one.is_champion for one in (pushed, again, waiting)], [True, True, False])
        moved = push(pipeline, sample, "py-columns", client=self.client, threshold=0.6, promote=True)
        self.assertEqual((moved.version.version, self.client.models.get("py-columns").champion), (3, 3))
        self.assertIn("is_champion=True", repr(moved))

    def test_a_pipeline_of_one_matrix_says_which_features_it_needs(self) -> None:
        sample = self.frame[["tenure", "monthly charges"]]
        pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(sample, self.frame["churned"] == "yes")
        pushed = push(pipeline, sample, "py-matrix", client=self.client)
        signature = pushed.version.raw["signature"]
        self.assertEqual(signature["classes"], ["false", "true"])
        self.assertEqual([(one["name"], one["missing"]) for one in signature["features"]], [("tenure", "refuse"), ("monthly charges", "refuse")])

    def test_more_than_two_classes_that_are_numbers(self) -> None:
        sample = self.frame[NUMBERS].fillna(0.0)
        classes = (sample["tenure"] // 25).astype(int)
        pipeline = make_pipeline(RandomForestClassifier(20, random_state=0)).fit(sample, classes)
        pushed = push(pipeline, sample, "py-classes", client=self.client)
        self.assertEqual(pushed.version.raw["signature"]["classes"], ["0", "1", "2"])

    def test_trees_of_histograms_are_served_with_missing_values(self) -> None:
        sample = self.frame[NUMBERS]
        pipeline = make_pipeline(HistGradientBoostingClassifier(max_iter=20)).fit(sample, self.frame["churned"])
        pushed = push(pipeline, sample, "py-histograms", client=self.client)
        self.assertEqual({one["missing"] for one in pushed.version.raw["signature"]["features"]}, {"nan"})
        self.assertEqual(push(pipeline, sample, "py-histograms", client=self.client).version.version, 1)

    def test_a_regression_that_knows_missing_values(self) -> None:
        sample = self.frame[NUMBERS]
        pipeline = make_pipeline(SimpleImputer(), GradientBoostingRegressor(n_estimators=20)).fit(sample, sample["monthly charges"] * 3)
        pushed = push(pipeline, sample, "py-regression", client=self.client, tolerance=1e-4)
        output = self.client.predict("py-regression", {"tenure": 3, "monthly charges": 50, "usage": None}).output
        self.assertAlmostEqual(output["prediction"], 150, delta=30)
        self.assertEqual({one["missing"] for one in pushed.version.raw["signature"]["features"]}, {"nan"})

    def test_what_the_converted_model_says_otherwise_is_refused_before_it_is_registered(self) -> None:
        pipeline = self.by_columns()
        honest = pipeline.predict_proba

        def off(frame: "pd.DataFrame") -> "np.ndarray":
            answers = honest(frame)
            answers[3:5] = answers[3:5, ::-1]
            return answers

        with mock.patch.object(pipeline, "predict_proba", off), self.assertRaises(GoldenRowsDiffer) as raised:
            push(pipeline, self.frame, "py-off", client=self.client)
        self.assertEqual([row for row, _, _ in raised.exception.rows], [3, 4])
        self.assertRegex(str(raised.exception), r"row 3: pipeline \[.*\], the converted model \[")
        with self.assertRaises(NotFound):
            self.client.models.get("py-off")

    def test_what_only_the_server_says_otherwise_is_taken_out_of_use(self) -> None:
        module = sys.modules["hindcast.push"]
        pipeline = self.by_columns()
        sample = self.frame
        for seed, (state, paused) in enumerate([("active", True), ("retired", False)]):
            if seed == 1:
                self.client.models.resume("py-server")
                pipeline = self.by_columns().set_params(trees__n_estimators=10).fit(sample, sample["churned"])
            wrong = pipeline.predict_proba(sample.head(100)) + 0.25
            with mock.patch.object(module, "answers", lambda *_: wrong.tolist()), mock.patch.object(
                module, "run_locally", lambda *_: wrong.tolist()
            ), self.assertRaisesRegex(GoldenRowsDiffer, f"^The served py-server@{seed + 1} differs"):
                push(pipeline, sample, "py-server", client=self.client)
            model = self.client.models.get("py-server")
            self.assertEqual((model.versions[seed].state, model.paused), (state, paused))

    def test_what_has_no_form_is_refused_with_what_to_change(self) -> None:
        times = pd.DataFrame({"signed up": pd.to_datetime(["2026-03-01", "2026-03-02"])})
        with self.assertRaisesRegex(NotConvertible, "'signed up' holds neither numbers nor texts"):
            push(self.by_columns(), times, "py-refused", client=self.client)
        numbers = self.frame[["tenure"]]
        with self.assertRaisesRegex(NotConvertible, "predict_proba"):
            push(LinearSVC().fit(numbers, self.frame["churned"]), numbers, "py-refused", client=self.client)
        with self.assertRaisesRegex(NotConvertible, "DataFrame"):
            push(self.by_columns(), [[1.0]], "py-refused", client=self.client)
        with self.assertRaisesRegex(NotConvertible, "two classes"):
            three = LogisticRegression().fit(numbers, self.frame["plan"].astype(str))
            push(three, numbers, "py-refused", client=self.client, threshold=0.5)


if __name__ == "__main__":
    unittest.main()
