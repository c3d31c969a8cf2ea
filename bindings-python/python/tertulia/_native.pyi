from collections.abc import Callable
from typing import Any, final

__all__ = ["CancelToken", "Handle", "Reply", "open"]

def open(
    kind: str,
    options: str,
    hosts: list[Callable[[str, str, Reply], object]],
    handles: list[Handle],
    done: Callable[[Any, str | None], object],
) -> None: ...
@final
class Handle:
    def call(
        self,
        method: str,
        org: str | None,
        agent: str | None,
        args: str,
        done: Callable[[Any, str | None], object],
        progress: Callable[[str, str, Reply], object] | None = None,
        cancel: CancelToken | None = None,
        other: Handle | None = None,
    ) -> None: ...

@final
class Reply:
    def __call__(self, answer: str | None, error: str | None, /) -> None: ...

@final
class CancelToken:
    """Ends long work between two batches."""

    def __new__(cls) -> CancelToken: ...
    def cancel(self) -> None:
        """Ends the work after the batch that it is in."""
