"""`scenario.json`, replayed through the typed API of a face; `bindings-shapes/tests/it/scenario.rs` says what it holds."""

from __future__ import annotations

import inspect
import json
import threading
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timezone
from pathlib import Path
from types import ModuleType
from typing import Any

import asyncio
import tertulia
import tertulia.blocking
from methods import METHODS
from tertulia import CancelToken, Page, TertuliaError, WhatsApp
from tertulia._codec import read_inbound_event, read_twilio, read_whats_app
from tertulia._types import ContentText, HandlerTurn, ImportCounts, InboundEvent, Outcome, Outgoing, Sender, WebhookRequest
from tertulia._types import Accepted, OutcomeAccepted, OutcomeRefused, SendFailure
from tertulia._wire import read_time

STEPS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "bindings-shapes/scenario.json").read_text(encoding="utf-8")
)
NOW = datetime(2026, 1, 5, 9, tzinfo=timezone.utc)


def events(request: WebhookRequest) -> list[InboundEvent]:
    if request.headers.get("x-secret") != "open":
        raise TertuliaError("webhook.signature_missing", "the header x-secret is not open")
    return [read_inbound_event(event) for event in json.loads(request.body)]


class Sending:
    """What the scenario's own transport does with a message, by its text."""

    def __init__(self, channel: Any, correlation: Any, timeout_seconds: float | None = None) -> None:
        self.channel = channel
        self.correlation = correlation
        self.timeout_seconds = timeout_seconds
        self.sent = 0

    def outcome(self, sender: Sender, message: Outgoing) -> Any:
        text = message.content.body if isinstance(message.content, ContentText) else ""
        if text == "throw":
            raise RuntimeError("the host threw")
        if text == "nonsense":
            return 42
        if text == "refuse":
            failure = SendFailure(class_="recipient_invalid", code="131026", detail="not on the platform")
            return OutcomeRefused(failure)
        if text == "renew" and sender.credential == "secret":
            return OutcomeRefused(SendFailure(class_="key_refused", code="190", detail="expired"))
        self.sent += 1
        return OutcomeAccepted(Accepted(provider_id=f"host-{self.sent}"))


def hangs(message: Outgoing) -> bool:
    return isinstance(message.content, ContentText) and message.content.body == "hang"


def key(reference: str) -> str:
    if reference != "key":
        raise TertuliaError("credential.missing", f"there is no key {reference!r}")
    return "secret"


def newer(reference: str, refused: str) -> str | None:
    return "newer secret" if (reference, refused) == ("key", "secret") else None


def last_said(turn: HandlerTurn) -> str:
    content = turn.messages[-1].content
    return content.body if isinstance(content, ContentText) else ""


class AsyncTransport(Sending, tertulia.Transport):
    async def verify(self, query: str) -> str:
        return query

    async def parse(self, request: WebhookRequest) -> list[InboundEvent]:
        return events(request)

    async def send(self, sender: Sender, message: Outgoing) -> Outcome:
        if hangs(message):
            await asyncio.Event().wait()
        return self.outcome(sender, message)  # type: ignore[no-any-return]


class BlockingTransport(Sending, tertulia.blocking.Transport):
    def verify(self, query: str) -> str:
        return query

    def parse(self, request: WebhookRequest) -> list[InboundEvent]:
        return events(request)

    def send(self, sender: Sender, message: Outgoing) -> Outcome:
        if hangs(message):
            threading.Event().wait()
        return self.outcome(sender, message)  # type: ignore[no-any-return]


class AsyncCredentials(tertulia.Credentials):
    async def credential(self, reference: str) -> str:
        return key(reference)

    async def renew(self, reference: str, refused: str) -> str | None:
        return newer(reference, refused)


class BlockingCredentials(tertulia.blocking.Credentials):
    def credential(self, reference: str) -> str:
        return key(reference)

    def renew(self, reference: str, refused: str) -> str | None:
        return newer(reference, refused)


class AsyncClock(tertulia.Clock):
    async def now(self) -> datetime:
        return NOW


class BlockingClock(tertulia.blocking.Clock):
    def now(self) -> datetime:
        return NOW


class AsyncBot(tertulia.ConversationHandler):
    crm: tertulia.Crm

    async def turn(self, turn: HandlerTurn) -> None:
        org = self.crm.org(turn.org).acting_as(turn.acting)
        if (body := last_said(turn)) == "a person, please":
            await org.inbox.hand_over(turn.conversation.id)
        else:
            await org.inbox.send_text(turn.contact.id, f"You said: {body}")


class BlockingBot(tertulia.blocking.ConversationHandler):
    crm: tertulia.blocking.Crm

    def turn(self, turn: HandlerTurn) -> None:
        org = self.crm.org(turn.org).acting_as(turn.acting)
        if (body := last_said(turn)) == "a person, please":
            org.inbox.hand_over(turn.conversation.id)
        else:
            org.inbox.send_text(turn.contact.id, f"You said: {body}")


HOSTS: dict[ModuleType, tuple[Any, Any, Any, Any]] = {
    tertulia: (AsyncTransport, AsyncCredentials, AsyncClock, AsyncBot),
    tertulia.blocking: (BlockingTransport, BlockingCredentials, BlockingClock, BlockingBot),
}


