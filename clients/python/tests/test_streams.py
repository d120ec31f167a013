"""Replays and event streams whose connections break."""

from __future__ import annotations

import json
import unittest

from fake_server import Asked, FakeServer, Reply, problem
from hindcast import ApiError, Client, Unreachable


def line(at: int) -> bytes:
    event = {"type": "PredictionRequested", "subject": f"p{at}", "data": {"input": at}}
    return json.dumps({"position": f"0:0:{at}", "cursor": f"c{at}", "key": "k", "appendedAt": 1_000 * at, "event": event}).encode()


class Replays(unittest.TestCase):
    whole = b"".join(line(at) + b"\n" for at in range(10))

    def answer(self, cuts: int):
        """Serves the lines behind the cursor; the first answers break off in the middle of a line."""

        def answer(asked: Asked, turn: int) -> Reply:
            first = int(asked.query["from"][1:]) + 1 if asked.query.get("from", "").startswith("c") else 0
            last = min(10, first + int(asked.query.get("limit", 10)))
            body = b"".join(line(at) + b"\n" for at in range(first, last))
            cut = len(line(0)) * 2 + 20 if turn <= cuts else None
            return Reply(200, body, {"hindcast-log-end": "0:0:10"}, cut)

        return answer

    def test_have_every_line_once_though_the_connection_breaks(self) -> None:
        with FakeServer(self.answer(cuts=3)) as server, Client(server.url) as client:
            replay = client.replay(types=["PredictionRequested", "PredictionFailed"], model="churn")
            self.assertEqual([one.id for one in replay], [f"p{at}" for at in range(10)])
            self.assertEqual([asked.query.get("from") for asked in server.asked], [None, "c1", "c3", "c5"])
            self.assertEqual({asked.query["type"] for asked in server.asked}, {"PredictionRequested,PredictionFailed"})
            self.assertEqual((replay.cursor, replay.end), ("c9", "0:0:10"))

    def test_go_on_in_another_process_and_stop_at_a_limit_however_often_they_break(self) -> None:
        with FakeServer(self.answer(cuts=2)) as server, Client(server.url) as client:
            replay = client.replay(start="c3", limit=5)
            self.assertEqual([one.data["input"] for one in replay], [4, 5, 6, 7, 8])
            self.assertEqual([asked.query["limit"] for asked in server.asked], ["5", "3", "1"])
            self.assertEqual(replay.cursor, "c8")

    def test_that_break_at_the_end_of_a_line_are_not_taken_for_whole(self) -> None:
        def answer(asked: Asked, turn: int) -> Reply:
            cut = len(line(0)) + 1 if turn == 1 else None
            first = 1 if "from" in asked.query else 0
            return Reply(200, b"".join(line(at) + b"\n" for at in range(first, 3)), cut=cut)

        with FakeServer(answer) as server, Client(server.url) as client:
            self.assertEqual([one.id for one in client.replay()], ["p0", "p1", "p2"])

    def test_give_up_where_no_line_comes_any_more(self) -> None:
        with FakeServer(lambda asked, turn: Reply(200, self.whole, cut=5)) as server:
            with Client(server.url, retry_for=0.5) as client, self.assertRaises(Unreachable):
                list(client.replay())

    def test_from_a_place_that_is_gone_are_refused(self) -> None:
        with FakeServer(lambda asked, turn: Reply(410, problem("position-gone", 410))) as server:
            with Client(server.url) as client, self.assertRaises(ApiError) as raised:
                next(client.replay(start="0:0:1"))
            self.assertEqual(raised.exception.code, "position-gone")


class Following(unittest.TestCase):
    def test_goes_on_behind_the_last_event_until_there_is_nothing_more_to_tell(self) -> None:
        def message(at: int) -> bytes:
            event = {"type": f"T{at}", "position": f"0:0:{at}", "verdict": "accepted", "data": {}}
            return f"id: 0:0:{at}\nevent: x\ndata: {json.dumps(event)}\n\n".encode()

        def answer(asked: Asked, turn: int) -> Reply:
            last = asked.headers.get("last-event-id")
            if last == "0:0:3":
                return Reply(204, b"")
            first = 0 if last is None else int(last.split(":")[2]) + 1
            body = b": hello\n\n" + b"".join(message(at) for at in range(first, 4))
            return Reply(200, body, cut=len(message(0)) + 30 if turn == 1 else None)

        with FakeServer(answer) as server, Client(server.url) as client:
            self.assertEqual([one.type for one in client.follow("one")], ["T0", "T1", "T2", "T3"])
            self.assertEqual([asked.headers.get("last-event-id") for asked in server.asked], [None, "0:0:0", "0:0:3"])


if __name__ == "__main__":
    unittest.main()
