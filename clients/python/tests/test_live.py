"""Against a running Hindcast (HINDCAST_URL) with the sample models."""

from __future__ import annotations

import os
import unittest

from hindcast import AllRefused, ApiError, Client, NotFound

ROW = {
    "tenure_months": 7,
    "monthly_charges": 33.16,
    "support_calls": 3,
    "late_payments": 0,
    "usage_hours": None,
    "plan": "basic",
    "region": "north",
}


@unittest.skipUnless("HINDCAST_URL" in os.environ, "HINDCAST_URL names no running Hindcast")
class Live(unittest.TestCase):
    def setUp(self) -> None:
        self.client = Client()
        self.addCleanup(self.client.close)

    def test_submit_wait_get_follow(self) -> None:
        submitted = self.client.submit("churn", ROW, entity="customer-17", event_time="2026-03-01T00:00:00Z")
        ended = self.client.wait(submitted)
        self.assertEqual((ended.id, ended.status, ended.raw["entity"]), (submitted.id, "succeeded", "customer-17"))
        self.assertEqual(self.client.get(ended.id).output, ended.output)
        self.assertEqual(self.client.predict("churn", ROW).output, ended.output)
        types = [event.type for event in self.client.follow(ended)]
        self.assertEqual(types, ["PredictionRequested", "PredictionSucceeded"])

    def test_the_same_key_is_the_same_prediction(self) -> None:
        first = self.client.submit("churn", ROW, key="python-live")
        self.assertEqual(self.client.submit("churn", ROW, key="python-live").id, first.id)
        with self.assertRaises(ApiError) as raised:
            self.client.submit("churn", {**ROW, "support_calls": 4}, key="python-live")
        self.assertEqual(raised.exception.code, "idempotency-key-reused")

    def test_refusals_point_to_what_is_wrong(self) -> None:
        with self.assertRaises(ApiError) as raised:
            self.client.submit("churn", {**ROW, "plan": 7})
        self.assertEqual([one.pointer for one in raised.exception.errors], ["/input/plan"])
        with self.assertRaises(NotFound):
            self.client.get("nobody")

    def test_many_rows_in_the_order_in_which_they_were_given_and_bad_ones_by_their_place(self) -> None:
        rows = [{**ROW, "support_calls": calls % 5, "who": f"c{calls}"} for calls in range(1_200)]
        rows[1_100]["plan"] = None
        submitted = self.client.submit_many("churn", rows, entity="who", key="python-many")
        self.assertEqual([one.index for one in submitted.refused], [1_100])
        self.assertEqual(self.client.submit_many("churn", rows, entity="who", key="python-many").ids, submitted.ids)
        ended = list(self.client.wait_many(submitted.accepted[:50]))
        self.assertEqual([one.raw["entity"] for one in ended], [f"c{at}" for at in range(50)])
        self.assertTrue(all(one.succeeded for one in ended))
        with self.assertRaisesRegex(AllRefused, "^No row of 40 was accepted.* /items/0/input/extra is not a feature"):
            self.client.submit_many("churn", [{**ROW, "extra": at} for at in range(40)])
        all_bad = self.client.submit_many("churn", [{**ROW, "plan": 7}, {**ROW, "region": 7}])
        self.assertEqual([one.error.errors[0].pointer for one in all_bad.refused], ["/items/0/input/plan", "/items/1/input/region"])

    def test_labels_find_their_predictions(self) -> None:
        by_id = self.client.predict("churn", ROW, reference_id="python-order-1")
        by_reference = self.client.predict("churn", ROW, reference_id="python-order-2")
        self.assertIn("none of the classes", self.client.label(by_id, "perhaps").warnings[0])
        self.assertEqual(self.client.label(by_id, "yes", source="crm").status, "applied")
        self.assertEqual(self.client.label("python-not-yet", "yes").status, "parked")
        with self.assertRaises(NotFound):
            self.client.label("python-no-such", "yes", must_exist=True)
        known = self.client.label(by_id, "yes", must_exist=True, source="crm")
        self.assertEqual((known.status, known.predictions, known.warnings), ("applied", (by_id.id,), ()))
        report = self.client.label_many([{"order": "python-order-2", "paid": "no"}], reference_id="order", value="paid")
        self.assertEqual((report.applied, report.parked), (1, 0))
        self.assertEqual(self.client.label_by("no", reference_id="python-order-3").status, "parked")
        labels = {line.id: line.data["value"] for line in self.client.replay(types="PredictionLabeled")}
        self.assertEqual((labels[by_id.id], labels[by_reference.id]), ("yes", "no"))

    def test_history_from_before_is_taken_in_once_and_may_bring_labels_later(self) -> None:
        rows = [
            {"input": {**ROW, "support_calls": at}, "output": {"label": "no"}, "event_time": f"2025-03-01T12:00:{at:02}Z", "entity": None}
            for at in range(30)
        ]
        rows[3]["output"] = None
        report = self.client.import_many(rows, source="legacy", model="churn-legacy", model_version=1)
        self.assertEqual((report.imported, report.refused_count, report.refused[0].index), (29, 1, 3))
        self.assertEqual(report.refused[0].error.errors[0].pointer, "/output")
        labeled = [{**row, "label": {"value": "yes", "occurred_at": "2025-04-01T00:00:00Z"}} for row in rows[4:8]]
        again = self.client.import_many(rows[:3] + labeled, source="legacy", model="churn-legacy", model_version=1)
        self.assertEqual((again.repeated, again.labeled), (3, 4))
        found = [line for line in self.client.replay(types="PredictionRequested", model="churn-legacy")]
        self.assertEqual(len(found), 29)
        self.assertEqual(self.client.get(found[0].id or "").raw["imported"]["source"], "legacy")

    def test_replay_ends_and_goes_on(self) -> None:
        first = self.client.predict("churn", ROW)
        replay = self.client.replay(types=["PredictionRequested", "PredictionSucceeded"])
        types = [line.type for line in replay if line.id == first.id]
        self.assertEqual(types, ["PredictionRequested", "PredictionSucceeded"])
        second = self.client.predict("churn", ROW)
        self.assertEqual({line.id for line in self.client.replay(start=replay.end)}, {second.id})
        with self.client as client:
            self.assertEqual(len(list(client.replay(limit=3))), 3)

    def test_models(self) -> None:
        churn = self.client.models.get("churn")
        self.assertEqual((churn.champion, churn.versions[0].reference), (1, "churn@1"))
        self.assertIn("churn", [one.name for one in self.client.models.list()])
        self.assertTrue(self.client.models.pause("breast-cancer").paused)
        waiting = self.client.submit("breast-cancer", self.client.models.get("breast-cancer").raw["example"])
        self.assertEqual(self.client.cancel(waiting, reason="a test").status, "canceled")
        self.assertFalse(self.client.models.resume("breast-cancer").paused)


if __name__ == "__main__":
    unittest.main()
