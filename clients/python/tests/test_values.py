"""Values of frames as JSON, rows of frames, and labels as lines."""

from __future__ import annotations

import ast
import json
import unittest
from collections import namedtuple
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path

import hindcast
from fake_server import Asked, FakeServer, Reply, problem
from hindcast import Client, Prediction, flat_rows
from hindcast._json import encode, plain
from hindcast._rows import rows_of

try:
    import numpy
    import pandas
    import polars
    import pyarrow
except ImportError:
    pandas = None

with_frames = unittest.skipIf(pandas is None, "pandas, polars or pyarrow are not installed")


class Values(unittest.TestCase):
    def test_of_python(self) -> None:
        when = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
        given = {"nan": float("nan"), "when": when, "day": date(2026, 3, 1), "price": Decimal("1.5"), 1: (True, None)}
        expected = {"nan": None, "when": "2026-03-01T12:00:00+00:00", "day": "2026-03-01", "price": 1.5, "1": [True, None]}
        self.assertEqual(plain(given), expected)
        self.assertEqual(plain(datetime(2026, 3, 1)), "2026-03-01T00:00:00+00:00")
        self.assertEqual(encode("ü"), '"ü"'.encode())
        with self.assertRaisesRegex(ValueError, "infinity"):
            plain(float("inf"))
        with self.assertRaisesRegex(TypeError, "object"):
            plain(object())

    @with_frames
    def test_of_frames(self) -> None:
        given = [numpy.float32(0.5), numpy.int64(7), numpy.bool_(True), numpy.float64("nan"), pandas.NaT, pandas.NA]
        self.assertEqual(json.loads(encode(given)), [0.5, 7, True, None, None, None])
        self.assertEqual(plain(numpy.array([[1.5, 2.5]])), [[1.5, 2.5]])
        self.assertEqual(plain(pandas.Timestamp("2026-03-01T12:00Z")), "2026-03-01T12:00:00+00:00")

    @with_frames
    def test_of_rows_keep_their_names(self) -> None:
        row = {"pw": 0.2, "pl": 1.4, "sw": None, "plan": "basic"}
        for given in (
            pandas.Series(row),
            pandas.Series(row, dtype="object"),
            namedtuple("Row", row)(**row),
            numpy.rec.fromrecords([(0.2, 1.4, float("nan"), "basic")], names=list(row))[0],
        ):
            with self.subTest(type(given).__name__):
                self.assertEqual(plain(given), row)
                self.assertEqual(plain({"input": given}), {"input": row})
        self.assertEqual(plain(pandas.Series([0.2, 1.4])), [0.2, 1.4])
        for labels in ([1, 0], [1, 2], ["pw", "pw"], [("a", 1), ("a", 2)]):
            with self.assertRaisesRegex(ValueError, r"rename\(str\)"):
                plain(pandas.Series([0.2, 1.4], index=labels))
        self.assertEqual(plain(pandas.Series([0.2, 1.4], index=[2, 1]).rename(str)), {"2": 0.2, "1": 1.4})


class Rows(unittest.TestCase):
    @with_frames
    def test_come_out_of_every_kind_of_frame_alike(self) -> None:
        rows = [{"n": float(at) if at % 3 else None, "plan": "pro" if at % 2 else None} for at in range(2_100)]
        table = pyarrow.Table.from_pylist(rows)
        series = [row for _, row in pandas.DataFrame(rows).iterrows()]
        for frame in (pandas.DataFrame(rows), polars.from_dicts(rows), table, rows, iter(rows), series):
            with self.subTest(type(frame).__module__):
                self.assertEqual([plain(row) for row in rows_of(frame)], rows)
        self.assertEqual(list(rows_of(numpy.array([[1.0, 2.0], [3.0, 4.0]]))), [[1.0, 2.0], [3.0, 4.0]])
        with self.assertRaisesRegex(TypeError, "Series"):
            list(rows_of(pandas.Series([1.0])))

    @with_frames
    def test_of_predictions_are_flat(self) -> None:
        output = {"label": "yes", "probabilities": {"no": 0.25, "yes": 0.75}, "decision": True}
        body = {"id": "1", "status": "succeeded", "model": "churn", "modelVersion": 1, "output": output, "entity": "c"}
        frame = pandas.DataFrame(flat_rows([Prediction.of(body)]))
        self.assertEqual(frame["output.probabilities.yes"][0], 0.75)
        self.assertEqual((frame["output.label"][0], frame["entity"][0]), ("yes", "c"))


