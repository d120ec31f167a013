"""The format of text/event-stream, as https://html.spec.whatwg.org/multipage/server-sent-events.html has it."""

from __future__ import annotations

from typing import Iterator, List, Optional, Tuple


def messages(lines: Iterator[bytes]) -> Iterator[Tuple[Optional[str], str]]:
    """Id and data of each message of a text/event-stream."""
    event_id: Optional[str] = None
    data: List[str] = []
    for line in lines:
        if not line:
            if data:
                yield event_id, "\n".join(data)
            data = []
            continue
        name, _, value = line.decode().partition(":")
        value = value[1:] if value.startswith(" ") else value
        if name == "id":
            event_id = value
        elif name == "data":
            data.append(value)
