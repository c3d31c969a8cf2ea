"""What every record is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, NoReturn, TypeVar

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_: object) -> Callable[[type], type]:
        return lambda cls: cls


put = object.__setattr__
"""Sets a field of a record that is being made."""

LEFT_OUT: Final[Any] = type("LeftOut", (), {"__repr__": lambda _: "..."})()
"""Stands for a field that was left out and is made anew for each record, such as an empty list."""


class _Fields:
    """`__dataclass_fields__`, made when somebody asks: 250 dataclasses made in advance would take a fifth of a second
    to import.
    """

    def __get__(self, _: object, cls: type[Record]) -> dict[str, dataclasses.Field[Any]]:
        twin: Any = dataclasses.make_dataclass(cls.__name__, cls.__annotations__.items(), kw_only=True)
        fields: dict[str, dataclasses.Field[Any]] = twin.__dataclass_fields__
        setattr(cls, "__dataclass_fields__", fields)
        return fields


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Record:
    """A value that does not change, equal to any other of its class with equal fields.

    It is a dataclass to `dataclasses.replace`, `asdict` and `fields`, to pickle and copy, and to type checkers.
    """

    __slots__ = ()
    __secret__: ClassVar[frozenset[str]] = frozenset()
    """Fields that are not shown."""
    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]
    else:
        __dataclass_fields__ = _Fields()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return _fields(self) == _fields(other)

    def __hash__(self) -> int:
        return hash((type(self), *_fields(self).values()))

    def __repr__(self) -> str:
        secret = self.__secret__
        shown = (f"{name}={'...' if name in secret else repr(value)}" for name, value in _fields(self).items())
        return f"{type(self).__name__}({', '.join(shown)})"

    def __setattr__(self, name: str, _: object) -> NoReturn:
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def __reduce__(self) -> tuple[Any, ...]:
        return _made, (type(self), _fields(self))


def _fields(record: object) -> dict[str, Any]:
    slots: tuple[str, ...] = type(record).__slots__  # type: ignore[attr-defined]
    return {name: getattr(record, name) for name in slots}


def _made(cls: type[Record], fields: dict[str, Any]) -> Record:
    return cls(**fields)


T = TypeVar("T")


class Page(Record, Generic[T]):
    """One page of a list."""

    __slots__ = ("items", "next")

    items: list[T]
    """The entries, in order."""
    next: str | None
    """The `cursor` of the next page; None: this is the last one."""

    def __init__(self, *, items: list[T], next: str | None = None) -> None:
        put(self, "items", items)
        put(self, "next", next)
