"""How calls and callbacks join an asyncio event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
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
    """The loop that a CRM's transports, credentials and clock are called on: the one that it was opened on, and when
    that one is closed, the next that calls it.
    """

    __slots__ = ("_loop", "_tasks")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()

    def visit(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is not loop and self._loop.is_closed():
            self._loop = loop

    def host(self, value: Any, callbacks: dict[str, Callback]) -> Host:
        """A callable that has the library's calls answered by this object's coroutines."""

        def call(method: str, args: str, reply: _native.Reply) -> None:
            self._loop.call_soon_threadsafe(begin, method, args, reply)

        def begin(method: str, args: str, reply: _native.Reply) -> None:
            task = self._loop.create_task(_answer(value, method, callbacks[method], args, reply))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        return call


async def _answer(value: Any, method: str, callback: Callback, args: str, reply: _native.Reply) -> None:
    read, write = callback
    try:
        answer = await getattr(value, method)(*read(loads(args)))
    except BaseException as error:
        reply(None, failure(error))
        if not isinstance(error, Exception):
            raise
        return
    try:
        text = dumps(method, write(answer))
    except Exception as error:
        reply(None, failure(TypeError(f"its answer is none: {error}")))
    else:
        reply(text, None)


class Scope:
    """A handle, and on whose behalf it is called."""

    __slots__ = ("_agent", "_home", "handle", "org")

    def __init__(self, handle: _native.Handle, home: Home, org: str | None = None, agent: str | None = None) -> None:
        self.handle = handle
        self.org = org
        self._home = home
        self._agent = agent

    @classmethod
    async def open(
        cls, kind: str, options: Any, home: Home, hosts: Sequence[Host] = (), handles: Sequence[_native.Handle] = ()
    ) -> Scope:
        opened = _Answer()
        _native.open(kind, dumps("open", options), [*hosts], [*handles], opened.tell)
        return cls(await opened.wait(), home)

    def of(self, org: str, agent: str | None = None) -> Scope:
        return Scope(self.handle, self._home, org, agent)

    async def call(
        self,
        method: str,
        args: dict[str, Any],
        *,
        progress: Callable[[Any], object] | None = None,
        cancel: _native.CancelToken | None = None,
        other: Scope | None = None,
    ) -> Any:
        answer = _Answer()
        self._home.visit(answer.loop)
        text = dumps(method, args)
        told = None if progress is None else answer.progress(progress)
        try:
            self.handle.call(
                method, self.org, self._agent, text, answer.tell, told, cancel, None if other is None else other.handle
            )
        except UnicodeEncodeError as error:
            raise InvalidError("id.invalid", str(error)) from error
        return loads(await answer.wait())


class _Answer:
    """Waits for what a call is answered with. Whoever stops waiting does not stop the call."""

    __slots__ = ("_future", "loop")

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._future: asyncio.Future[Any] = self.loop.create_future()

    async def wait(self) -> Any:
        answer, error = await self._future
        if error is not None:
            raise failed(error)
        return answer

    def tell(self, answer: Any, error: str | None) -> None:
        try:
            self.loop.call_soon_threadsafe(self._settle, (answer, error))
        except RuntimeError:
            pass  # The loop is closed: nobody waits.

    def _settle(self, outcome: tuple[Any, str | None]) -> None:
        if not self._future.done():
            self._future.set_result(outcome)

    def progress(self, progress: Callable[[Any], object]) -> Host:
        def call(_: str, counts: str, reply: _native.Reply) -> None:
            self.loop.call_soon_threadsafe(tell, counts, reply)

        def tell(counts: str, reply: _native.Reply) -> None:
            try:
                progress(loads(counts))
            except Exception:
                _log.exception("a progress callback failed")
            finally:
                reply("null", None)

        return call


class Area:
    """Methods that belong together."""

    __slots__ = ("_scope",)

    def __init__(self, scope: Scope) -> None:
        self._scope = scope


async def each(fetch: Callable[[PageRequest], Awaitable[Page[T]]], page: PageRequest | None) -> AsyncIterator[T]:
    """The entries of all pages, from this one on."""
    request = page or PageRequest()
    while True:
        got = await fetch(request)
        for item in got.items:
            yield item
        if got.next is None:
            return
        request = replace(request, cursor=got.next)
