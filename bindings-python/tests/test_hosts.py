"""Transports, credentials and clocks of the program's own: whatever they do, a failure class comes of it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from datetime import datetime, timezone
from typing import Any

import pytest
import tertulia
import tertulia.blocking
from scenario import NOW, AsyncTransport, BlockingTransport, waited
from tertulia import (
    Accepted,
    ContentText,
    DraftContent,
    Handler,
    HandlerTurn,
    InboundEvent,
    InvalidError,
    Message,
    NewAccount,
    NewContact,
    Outcome,
    OutcomeAccepted,
    OutcomeRefused,
    Outgoing,
    RefusedError,
    Sender,
    SendFailure,
    SendRequest,
    Settings,
    TertuliaError,
    UnavailableError,
    WebhookRequest,
)

FACES = pytest.mark.parametrize("face", [tertulia, tertulia.blocking], ids=["asyncio", "blocking"])
ACCEPTED = OutcomeAccepted(Accepted(provider_id="1"))


def transport(face: Any, send: Callable[[Sender, Outgoing], Any], **changes: Any) -> Any:
    """A transport of that face that sends so."""

    class Asyncio(AsyncTransport):
        async def send(self, sender: Sender, message: Outgoing) -> Outcome:
            return await waited(send(sender, message))  # type: ignore[no-any-return]

    class Blocking(BlockingTransport):
        def send(self, sender: Sender, message: Outgoing) -> Outcome:
            return send(sender, message)  # type: ignore[no-any-return]

    made = (Asyncio if face is tertulia else Blocking)("sms", "message_id")
    for name, value in changes.items():
        setattr(made, name, value)
    return made


async def sent(face: Any, own: Any, credentials: Any = None) -> Message:
    """What comes of sending one message by this transport."""
    crm = await waited(face.Crm.open(transports={"own": own}, credentials=credentials or {"main": "secret"}))
    shop = crm.org(await waited(crm.create_org(Settings(name="Casa Lua"))))
    account = NewAccount(channel="sms", sender_id="+12025550100", name="Main", credential="main")
    account_id = await waited(shop.accounts.connect(account))
    ana = await waited(shop.contacts.create(NewContact(phone="+351912345678", name="Ana", opted_in=True)))
    request = SendRequest(contact=ana.id, account=account_id, draft=DraftContent(ContentText("Olá")))
    try:
        return await waited(shop.inbox.send(request))  # type: ignore[no-any-return]
    finally:
        await waited(crm.close())


@FACES
def test_a_transport_gets_the_message_the_sender_and_its_key(face: Any) -> None:
    seen: list[tuple[Sender, Outgoing]] = []

    def send(sender: Sender, message: Outgoing) -> Outcome:
        seen.append((sender, message))
        return ACCEPTED

    message = asyncio.run(sent(face, transport(face, send)))
    assert message.status == "accepted" and message.provider_id == "1"
    [(sender, outgoing)] = seen
    assert sender == Sender(channel="sms", sender_id="+12025550100", credential="secret")
    assert "secret" not in repr(sender)
    assert outgoing.content == ContentText("Olá") and outgoing.to.kind == "phone"


def throws(error: BaseException) -> Callable[[Sender, Outgoing], Any]:
    def send(sender: Sender, message: Outgoing) -> Any:
        raise error

    return send


@FACES
@pytest.mark.parametrize(
    ("send", "word"),
    [
        (throws(RuntimeError("out of paper")), "out of paper"),
        (throws(KeyError("x")), "KeyError"),
        (throws(TertuliaError("input.invalid", "out of ink")), "out of ink"),
        (throws(UnicodeError("\ud800")), "UnicodeError"),
        (lambda *_: None, "Outcome is wanted, not NoneType"),
        (lambda *_: 42, "Outcome is wanted, not int"),
        (lambda *_: OutcomeAccepted(Accepted(provider_id=5)), "expected a string"),  # type: ignore[arg-type]
        (lambda *_: OutcomeAccepted(Accepted(provider_id="\ud800")), ""),
        (lambda *_: OutcomeAccepted(Accepted(provider_id=b"1")), "bytes"),  # type: ignore[arg-type]
    ],
)
def test_a_send_that_throws_or_answers_nonsense_is_unknown(face: Any, send: Any, word: str) -> None:
    with pytest.raises(UnavailableError) as error:
        asyncio.run(sent(face, transport(face, send)))
    assert error.value.code == "send.unknown"
    assert word in error.value.message


@FACES
def test_a_send_that_ends_its_thread_or_task_is_unknown(face: Any) -> None:
    for ends in (SystemExit(3), asyncio.CancelledError(), GeneratorExit()):
        if face is tertulia and not isinstance(ends, asyncio.CancelledError):
            continue  # They end the loop, as they would in any other task.
        with pytest.raises(UnavailableError) as error:
            asyncio.run(sent(face, transport(face, throws(ends))))
        assert error.value.code == "send.unknown"


@FACES
def test_a_send_that_is_refused_says_so(face: Any) -> None:
    failure = SendFailure(class_="recipient_invalid", code="131026", detail="not on the platform")
    with pytest.raises(RefusedError) as error:
        asyncio.run(sent(face, transport(face, lambda *_: OutcomeRefused(failure))))
    assert error.value.code == "send.refused" and "131026" in error.value.message


@FACES
def test_a_send_that_hangs_is_unknown_after_its_time(face: Any) -> None:
    hang: Any = (lambda *_: asyncio.Event().wait()) if face is tertulia else (lambda *_: threading.Event().wait())
    with pytest.raises(UnavailableError) as error:
        asyncio.run(sent(face, transport(face, hang, timeout_seconds=0.05)))
    assert error.value.code == "send.unknown"


@FACES
def test_without_a_key_nothing_is_sent_and_it_says_why(face: Any) -> None:
    class Asyncio(tertulia.Credentials):
        async def credential(self, reference: str) -> str:
            raise TertuliaError("credential.missing", f"no key for {reference}")

    class Blocking(tertulia.blocking.Credentials):
        def credential(self, reference: str) -> str:
            raise TertuliaError("credential.missing", f"no key for {reference}")

    own = transport(face, lambda *_: pytest.fail("it was sent"))
    with pytest.raises(UnavailableError) as error:
        asyncio.run(sent(face, own, Asyncio() if face is tertulia else Blocking()))
    assert error.value.code == "send.not_sent" and "no key for main" in error.value.message


def test_a_webhook_of_an_own_transport_fails_with_what_it_threw() -> None:
    class Transport(BlockingTransport):
        def parse(self, request: WebhookRequest) -> list[InboundEvent]:
            if request.body == b"nonsense":
                return [request]  # type: ignore[list-item]
            return super().parse(request)

    crm = tertulia.blocking.Crm.open(transports={"own": Transport("sms", "message_id")})
    request = WebhookRequest(method="POST", url="https://shop.example/own", body=b"[]")
    with pytest.raises(tertulia.ForbiddenError) as forbidden:
        crm.receive("own", request)
    assert forbidden.value.http_status == 401
    headers = {"x-secret": "open"}
    received = crm.receive("own", WebhookRequest(method="POST", url="https://shop.example/own", headers=headers, body=b"[]"))
    assert received.applied == 0
    request = WebhookRequest(method="POST", url="https://shop.example/own", headers=headers, body=b"nonsense")
    with pytest.raises(UnavailableError) as unavailable:
        crm.receive("own", request)
    assert unavailable.value.code == "transport.failed"


def test_a_blocking_callback_may_call_the_crm() -> None:
    """Each callback has a thread of its own, so that it waits for nobody who waits for it."""
    seen: list[int] = []

    class Transport(BlockingTransport):
        def verify(self, query: str) -> str:
            seen.append(len(crm.orgs()))
            return query

    crm = tertulia.blocking.Crm.open(transports={"own": Transport("sms", "message_id")})
    crm.receive("own", WebhookRequest(method="GET", url="https://shop.example/own?x=1"))
    assert seen == [0]


def test_a_clock_tells_the_time_and_one_without_a_zone_is_refused() -> None:
    class Clock(tertulia.blocking.Clock):
        now_ = NOW

        def now(self) -> datetime:
            return self.now_

    crm = tertulia.blocking.Crm.open(clock=Clock())
    shop = crm.org(crm.create_org(Settings(name="Casa Lua")))
    assert shop.contacts.create(NewContact(phone="+351912345678", name="Ana")).created_at == NOW

    class Naive(Clock):
        now_ = datetime(2026, 1, 5, 9)

    with pytest.raises(UnavailableError) as error:
        tertulia.blocking.Crm.open(clock=Naive())
    assert "no time zone" in error.value.message


def handler(face: Any, answer: Callable[[HandlerTurn], Awaitable[None]]) -> Any:
    """A handler of that face that answers so."""

    class Asyncio(tertulia.ConversationHandler):
        async def turn(self, turn: HandlerTurn) -> None:
            await answer(turn)

    class Blocking(tertulia.blocking.ConversationHandler):
        def turn(self, turn: HandlerTurn) -> None:
            asyncio.run(answer(turn))  # type: ignore[arg-type]

    return (Asyncio if face is tertulia else Blocking)()


@FACES
def test_a_handler_that_throws_is_asked_again_and_acts_in_its_turn_only(face: Any) -> None:
    turns: list[HandlerTurn] = []

    async def play() -> None:
        async def answer(turn: HandlerTurn) -> None:
            turns.append(turn)
            org = crm.org(turn.org).acting_as(turn.acting)
            await waited(org.inbox.send_text(turn.contact.id, "One moment."))
            if turn.number == 1:
                raise RuntimeError("out of words")

        clock = await waited(face.ManualClock.open(NOW))
        crm = await waited(
            face.Crm.open(
                transports={"own": transport(face, lambda *_: ACCEPTED)},
                credentials={"main": "secret"},
                clock=clock,
                handlers={"bot": handler(face, answer)},
                handler_timeout_seconds=20.0,
            )
        )
        shop = crm.org(await waited(crm.create_org(Settings(name="Casa Lua"))))
        account = NewAccount(channel="sms", sender_id="+12025550100", name="Main", credential="main")
        await waited(shop.accounts.connect(account))
        event = {
            "source": {"channel": "sms", "sender_id": "+12025550100"},
            "kind": {
                "event": "message",
                "provider_id": "in-1",
                "from": {"addresses": [{"kind": "phone", "value": "351912345678"}]},
                "content": {"type": "text", "body": "Hello?"},
            },
        }
        headers = {"x-secret": "open"}
        request = WebhookRequest(
            method="POST", url="https://shop.example/own", headers=headers, body=json.dumps([event]).encode()
        )
        await waited(crm.receive("own", request))
        ana = await waited(shop.contacts.find_by_phone("+351912345678"))
        await waited(shop.inbox.set_handler(ana.conversation, Handler(name="bot", kind="bot")))
        assert (await waited(crm.run_due())).unanswered == 1
        await waited(clock.advance(2.0))
        assert (await waited(crm.run_due())).answered == 1
        sent = (await waited(shop.inbox.messages_page(ana.conversation))).items
        assert [message.content.body for message in sent if not message.inbound] == ["One moment."]
        for turn in turns:
            late = crm.org(turn.org).acting_as(turn.acting)
            with pytest.raises(RefusedError) as over:
                await waited(late.inbox.send_text(turn.contact.id, "And another thing."))
            assert over.value.code == "handler.over"
        await waited(crm.close())

    asyncio.run(play())
    first, again = turns
    assert (first.id, first.number, again.id, again.number) == (again.id, 1, first.id, 2)
    assert first.handler.name == "bot" and [type(message.content) for message in first.messages] == [ContentText]


@FACES
def test_what_cannot_be_an_own_object_is_a_type_error(face: Any) -> None:
    other = tertulia.blocking if face is tertulia else tertulia

    class Silent(face.Transport):  # type: ignore[misc]
        verify = parse = send = None

    for options in (
        {"transports": {"own": 5}},
        {"transports": {"own": transport(other, lambda *_: ACCEPTED)}},
        {"transports": {"own": Silent()}},
        {"credentials": "secret"},
        {"handlers": {"bot": 5}},
        {"clock": datetime.now(timezone.utc)},
    ):

        async def run(options: dict[str, Any] = options) -> None:
            await waited(face.Crm.open(**options))

        with pytest.raises(TypeError):
            asyncio.run(run())
    with pytest.raises(TypeError):
        face.Transport()


def test_a_channel_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InvalidError) as error:
        tertulia.blocking.Crm.open(transports={"own": BlockingTransport("pigeon", "message_id")})
    assert "pigeon" in error.value.message
