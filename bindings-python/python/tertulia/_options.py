"""What a CRM is opened with, as the library takes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike, fspath
from typing import Any, TypeAlias

from tertulia import _codec
from tertulia._native import Handle, Reply
from tertulia._types import Twilio, WhatsApp
from tertulia._wire import Callback, write_bytes

Host: TypeAlias = Callable[[str, str, Reply], object]
"""What the library calls: `(method, arguments, reply)`. It arranges for the work, and returns."""


def crm_options(
    path: str | PathLike[str] | None,
    transports: Mapping[str, Any] | None,
    credentials: Any,
    clock: Any,
    host: str | None,
    handlers: Mapping[str, Any] | None,
    classes: tuple[type[Any], type[Any], type[Any], type[Any], type[Any]],
    adapt: Callable[[Any, dict[str, Callback]], Host],
) -> tuple[dict[str, Any], list[Host], list[Handle]]:
    """The options, and the objects and handles that they name by number.

    `classes` are the transports, credentials, handlers, clocks and manual clocks of the face; `adapt` makes objects callable.
    """
    transport_class, credentials_class, handler_class, clock_class, manual_class = classes
    hosts: list[Host] = []
    handles: list[Handle] = []

    def place(value: Any, callbacks: dict[str, Callback]) -> int:
        hosts.append(adapt(value, callbacks))
        return len(hosts) - 1

    def transport(endpoint: str, value: Any) -> Any:
        if isinstance(value, WhatsApp):
            return {"whatsapp": _codec.write_whats_app(value)}
        if isinstance(value, Twilio):
            return {"twilio": _codec.write_twilio(value)}
        if not isinstance(value, transport_class):
            wanted = f"no WhatsApp, no Twilio and no {_named(transport_class)}"
            raise TypeError(f"the transport {endpoint!r} is {_name(value)}, {wanted}")
        for name in ("channel", "correlation"):
            if not hasattr(value, name):
                raise TypeError(f"the transport {endpoint!r} does not say its {name}: {_name(value)}.{name}")
        return {
            "host": {
                "object": place(value, _codec.TRANSPORT),
                "channel": value.channel,
                "correlation": value.correlation,
                "timeout_seconds": value.timeout_seconds,
            }
        }

    def handler(name: str, value: Any) -> int:
        if not isinstance(value, handler_class):
            raise TypeError(f"the handler {name!r} is {_name(value)}, no {_named(handler_class)}")
        return place(value, _codec.CONVERSATION_HANDLER)

    options: dict[str, Any] = {
        "path": None if path is None else fspath(path),
        "host": host,
        "transports": {endpoint: transport(endpoint, value) for endpoint, value in (transports or {}).items()},
        "handlers": {name: handler(name, value) for name, value in (handlers or {}).items()},
    }
    if isinstance(credentials, credentials_class):
        options["credentials"] = {"host": place(credentials, _codec.CREDENTIALS)}
    elif isinstance(credentials, Mapping):
        options["credentials"] = {"fixed": dict(credentials)}
    elif credentials is not None:
        raise TypeError(f"the credentials are {_name(credentials)}, no mapping and no {_named(credentials_class)}")
    if isinstance(clock, manual_class):
        handles.append(clock._scope.handle)
        options["clock"] = {"manual": 0}
    elif isinstance(clock, clock_class):
        options["clock"] = {"host": place(clock, _codec.CLOCK)}
    elif clock is not None:
        raise TypeError(f"the clock is {_name(clock)}, no {_named(manual_class)} and no {_named(clock_class)}")
    return options, hosts, handles


def key_options(
    encryption_key: bytes | None, suppression_key: bytes | None, convert_from: str | bytes | None
) -> dict[str, Any]:
    """What the file is encrypted with, and was before; what hashes of suppressed addresses are put under."""
    options: dict[str, Any] = {}
    if encryption_key is not None:
        options["encryption_key"] = write_bytes(encryption_key)
    if suppression_key is not None:
        options["suppression_key"] = write_bytes(suppression_key)
    if convert_from is not None:
        former = convert_from if isinstance(convert_from, str) else {"key": write_bytes(convert_from)}
        options["convert_from"] = former
    return options


def media_options(folder: str | PathLike[str] | None) -> dict[str, Any]:
    """Where files of messages are kept."""
    return {} if folder is None else {"media_folder": fspath(folder)}


def _named(cls: type) -> str:
    return f"{cls.__module__}.{cls.__name__}"


def _name(value: object) -> str:
    return _named(type(value))
