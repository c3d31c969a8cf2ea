"""JSON in and out, and the values that JSON has no word for."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, ItemsView
from datetime import datetime, timezone
from typing import Any, TypeAlias, TypeVar

from tertulia._errors import InvalidError
from tertulia._record import Page

T = TypeVar("T")

Callback: TypeAlias = tuple[Callable[[Any], tuple[Any, ...]], Callable[[Any], Any]]
"""A method of an object of the host's: reads its arguments, writes its answer."""

loads = json.loads
_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


def dumps(what: str, value: Any) -> str:
    """JSON. Fails with `input.invalid` for what JSON cannot hold; `what` names it."""
    try:
        return _encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidError("input.invalid", f"{what}: {error}") from error


def wrong(value: object, wanted: str) -> InvalidError:
    """What a value of the wrong type is refused with."""
    return InvalidError("input.invalid", f"{wanted} is wanted, not {type(value).__name__}")


def optional(value: Any, then: Callable[[Any], T]) -> T | None:
    return None if value is None else then(value)


def told(progress: Callable[[T], object] | None, read: Callable[[Any], T]) -> Callable[[Any], object] | None:
    """What hears of progress as it comes, for what hears of it as values."""
    return None if progress is None else lambda counts: progress(read(counts))


def items(value: dict[str, T]) -> ItemsView[str, T]:
    """What a map holds. JSON would turn other keys into text in silence."""
    if not isinstance(value, dict):
        raise wrong(value, "a dict")
    for key in value:
        if not isinstance(key, str):
            raise wrong(key, "a key that is text")
    return value.items()


def read_time(text: str) -> datetime:
    """The library writes UTC to the nanosecond at most, as in `2026-01-05T09:00:00.000000001Z`. Python 3.10 reads
    neither nanoseconds nor the Z.
    """
    return datetime.fromisoformat(text[:-1][:26] + "+00:00" if text[-1] == "Z" else text)


def write_time(value: datetime) -> str:
    if not isinstance(value, datetime):
        raise wrong(value, "a datetime")
    if value.utcoffset() is None:
        raise InvalidError("input.invalid", f"{value} has no time zone: is it UTC? Then add tzinfo=timezone.utc")
    try:
        text = value.astimezone(timezone.utc).isoformat()[:-6]
    except OverflowError as error:
        raise InvalidError("input.invalid", f"{value} is no time in UTC") from error
    # As the library writes it: no more digits than it takes, by threes.
    return (text[:-3] if len(text) == 26 and text.endswith("000") else text) + "Z"


def read_bytes(text: str) -> bytes:
    return b64decode(text)


def write_bytes(value: bytes) -> str:
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise wrong(value, "bytes")
    return b64encode(value).decode("ascii")


def read_page(v: Any, read: Callable[[Any], T]) -> Page[T]:
    return Page(items=[read(item) for item in v["items"]], next=v.get("next"))


def write_page(page: Page[T], write: Callable[[T], Any]) -> Any:
    return {"items": [write(item) for item in page.items], "next": page.next}
