"""Retries, keys, errors and time-outs, against a server that misbehaves on purpose."""

from __future__ import annotations

import socket
import time
import unittest
from datetime import timedelta

from fake_server import Asked, FakeServer, Reply, problem, receipt
from hindcast import AllRefused, ApiError, Client, NotFound, NotSucceeded, Unreachable, WaitTimeout

try:
    import pandas
except ImportError:
    pandas = None


class Retries(unittest.TestCase):
    def test_a_busy_server_is_asked_again_after_the_time_it_names_with_the_same_key_and_body(self) -> None:
        def answer(_: Asked, turn: int) -> Reply:
            if turn < 3:
                return Reply(503, problem("backlog-too-long", 503), {"retry-after": "0.2"})
            return Reply(202, receipt())

        with FakeServer(answer) as server, Client(server.url) as client:
            begun = time.monotonic()
            self.assertEqual(client.submit("churn", {"a": 1}).id, "one")
            self.assertGreaterEqual(time.monotonic() - begun, 0.4)
            keys = {asked.headers["idempotency-key"] for asked in server.asked}
            self.assertEqual((len(server.asked), len(keys)), (3, 1))
            self.assertEqual({asked.body for asked in server.asked}, {b'{"model":"churn","input":{"a":1}}'})

    def test_an_answer_that_breaks_off_is_asked_for_again(self) -> None:
        def answer(_: Asked, turn: int) -> Reply:
            return Reply(202, receipt(), cut=None if turn == 3 else 5)

        with FakeServer(answer) as server, Client(server.url) as client:
            self.assertEqual(client.submit("churn", [1]).id, "one")
            self.assertEqual(len({asked.headers["idempotency-key"] for asked in server.asked}), 1)

    def test_two_calls_have_two_keys_and_a_key_of_the_caller_is_sent_as_it_is(self) -> None:
        with FakeServer(lambda asked, turn: Reply(202, receipt())) as server, Client(server.url) as client:
            client.submit("churn", [1])
            client.submit("churn", [1])
            client.submit("churn", [1], key='say "hi"')
            keys = [asked.headers["idempotency-key"] for asked in server.asked]
            self.assertEqual(len(set(keys)), 3)
            self.assertEqual(keys[2], '"say \\"hi\\""')

    def test_a_key_in_flight_is_waited_for_and_other_conflicts_are_not(self) -> None:
        def answer(asked: Asked, turn: int) -> Reply:
            if turn == 1:
                return Reply(409, problem("idempotency-in-flight", 409), {"retry-after": "0"})
            return Reply(202, receipt()) if turn == 2 else Reply(409, problem("prediction-ended", 409))

        with FakeServer(answer) as server, Client(server.url) as client:
            client.submit("churn", [1])
            with self.assertRaises(ApiError) as raised:
                client.cancel("one")
            self.assertEqual((raised.exception.code, raised.exception.status), ("prediction-ended", 409))
            self.assertEqual(len(server.asked), 3)

    def test_a_label_goes_to_the_door_that_lets_it_wait_or_to_that_of_a_known_prediction(self) -> None:
        def answer(asked: Asked, turn: int) -> Reply:
            if asked.path == "/v1/labels":
                return Reply(202, {"status": "parked", "predictions": ["a/b"], "position": "0:1:2"})
            if turn == 2:
                return Reply(404, problem("unknown-prediction", 404))
            return Reply(202, {"id": "a/b", "position": "0:1:3", "warnings": [{"detail": "odd"}]})

        with FakeServer(answer) as server, Client(server.url) as client:
            self.assertEqual(client.label("a/b", "yes").status, "parked")
            with self.assertRaises(NotFound):
                client.label("a/b", "yes", must_exist=True)
            known = client.label("a/b", "yes", must_exist=True, weight=2)
            self.assertEqual((known.status, known.predictions, known.position, known.warnings), ("applied", ("a/b",), "0:1:3", ("odd",)))
            self.assertEqual([asked.path for asked in server.asked[1:]], ["/v1/predictions/a%2Fb/labels"] * 2)
            self.assertEqual(server.asked[-1].json, {"value": "yes", "weight": 2})

    def test_it_gives_up_when_its_time_is_up_with_what_the_server_said_last(self) -> None:
        busy = Reply(503, problem("log-unavailable", 503), {"retry-after": "30"})
        with FakeServer(lambda asked, turn: busy) as server, Client(server.url, retry_for=1) as client:
            with self.assertRaises(ApiError) as raised:
                client.submit("churn", [1])
            self.assertEqual((raised.exception.code, len(server.asked)), ("log-unavailable", 1))

    def test_nobody_there(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            with Client(f"http://127.0.0.1:{taken.getsockname()[1]}", retry_for=0.3) as client:
                with self.assertRaises(Unreachable):
                    client.get("one")

    def test_a_server_that_says_nothing_is_not_waited_for_forever(self) -> None:
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            with Client(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2, retry_for=0) as client:
                with self.assertRaises(Unreachable):
                    client.get("one")


class Refusals(unittest.TestCase):
    def test_carry_type_detail_and_pointers(self) -> None:
        errors = [{"pointer": "/input/age", "detail": "must be a number"}]
        refusal = Reply(422, problem("invalid-input", 422, detail="The input does not fit.", errors=errors, traceId="t"))
        with FakeServer(lambda asked, turn: refusal) as server, Client(server.url) as client:
            with self.assertRaises(ApiError) as raised:
                client.submit("churn", {"age": "x"})
            error = raised.exception
            self.assertEqual((error.type, error.code, error.trace_id), ("/problems/invalid-input", "invalid-input", "t"))
            self.assertEqual([(one.pointer, one.detail) for one in error.errors], [("/input/age", "must be a number")])
            self.assertIn("/input/age must be a number", str(error))
            self.assertEqual(len(server.asked), 1)

    def test_of_what_is_not_there_are_not_found(self) -> None:
        with FakeServer(lambda asked, turn: Reply(404, problem("unknown-model", 404))) as server:
            with Client(server.url) as client, self.assertRaises(NotFound):
                client.models.get("nobody")

    def test_that_are_no_problem_documents_still_say_something(self) -> None:
        with FakeServer(lambda asked, turn: Reply(400, b"<html>no</html>")) as server, Client(server.url) as client:
            with self.assertRaisesRegex(ApiError, "<html>no</html>"):
                client.get("one")


class NamedRows(unittest.TestCase):
    @unittest.skipIf(pandas is None, "pandas is not installed")
    def test_of_a_frame_are_sent_by_name_however_they_are_taken_out_of_it(self) -> None:
        def answer(asked: Asked, turn: int) -> Reply:
            items = asked.json.get("items")
            return Reply(202, {"items": [receipt()] * len(items)} if items else receipt(status="succeeded", output={}))

        frame = pandas.DataFrame([{"pw": 0.2, "pl": 1.4, "sw": 3.5, "sl": 5.1, "who": "a"}])
        row = frame.drop(columns="who").iloc[0]
        named = {"pw": 0.2, "pl": 1.4, "sw": 3.5, "sl": 5.1}
        with FakeServer(answer) as server, Client(server.url) as client:
            client.predict("iris", row)
            client.submit("iris", row, context=pandas.Series({"shop": "north"}))
            client.submit_many("iris", [row for _, row in frame.iterrows()], entity="who")
            client.submit_many("iris", frame.itertuples(index=False), entity="who")
            one, two, *many = [asked.json for asked in server.asked]
            self.assertEqual([one["input"], two["input"], two["context"]], [named, named, {"shop": "north"}])
            self.assertEqual([body["items"] for body in many], [[{"input": named, "entity": "a"}]] * 2)


class ManyRows(unittest.TestCase):
    def test_are_sent_a_thousand_at_a_time_and_a_bad_one_is_refused_alone(self) -> None:
        def answer(asked: Asked, turn: int) -> Reply:
            items = [
                {"status": "refused", "problem": problem("invalid-input", 400)}
                if one["input"]["n"] == 1_100
                else receipt(str(one["input"]["n"]))
                for one in asked.json["items"]
            ]
            return Reply(202, {"items": items})

        with FakeServer(answer) as server, Client(server.url) as client:
            rows = [{"n": n, "who": f"c{n}"} for n in range(2_500)]
            submitted = client.submit_many("churn", rows, entity="who", key="nightly")
            self.assertEqual([len(asked.json["items"]) for asked in server.asked], [1_000, 1_000, 500])
            self.assertEqual([asked.headers["idempotency-key"] for asked in server.asked], ['"nightly-%d"' % n for n in range(3)])
            self.assertEqual(server.asked[0].json["items"][7], {"input": {"n": 7}, "entity": "c7"})
            self.assertEqual((len(submitted), submitted.ids[2_499], submitted.ids[1_100]), (2_500, "2499", None))
            self.assertEqual([one.index for one in submitted.refused], [1_100])
            self.assertEqual(len(submitted.accepted), 2_499)
            with self.assertRaises(ApiError):
                submitted.raise_for_refused()

    def test_that_are_all_refused_are_told_one_by_one(self) -> None:
        errors = [{"pointer": f"/items/{at}/input/{name}", "detail": "must be a number"} for at, name in enumerate("nm")]
        refusal = Reply(400, problem("invalid-input", 400, errors=errors))
        with FakeServer(lambda asked, turn: refusal) as server, Client(server.url) as client:
            refused = client.submit_many("churn", [{"n": "x"}, {"n": "y"}]).refused
            self.assertEqual([one.index for one in refused], [0, 1])
            self.assertEqual(refused[1].error.errors[0].pointer, "/items/1/input/m")

    def test_that_are_all_refused_for_one_reason_are_an_error_with_the_first_of_them(self) -> None:
        # More rows than the server says something of.
        errors = [{"pointer": f"/items/{at}/input/x", "detail": "is not a feature of this model"} for at in range(32)]
        refusal = Reply(422, problem("invalid-input", 422, errors=errors))
        with FakeServer(lambda asked, turn: refusal) as server, Client(server.url) as client:
            with self.assertRaisesRegex(AllRefused, "^No row of 1200 was accepted.* /items/0/input/x is not a feature") as raised:
                client.submit_many("churn", [{"x": 1}] * 1_200)
            self.assertEqual(len(server.asked), 2)
            submitted = raised.exception.submitted
            self.assertEqual((len(submitted.refused), submitted.accepted), (1_200, []))
            self.assertEqual((raised.exception.status, raised.exception.code), (422, "invalid-input"))
            self.assertEqual(len(client.submit_many("churn", [])), 0)
        accepted = Reply(202, {"items": [receipt("one")]})
        with FakeServer(lambda asked, turn: refusal if turn == 1 else accepted) as server, Client(server.url) as client:
            self.assertEqual(client.submit_many("churn", [{"x": 1}] * 1_001).accepted, ["one"])

    def test_that_are_refused_are_pointed_at_by_their_places_among_all(self) -> None:
        def refusal(at: int, code: str = "invalid-input") -> dict:
            pointer, detail = f"/items/{at}/input/n", "must be a number"
            return problem(code, 422, detail=f"{pointer} {detail}.", errors=[{"pointer": pointer, "detail": detail}])

        def answer(asked: Asked, turn: int) -> Reply:
            items = [{"status": "refused", "problem": refusal(at)} if one["input"]["n"] == "x" else receipt() for at, one in enumerate(asked.json["items"])]
            return Reply(202, {"items": items}) if turn == 1 else Reply(422, refusal(0))

        # The first row is not sent, and the last one is the first of the second request.
        rows = [{"n": float("inf")}, {"n": 1}, {"n": "x"}, *([{"n": 1}] * 998), {"n": "x"}]
        with FakeServer(answer) as server, Client(server.url) as client:
            refused = client.submit_many("churn", rows).refused
            self.assertEqual([one.index for one in refused], [0, 2, 1_001])
            for one in refused[1:]:
                self.assertEqual([error.pointer for error in one.error.errors], [f"/items/{one.index}/input/n"])
                self.assertEqual(one.error.detail, f"/items/{one.index}/input/n must be a number.")
        with FakeServer(lambda asked, turn: Reply(400, refusal(1, "invalid-body"))) as server, Client(server.url) as client:
            with self.assertRaisesRegex(ApiError, "^/items/2/input/n must be a number"):
                client.submit_many("churn", rows[:3])

    def test_that_have_no_form_in_json_are_refused_alone(self) -> None:
        answer = lambda asked, turn: Reply(202, {"items": [receipt(str(one["input"]["n"])) for one in asked.json["items"]]})
        with FakeServer(answer) as server, Client(server.url) as client:
            rows = [{"n": 0}, {"n": float("inf")}, {"n": 2}, {"n": "\ud800"}, {"n": 4}]
            submitted = client.submit_many("churn", rows)
            self.assertEqual(submitted.ids, ("0", None, "2", None, "4"))
            self.assertEqual([(one.index, one.error.status) for one in submitted.refused], [(1, 400), (3, 400)])
            with self.assertRaisesRegex(AllRefused, "infinity"):
                client.submit_many("churn", [{"n": float("inf")}])
            self.assertEqual(len(server.asked), 1)
            of = [{"n": 0, "who": "a"}, {"n": 1, "who": timedelta(1)}, {"n": "x" * 17_000_000, "who": "c"}, {"n": 3, "who": 4}]
            submitted = client.submit_many("churn", of, entity="who")
            self.assertEqual(submitted.ids, ("0", None, None, "3"))
            self.assertEqual([(one.index, one.error.status) for one in submitted.refused], [(1, 400), (2, 413)])

    def test_of_an_unknown_model_are_an_error_of_the_call(self) -> None:
        with FakeServer(lambda asked, turn: Reply(404, problem("unknown-model", 404))) as server:
            with Client(server.url) as client, self.assertRaises(NotFound):
                client.submit_many("nobody", [[1]])

    def test_one_row_by_mistake_is_told(self) -> None:
        with Client("http://127.0.0.1:1") as client:
            with self.assertRaisesRegex(TypeError, "submit"):
                client.submit_many("churn", {"n": 1})
            with self.assertRaisesRegex(KeyError, "no column 'who'"):
                client.submit_many("churn", [{"n": 1}], entity="who")


class Waiting(unittest.TestCase):
    def test_asks_until_it_has_ended_and_returns_however_it_ended(self) -> None:
        def answer(asked: Asked, turn: int) -> Reply:
            return Reply(200, receipt(status="running") if turn < 3 else receipt(status="failed", error={"detail": "Bad."}))

        with FakeServer(answer) as server, Client(server.url) as client:
            ended = client.wait("one", timeout=5)
            self.assertEqual((ended.status, ended.succeeded), ("failed", False))
            self.assertEqual(server.asked[0].headers["prefer"], "wait=5")
            with self.assertRaisesRegex(NotSucceeded, "has failed. Bad."):
                ended.result()

    def test_ends_when_its_time_is_up(self) -> None:
        with FakeServer(lambda asked, turn: Reply(200, receipt())) as server, Client(server.url) as client:
            with self.assertRaises(WaitTimeout) as raised:
                client.wait("one", timeout=0.1)
            self.assertEqual(raised.exception.id, "one")
            self.assertIsInstance(raised.exception, TimeoutError)

    def test_many_come_in_the_order_in_which_they_were_asked_for(self) -> None:
        def answer(asked: Asked, turn: int) -> Reply:
            id = asked.path.rsplit("/", 1)[-1]
            time.sleep(0.05 if id == "0" else 0)
            return Reply(200, receipt(id, "succeeded", output=int(id)))

        with FakeServer(answer) as server, Client(server.url) as client:
            self.assertEqual([one.output for one in client.wait_many(str(n) for n in range(20))], list(range(20)))


class Traffic(unittest.TestCase):
    def test_is_moved_on_the_newest_revision_when_somebody_else_was_quicker(self) -> None:
        model = {"name": "churn", "paused": False, "versions": [], "routing": {"champion": 2}}

        def answer(asked: Asked, turn: int) -> Reply:
            if asked.method == "GET":
                return Reply(200, model, {"etag": f'"{turn}"'})
            return Reply(412, problem("routing-changed", 412)) if turn == 2 else Reply(200, model)

        with FakeServer(answer) as server, Client(server.url) as client:
            self.assertEqual(client.models.promote("churn", 2).champion, 2)
            moves = [asked for asked in server.asked if asked.method == "PUT"]
            self.assertEqual([asked.headers["if-match"] for asked in moves], ['"1"', '"3"'])
            self.assertEqual(moves[0].json, {"champion": 2, "canary": []})


class Addresses(unittest.TestCase):
    def test_two_of_them_are_refused_in_words(self) -> None:
        with self.assertRaisesRegex(ValueError, "balancer"):
            Client("http://127.0.0.1:8081,http://127.0.0.1:8082")


if __name__ == "__main__":
    unittest.main()