class Replay:
    def __init__(self, face: ModuleType, folder: Path) -> None:
        self.face: Any = face
        self.folder = folder
        self.hosts = HOSTS[face]
        self.saved: dict[str, Any] = {}
        self.opened: dict[str, Any] = {}
        self.methods: set[str] = set()

    async def play(self, step: dict[str, Any]) -> None:
        try:
            answer = await (self.open(step) if "open" in step else self.call(step))
        except TertuliaError as error:
            if error.code != step.get("error"):
                raise
            return
        assert "error" not in step, f"answered {answer}"
        if "expect" in step:
            matches(self.filled(step["expect"]), answer, "")
        if "count" in step:
            assert len(answer) == step["count"]
        for name, path in step.get("save", {}).items():
            self.saved[name] = at(answer, path)

    async def open(self, step: dict[str, Any]) -> Any:
        options = self.filled(step.get("options", {}))
        transport, credentials, clock, bot = self.hosts
        if isinstance(name := options.get("clock"), str):
            options["clock"] = clock() if name == "host" else self.opened[name.removeprefix("$")]
        if step["open"] == "clock":
            opening = self.face.ManualClock.open(read_time(options["now"]))
        elif step["open"] == "platform":
            opening = self.face.Platform.open(**options)
        else:
            for endpoint, given in options.get("transports", {}).items():
                [(kind, given)] = given.items()
                known = {"whatsapp": read_whats_app, "twilio": read_twilio}.get(kind)
                options["transports"][endpoint] = known(given) if known else transport(**given)
            if (given := options.get("credentials")) is not None:
                options["credentials"] = credentials() if given == "host" else given["fixed"]
            answering = bot()
            if "handlers" in options:
                options["handlers"] = {"host": answering}
            opening = self.face.Crm.open(options.pop("path", None), **options)
        self.opened[step["as"]] = await waited(opening)
        if step["open"] == "crm":
            answering.crm = self.opened[step["as"]]

    async def call(self, step: dict[str, Any]) -> Any:
        target = self.opened[step["on"]]
        kind = {"Crm": "crm", "Platform": "platform", "ManualClock": "clock"}[type(target).__name__]
        name = step["call"] if "." in step["call"] else f"{kind}.{step['call']}"
        self.methods.add(name)
        readers, write = METHODS[name]
        if "org" in step:
            target = target.org(self.filled(step["org"]))
            if "agent" in step:
                target = target.acting_as(self.filled(step["agent"]))
            target = getattr(target, name.split(".")[0])
        args = self.filled(step.get("args", {}))
        given = {python: read(args) for wire, (python, read) in readers.items() if wire in args}
        assert args.keys() <= readers.keys()
        told: list[ImportCounts] = []
        if "other" in step:
            given["crm"] = self.opened[step["other"]]
        watch = step.get("watch", {})
        if watch.get("expect_progress"):
            given["progress"] = told.append
        if watch.get("cancelled"):
            given["cancel"] = CancelToken()
            given["cancel"].cancel()
        method = name.split(".")[1]
        if step.get("each"):
            listed = getattr(target, method)(**given)
            if isinstance(listed, AsyncIterator):
                items = [item async for item in listed]
            else:
                assert isinstance(listed, Iterator)
                items = list(listed)
            return write(Page(items=items))["items"]
        method = getattr(target, f"{method}_page", None) or getattr(target, method)
        answer = await waited(method(**given))
        if watch.get("expect_progress"):
            assert told[-1] == answer.counts
        return json.loads(json.dumps(write(answer)))

    def filled(self, value: Any) -> Any:
        """A value with variables, the folder and bytes filled in."""
        if isinstance(value, str):
            name, _, path = value.removeprefix("$").partition(".")
            if value.startswith("$") and name in self.saved:
                return at(self.saved[name], path)
            return value.replace("$folder", str(self.folder))
        if isinstance(value, list):
            return [self.filled(item) for item in value]
        if isinstance(value, dict):
            if "$bytes" in value:
                held = self.filled(value["$bytes"])
                return b64encode((held if isinstance(held, str) else json.dumps(held)).encode()).decode()
            return {key: self.filled(item) for key, item in value.items()}
        return value


async def waited(answer: Any) -> Any:
    return await answer if inspect.isawaitable(answer) else answer


def at(value: Any, path: str) -> Any:
    """What is at a path of keys and places, as in `items.0.id`."""
    for step in filter(None, path.split(".")):
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def instant(text: str) -> datetime | None:
    try:
        return read_time(text)
    except (IndexError, ValueError):
        return None


def matches(expected: Any, answer: Any, place: str) -> None:
    """Fails unless an answer is what a step expects."""
    if expected == "$any":
        assert answer is not None, place
    elif isinstance(expected, dict) and isinstance(answer, dict):
        for name, item in expected.items():
            matches(item, answer.get(name), f"{place}.{name}")
    elif isinstance(expected, list) and isinstance(answer, list):
        assert len(expected) == len(answer), f"{place}: {answer}"
        for number, (one, other) in enumerate(zip(expected, answer)):
            matches(one, other, f"{place}.{number}")
    elif isinstance(expected, str) and isinstance(answer, str) and expected != answer:
        assert instant(expected) is not None and instant(expected) == instant(answer), f"{place}: {answer}"
    else:
        assert expected == answer and isinstance(expected, bool) == isinstance(answer, bool), f"{place}: {answer}"
