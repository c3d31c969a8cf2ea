"""Calls that are right: the type checker has nothing to say, and knows what each answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import datetime

import tertulia.blocking
from tertulia import (
    Account,
    AccountId,
    CancelToken,
    Category,
    Contact,
    ContactId,
    ContentText,
    Credentials,
    Crm,
    Done,
    DraftContent,
    DraftTemplate,
    ErrorCode,
    FileSourcePath,
    Filter,
    FilterAnd,
    FilterNot,
    FilterOptedIn,
    FilterTags,
    ImportCounts,
    ImportReport,
    InboundEvent,
    Json,
    ManualClock,
    NewContact,
    Org,
    OrgId,
    Outcome,
    OutcomeAccepted,
    Accepted,
    Outgoing,
    Page,
    PageRequest,
    Sender,
    SendRequest,
    Settings,
    TagFilterAny,
    TertuliaError,
    Transport,
    WebhookRequest,
    WhatsApp,
    WindowState,
    WindowStateClosed,
    WindowStateNone,
    WindowStateOpen,
)
from tertulia.testing import Platform
from typing_extensions import assert_type


class Own(Transport):
    channel = "sms"
    correlation = "message_id"
    timeout_seconds = 5.0

    async def verify(self, query: str) -> str:
        return query

    async def parse(self, request: WebhookRequest) -> list[InboundEvent]:
        raise TertuliaError("webhook.signature_missing", "no signature")

    async def send(self, sender: Sender, message: Outgoing) -> Outcome:
        return OutcomeAccepted(Accepted(provider_id="1"))


class Keys(Credentials):
    async def credential(self, reference: str) -> str:
        return reference


async def opened(platform: Platform, clock: ManualClock) -> None:
    info = await platform.info()
    whatsapp = WhatsApp(app_secret=info.app_secret, verify_token=info.verify_token, base_url=info.base_url)
    async with await Crm.open(
        "crm.db", transports={"whatsapp": whatsapp, "own": Own()}, credentials=Keys(), clock=clock, host="shop"
    ) as crm:
        assert_type(await crm.create_org(Settings(name="Casa Lua")), OrgId)
        assert_type(await crm.run_due(), Done)
        await platform.deliver_to(crm, "whatsapp")
    await Crm.open(credentials={"main": "secret"})


async def called(shop: Org, ana: ContactId, account: AccountId) -> None:
    assert_type(await shop.contacts.create(NewContact(phone="+351912345678", tags=["vip"])), Contact)
    assert_type(await shop.contacts.find_by_phone("912345678"), Contact | None)
    assert_type(shop.contacts.list("everyone"), AsyncIterator[Contact])
    assert_type(await shop.contacts.list_page("everyone", page=PageRequest(limit=10)), Page[Contact])
    assert_type(await shop.contacts.tag(ana, ["vip"]), int)
    assert_type(await shop.accounts.list(), list[Account])
    assert_type(await shop.contacts.block(ana), None)
    async for contact in shop.contacts.list(FilterAnd([FilterOptedIn(True), FilterNot("everyone")])):
        assert_type(contact.last_inbound, datetime | None)
        assert_type(contact.attributes, dict[str, Json])
    await shop.inbox.send(SendRequest(contact=ana, draft=DraftContent(ContentText("Olá")), account=account))
    cancel = CancelToken()
    seen: list[ImportCounts] = []
    report = await shop.imports.run(FileSourcePath("contacts.csv"), progress=seen.append, cancel=cancel)
    assert_type(report, ImportReport)
    settings = await shop.settings.get()
    await shop.settings.set(replace(settings, name="Casa Sol", plan="growth"))


def told_apart(window: WindowState, draft: DraftContent | DraftTemplate, target: Filter) -> str:
    """Matching is exhaustive: without one of these cases the checker says that a text may be missing."""
    match window:
        case WindowStateNone():
            return "none"
        case WindowStateOpen(seconds_left=left, until=until):
            assert_type(left, int)
            return f"{left} {until:%H:%M}"
        case WindowStateClosed(since=since):
            assert_type(since, datetime | None)
            return f"{since}"


def failed(error: TertuliaError) -> bool:
    assert_type(error.code, ErrorCode)
    return error.code == "consent.opted_out" and error.kind == "refused" and error.retry == "never"


def chosen(category: Category) -> bool:
    return category == "MARKETING"


def blocked(shop: tertulia.blocking.Org, ana: ContactId) -> None:
    assert_type(shop.contacts.get(ana), Contact)
    assert_type(shop.contacts.list(FilterTags(TagFilterAny(["vip"]))), Iterator[Contact])
    assert_type(shop.contacts.list_page("everyone"), Page[Contact])
    with tertulia.blocking.Crm.open() as crm:
        assert_type(crm.orgs(), list[OrgId])
