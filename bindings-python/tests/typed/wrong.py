"""Calls that are wrong: on each line that ends with one, the type checker says exactly this, and nothing elsewhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import tertulia.blocking
from tertulia import (
    Accepted,
    AccountId,
    CancelToken,
    Category,
    Contact,
    ContactId,
    ContentText,
    Crm,
    DraftContent,
    FilterAnd,
    FilterOptedIn,
    FilterTags,
    InboundEvent,
    ManualClock,
    NewContact,
    Org,
    OrgId,
    Outcome,
    OutcomeAccepted,
    Outgoing,
    Sender,
    SendRequest,
    Settings,
    TagFilterAny,
    TertuliaError,
    Transport,
    WebhookRequest,
    WindowState,
    WindowStateNone,
    WindowStateOpen,
)
from tertulia import nothing  # E: attr-defined


class Incomplete(Transport):
    channel = "pigeon"  # E: assignment
    correlation = "message_id"

    async def verify(self, query: str) -> str:
        return query

    async def parse(self, request: WebhookRequest) -> list[InboundEvent]:
        return [request]  # E: list-item


class Plain(Transport):
    channel = "sms"
    correlation = "message_id"

    def verify(self, query: str) -> str:  # E: override
        return query

    async def parse(self, request: bytes) -> list[InboundEvent]:  # E: override
        return []

    async def send(self, sender: Sender, message: Outgoing) -> Outcome:
        return Accepted(provider_id="1")  # E: return-value


async def opened(blocking: tertulia.blocking.Crm) -> None:
    Incomplete()  # E: abstract
    Crm.open("crm.db").orgs()  # E: attr-defined
    await Crm.open(5)  # E: arg-type
    await Crm.open(transports={"own": Crm})  # E: dict-item
    await Crm.open(credentials={"main": None})  # E: dict-item
    await Crm.open(clock=datetime.now())  # E: arg-type
    await Crm.open(clocks=None)  # E: call-arg
    await ManualClock.open("2026-01-05T09:00:00Z")  # E: arg-type
    await blocking.orgs()  # E: misc
    async with Crm.open("crm.db") as crm:  # E: attr-defined, attr-defined
        pass


async def called(shop: Org, ana: ContactId, account: AccountId, org: OrgId) -> None:
    NewContact("+351912345678")  # E: call-arg
    NewContact(phone=351912345678)  # E: arg-type
    NewContact(fone="+351912345678")  # E: call-arg
    NewContact(tags="vip")  # E: arg-type
    NewContact(tags=None)  # E: arg-type
    SendRequest(contact=ana)  # E: call-arg
    SendRequest(contact=ana, draft="Olá")  # E: arg-type
    SendRequest(contact=ana, draft=DraftContent("Olá"))  # E: arg-type
    SendRequest(contact=account, draft=DraftContent(ContentText("Olá")))  # E: arg-type
    ContentText(text="Olá")  # E: call-arg
    OutcomeAccepted(provider_id="1")  # E: call-arg
    await shop.contacts.get(org)  # E: arg-type
    await shop.contacts.get("019b8d62-7a80-7000-800d-ca5b4a37e031")  # E: arg-type
    await shop.contacts.get()  # E: call-arg
    await shop.contacts.tag(ana, "vip")  # E: arg-type
    await shop.contacts.count("nobody")  # E: arg-type
    await shop.contacts.count({"optedIn": True})  # E: arg-type
    await shop.contacts.count(FilterAnd(FilterOptedIn(True)))  # E: arg-type
    await shop.contacts.count(FilterTags(["vip"]))  # E: arg-type
    await shop.contacts.count(FilterTags(TagFilterAny("vip")))  # E: arg-type
    await shop.contacts.list("everyone")  # E: misc
    for contact in shop.contacts.list("everyone"):  # E: attr-defined
        pass
    await shop.contact.get(ana)  # E: attr-defined
    await shop.contacts.remove(ana)  # E: attr-defined
    await shop.contacts.set_active(ana, active="yes")  # E: arg-type
    await shop.imports.run("contacts.csv")  # E: arg-type
    await shop.imports.check(progress=print)  # E: call-arg
    await shop.rules.test("order", "pigeon")  # E: arg-type
    CancelToken(1)  # E: call-arg
    shop.contacts.get(ana)  # E: unused-coroutine


def read(contact: Contact, settings: Settings, category: Category) -> str:
    contact.name = "Ana"  # E: misc
    contact.nickname  # E: attr-defined
    replace(settings, title="x")  # E: call-arg
    replace(settings, name=5)  # E: arg-type
    category == "marketing"  # E: comparison-overlap
    return contact.id + contact.revision  # E: no-any-return, operator


def absent(contact: Contact) -> str:
    contact.name.upper()  # E: union-attr
    return contact.name  # E: return-value


def told_apart(window: WindowState) -> str:  # E: return
    match window:
        case WindowStateNone():
            return "none"
        case WindowStateOpen(seconds_left=left):
            return left  # E: return-value


def failed(error: TertuliaError) -> None:
    error.code == "consent.opted_uot"  # E: comparison-overlap
    TertuliaError("consent.opted_uot", "x")  # E: arg-type
    raise TertuliaError("consent.opted_out")  # E: call-arg
