"""How calls block, and callbacks run on threads."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from tertulia import _native
from tertulia._errors import InvalidError, failed, failure
from tertulia._options import Host
from tertulia._record import Page
from tertulia._types import PageRequest
from tertulia._wire import Callback, dumps, loads

T = TypeVar("T")
_log = logging.getLogger("tertulia")


class Home:
    """Where a CRM's transports, credentials and clock are called: each call on a thread of its own, so that it may
    block, and never holds up the end of the program.
    """

    __slots__ = ()

    def host(self, value: Any, callbacks: dict[str, Callback]) -> Host:
        """A callable that has the library's calls answered by this object's methods."""

        def call(method: str, args: str, reply: _native.Reply) -> None:
            Thread(
                target=_answer,
                args=(value, method, callbacks[method], args, reply),
                name=f"tertulia-{method}",
                daemon=True,
            ).start()

        return call


def _answer(value: Any, method: str, callback: Callback, args: str, reply: _native.Reply) -> None:
    read, write = callback
    try:
        answer = getattr(value, method)(*read(loads(args)))
    except BaseException as error:
        reply(None, failure(error))
        return
    try:
        text = dumps(method, write(answer))
    except Exception as error:
        reply(None, failure(TypeError(f"its answer is none: {error}")))
    else:
        reply(text, None)


class Scope:
    """A handle, and on whose behalf it is called."""

    __slots__ = ("_agent", "handle", "org")

    def __init__(self, handle: _native.Handle, org: str | None = None, agent: str | None = None) -> None:
        self.handle = handle
        self.org = org
        self._agent = agent

    @classmethod
    def open(
        cls, kind: str, options: Any, _: Home, hosts: Sequence[Host] = (), handles: Sequence[_native.Handle] = ()
    ) -> Scope:
        opened = _Answer()
        _native.open(kind, dumps("open", options), [*hosts], [*handles], opened.tell)
        return cls(opened.wait())

    def of(self, org: str, agent: str | None = None) -> Scope:
        return Scope(self.handle, org, agent)

    def call(
        self,
        method: str,
        args: dict[str, Any],
        *,
        progress: Callable[[Any], object] | None = None,
        cancel: _native.CancelToken | None = None,
        other: Scope | None = None,
    ) -> Any:
        answer = _Answer()
        text = dumps(method, args)
        told = None if progress is None else answer.progress(progress)
        try:
            self.handle.call(
                method, self.org, self._agent, text, answer.tell, told, cancel, None if other is None else other.handle
            )
        except UnicodeEncodeError as error:
            raise InvalidError("id.invalid", str(error)) from error
        return loads(answer.wait())


class _Answer:
    """Waits for what a call is answered with, telling its progress meanwhile. Whoever stops waiting, say by Ctrl-C,
    does not stop the call.
    """

    __slots__ = ("_told",)

    def __init__(self) -> None:
        self._told: SimpleQueue[Callable[[], object] | tuple[Any, str | None]] = SimpleQueue()

    def wait(self) -> Any:
        while callable(told := self._told.get()):
            told()
        answer, error = told
        if error is not None:
            raise failed(error)
        return answer

    def tell(self, answer: Any, error: str | None) -> None:
        self._told.put((answer, error))

    def progress(self, progress: Callable[[Any], object]) -> Host:
        def tell(counts: str, reply: _native.Reply) -> None:
            try:
                progress(loads(counts))
            except Exception:
                _log.exception("a progress callback failed")
            finally:
                reply("null", None)

        return lambda _, counts, reply: self._told.put(lambda: tell(counts, reply))


class Area:
    """Methods that belong together."""

    __slots__ = ("_scope",)

    def __init__(self, scope: Scope) -> None:
        self._scope = scope


def each(fetch: Callable[[PageRequest], Page[T]], page: PageRequest | None) -> Iterator[T]:
    """The entries of all pages, from this one on."""
    request = page or PageRequest()
    while True:
        got = fetch(request)
        yield from got.items
        if got.next is None:
            return
        request = replace(request, cursor=got.next)