class Labels(unittest.TestCase):
    def answer(self, asked: Asked, turn: int) -> Reply:
        lines = []
        for number, text in enumerate(asked.body.splitlines(), 1):
            label = json.loads(text)
            bad = {"status": "refused", "error": problem("invalid-body", 400)}
            good = {"status": "parked" if label.get("value") == "late" else "applied", "predictions": [], "position": "0:0:1"}
            odd = {"warnings": [{"code": "unknown_class", "detail": "odd"}]} if label.get("value") == "Yes" else {}
            lines.append({"line": number, **(bad if label.get("id") == "bad" else good), **odd})
        return Reply(200, b"".join(json.dumps(one).encode() + b"\n" for one in lines))

    def test_of_one_prediction(self) -> None:
        outcome = {"status": "applied", "predictions": ["one"], "position": "0:0:5"}
        with FakeServer(lambda asked, turn: Reply(202, outcome)) as server, Client(server.url) as client:
            self.assertEqual(client.label("one", "yes", source="crm").position, "0:0:5")
            client.label("one", None)
            client.label_by(1, entity="c", since=datetime(2026, 3, 1, tzinfo=timezone.utc), latest=True)
            self.assertEqual([asked.json for asked in server.asked], [
                {"id": "one", "value": "yes", "source": "crm"},
                {"id": "one", "value": None},
                {"entity": "c", "from": "2026-03-01T00:00:00+00:00", "value": 1, "match": "latest"},
            ])

    def test_of_many_are_counted_and_the_refused_named_by_their_row(self) -> None:
        rows = [{"id": f"p{at}", "value": "yes", "note": "kept here"} for at in range(1_500)]
        rows[3]["value"] = float("nan")
        rows[1_200]["id"] = "bad"
        rows[7]["value"] = "late"
        rows[1_100]["value"] = "Yes"
        with FakeServer(self.answer) as server, Client(server.url) as client:
            report = client.label_many(rows)
            self.assertEqual((report.applied, report.parked, report.refused_count), (1_497, 1, 1))
            self.assertEqual(report.refused[0].index, 1_200)
            self.assertEqual((report.warned_count, report.warned), (1, (hindcast.Warned(1_100, ("odd",)),)))
            self.assertEqual(json.loads(server.asked[0].body.splitlines()[0]), {"id": "p0", "value": "yes"})
            keys = [asked.headers["idempotency-key"] for asked in server.asked]
            client.label_many(rows)
            self.assertEqual([asked.headers["idempotency-key"] for asked in server.asked], keys * 2)

    def test_that_cannot_be_written_are_refused_by_their_row_and_the_others_sent(self) -> None:
        rows: list = [{"id": f"p{at}", "value": "yes"} for at in range(2_500)]
        rows[5]["value"] = "half of a pair: \ud83d"
        rows[6]["value"] = float("nan")
        rows[900]["id"] = "bad"
        rows[1_700]["value"] = float("-inf")
        rows[1_800]["weight"] = Decimal("Infinity")
        rows[2_499]["value"] = b"yes"
        with FakeServer(self.answer) as server, Client(server.url) as client:
            report = client.label_many(rows)
            self.assertEqual((report.applied, report.parked, report.refused_count), (2_494, 0, 5))
            self.assertEqual([one.index for one in report.refused], [5, 900, 1_700, 1_800, 2_499])
            said = [one.error.detail for one in report.refused]
            self.assertEqual(said[0], "A text in the body has half of a surrogate pair.")
            self.assertIn("no infinity", said[2])
            self.assertIn("bytes has no form in JSON", said[4])
            self.assertEqual({one.error.code for one in report.refused}, {"malformed-request", "invalid-body"})
            sent = [json.loads(text)["id"] for asked in server.asked for text in asked.body.splitlines()]
            self.assertEqual(sent, [row["id"] for at, row in enumerate(rows) if at not in (5, 6, 1_700, 1_800, 2_499)])
            with self.assertRaisesRegex(hindcast.ApiError, "surrogate pair"):
                report.raise_for_refused()
            of_nothing = client.label_many([{"id": "p", "value": float("inf")}] * 1_200)
            self.assertEqual((of_nothing.refused_count, len(of_nothing.refused), len(server.asked)), (1_200, 1_000, 3))

    def test_in_columns_with_other_names_and_taken_back_where_that_is_asked_for(self) -> None:
        rows = [{"order": "o1", "paid": None, "when": "2026-04-01T00:00:00Z"}]
        with FakeServer(self.answer) as server, Client(server.url) as client:
            client.label_many(rows, retract=True, reference_id="order", value="paid", occurred_at="when")
            expected = {"referenceId": "o1", "value": None, "occurredAt": "2026-04-01T00:00:00Z"}
            self.assertEqual(json.loads(server.asked[0].body), expected)
            self.assertEqual(client.label_many(rows, reference_id="order", value="paid").applied, 0)
            self.assertEqual(len(server.asked), 1)
            with self.assertRaisesRegex(TypeError, "no 'colour'"):
                client.label_many(rows, colour="order")


class Imports(unittest.TestCase):
    def test_that_cannot_be_written_are_refused_by_their_row_and_the_others_sent(self) -> None:
        def answer(asked: Asked, turn: int) -> Reply:
            lines = [{"line": number, "status": "imported"} for number, _ in enumerate(asked.body.splitlines(), 1)]
            return Reply(200, b"".join(json.dumps(one).encode() + b"\n" for one in lines))

        rows = [{"input": {"x": at}, "output": {"label": "yes"}} for at in range(1_500)]
        rows[1_200]["input"] = {"x": float("inf")}
        rows[1_300]["label"] = {"value": "\udc00"}
        with FakeServer(answer) as server, Client(server.url) as client:
            report = client.import_many(rows, source="legacy")
            self.assertEqual((report.imported, report.refused_count), (1_498, 2))
            self.assertEqual([one.index for one in report.refused], [1_200, 1_300])


class Package(unittest.TestCase):
    def test_is_typed_and_speaks_the_oldest_python_that_it_promises(self) -> None:
        folder = Path(hindcast.__file__).parent
        self.assertTrue((folder / "py.typed").is_file())
        for file in folder.glob("*.py"):
            ast.parse(file.read_text(encoding="utf-8"), str(file), feature_version=(3, 9))


if __name__ == "__main__":
    unittest.main()
