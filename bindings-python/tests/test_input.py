"""What a program hands over wrongly is refused with a typed error that names it, and nothing happens."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import tertulia
import tertulia.blocking
from tertulia import (
    AttributeKindNumber,
    ConsentRequest,
    ConsentScope,
    ContactId,
    ContentText,
    Crm,
    DraftContent,
    Filter,
    FilterAnd,
    FilterNot,
    FilterTags,
    InvalidError,
    ManualClock,
    NewContact,
    Org,
    OrgId,
    PageRequest,
    Pattern,
    PlanContacts,
    SendRequest,
    Settings,
    TagFilterAny,
    TertuliaError,
    WebhookRequest,
    WhatsApp,
)
from tertulia.testing import Platform

NOW = datetime(2026, 1, 5, 9, tzinfo=timezone.utc)
ID = "019b8d62-7a80-7000-800d-ca5b4a37e031"
Wrong = Callable[[Crm, Org], Any]


def nested(depth: int) -> Filter:
    filter: Filter = "everyone"
    for _ in range(depth):
        filter = FilterNot(filter)
    return filter


def consent(at: Any) -> Wrong:
    scope = ConsentScope(purpose="everything")
    return lambda _, shop: shop.consent.set(ContactId(ID), ConsentRequest(opt_in=True, scope=scope, at=at))


def contact(**fields: Any) -> Wrong:
    return lambda _, shop: shop.contacts.create(NewContact(**{"name": "Ana", "phone": "+351912345678", **fields}))


def settings(**fields: Any) -> Wrong:
    return lambda crm, _: crm.create_org(Settings(**{"name": "Casa Lua", **fields}))


WRONG: dict[str, tuple[Wrong, str]] = {
    "a number for text": (contact(name=5), "new.name: invalid type: integer `5`, expected a string"),
    "bytes for text": (contact(name=b"Ana"), "bytes"),
    "text for a list": (contact(tags="vip"), "new.tags: invalid type: string"),
    "a number in a list of text": (contact(tags=["vip", 5]), "new.tags[1]"),
    "null in a list of text": (contact(tags=[None]), "new.tags[0]: invalid type: null"),
    "null where it is not allowed": (settings(name=None), "settings.name: invalid type: null"),
    "text for yes or no": (contact(opted_in="yes"), "invalid type: string"),
    "an unknown word": (contact(lead="lukewarm"), "unknown variant `lukewarm`"),
    "a number as a key": (contact(attributes={1: "x"}), "a key that is text is wanted, not int"),
    "a list for a map": (contact(attributes=["x"]), "a dict is wanted, not list"),
    "what is no JSON": (contact(attributes={"x": {1, 2}}), "set is not JSON serializable"),
    "not a number": (contact(attributes={"x": float("nan")}), "not JSON compliant"),
    "infinity": (contact(attributes={"x": float("inf")}), "not JSON compliant"),
    "a lone surrogate": (contact(name="\ud800"), "new.name: unexpected end of hex escape"),
    "a lone surrogate as a key": (contact(attributes={"\udfff": 1}), "surrogate"),
    "a huge number": (settings(plan=PlanContacts(2**64)), "expected u64"),
    "an absurdly huge number": (settings(plan=PlanContacts(10**5000)), ""),
    "a number below zero": (settings(plan=PlanContacts(-1)), "expected u64"),
    "a fraction for a whole number": (settings(plan=PlanContacts(1.5)), "expected u64"),  # type: ignore[arg-type]
    "yes for a number": (settings(window_closing_soon_seconds=True), "invalid type: boolean"),
    "a dict for a record": (lambda crm, _: crm.create_org({"name": "x"}), "Settings is wanted, not dict"),  # type: ignore[arg-type]
    "none for a record": (lambda crm, _: crm.create_org(None), "Settings is wanted, not NoneType"),  # type: ignore[arg-type]
    "a record for a variant": (lambda _, shop: shop.contacts.count(TagFilterAny(["x"])), "Filter is wanted"),  # type: ignore[arg-type]
    "a dict for a variant": (lambda _, shop: shop.contacts.count({"not": "everyone"}), "Filter is wanted"),  # type: ignore[arg-type]
    "an unknown word for a variant": (lambda _, shop: shop.contacts.count("nobody"), "nobody"),  # type: ignore[arg-type]
    "a variant too deep to be written": (lambda _, shop: shop.contacts.count(nested(200)), "recursion limit"),
    "a naive time": (consent(datetime(2026, 1, 5, 9)), "2026-01-05 09:00:00 has no time zone"),
    "text for a time": (consent("2026-01-05T09:00:00Z"), "a datetime is wanted, not str"),
    "a time before all times": (consent(datetime.min.replace(tzinfo=timezone(timedelta(hours=3)))), "no time in UTC"),
    "an id that is none": (lambda _, shop: shop.contacts.get(ContactId("ana")), "contacts.get id"),
    "a number for an id": (lambda _, shop: shop.contacts.get(5), "invalid type"),  # type: ignore[arg-type]
    "an id with a surrogate": (lambda crm, _: crm.org(OrgId("\ud800")).tags.list(), "surrogates"),
    "text for bytes": (
        lambda crm, _: crm.receive("x", WebhookRequest(method="POST", url="x", body="x")),  # type: ignore[arg-type]
        "bytes is wanted, not str",
    ),
    "a page of nothing": (lambda _, shop: shop.contacts.list_page("everyone", page=PageRequest(limit="x")), "limit"),  # type: ignore[arg-type]
    "a cursor from elsewhere": (lambda _, shop: shop.contacts.list_page("everyone", page=PageRequest(cursor="x")), "x"),
    "a place far beyond the feed": (lambda _, shop: shop.events.read(2**64, 1), "expected u64"),
    "a wrong thing deep inside": (
        lambda _, shop: shop.contacts.count(FilterAnd([FilterTags(TagFilterAny(["x", 5]))])),  # type: ignore[list-item]
        "filter.and[0].tags.any[1]: invalid type: integer `5`",
    ),
    "a pattern without a kind": (
        lambda _, shop: shop.rules.add(Pattern(kind="fuzzy", text="x"), ["x"]),  # type: ignore[arg-type]
        "unknown variant `fuzzy`",
    ),
    "no contact": (
        lambda _, shop: shop.inbox.send(SendRequest(contact=ContactId(""), draft=DraftContent(ContentText("x")))),
        "",
    ),
    "a clock without a zone": (lambda *_: ManualClock.open(datetime(2026, 1, 5)), "no time zone"),
    "a number as a clock": (lambda *_: ManualClock.open(5), "a datetime is wanted, not int"),  # type: ignore[arg-type]
    "text for a switch": (lambda *_: Platform.open(windows="yes"), "windows"),  # type: ignore[arg-type]
    "a number for a key": (lambda *_: Crm.open(credentials={"main": 5}), "credentials.fixed.main"),  # type: ignore[dict-item]
    "a wait of no time": (
        lambda *_: Crm.open(
            transports={"x": WhatsApp(app_secret="a", verify_token="b", timeout_seconds=float("nan"))}
        ),
        "not JSON compliant",
    ),
    "a wait below zero": (
        lambda *_: Crm.open(transports={"x": WhatsApp(app_secret="a", verify_token="b", timeout_seconds=-1.0)}),
        "timeout_seconds is -1",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_is_refused_and_named(name: str) -> None:
    call, word = WRONG[name]

    async def run() -> None:
        async with await Crm.open() as crm:
            shop = crm.org(await crm.create_org(Settings(name="Casa Lua")))
            with pytest.raises(TertuliaError) as error:
                await call(crm, shop)
            assert error.value.kind == "invalid", error.value
            assert word in error.value.message
            assert len(await crm.orgs()) == 1 and await shop.contacts.count("everyone") == 0

    asyncio.run(run())


def test_a_filter_deeper_than_python_goes_is_an_error_and_no_crash() -> None:
    async def run() -> None:
        async with await Crm.open() as crm:
            shop = crm.org(await crm.create_org(Settings(name="Casa Lua")))
            with pytest.raises(RecursionError):
                await shop.contacts.count(nested(sys.getrecursionlimit() * 2))

    asyncio.run(run())


def test_what_python_itself_refuses_is_a_type_error() -> None:
    for wrong in (
        lambda: NewContact(fone="+351912345678"),  # type: ignore[call-arg]
        lambda: NewContact("+351912345678"),  # type: ignore[call-arg]
        lambda: WebhookRequest(method="GET"),  # type: ignore[call-arg]
        lambda: tertulia.blocking.Crm.open(path=5),  # type: ignore[arg-type]
        lambda: tertulia.blocking.Crm.open().org(5).tags.list(),  # type: ignore[arg-type]
    ):
        with pytest.raises(TypeError):
            wrong()


def test_odd_values_that_are_right_cross_unchanged() -> None:
    names = ["", " ", "\0", "\u2028", "\x7f", "🫖", "e\u0301", '"\\', "x" * 1000, "{{contact.name}}", "שלום"]
    numbers = [0, -1, 2**63 - 1, 1e300, 0.1, -0.0]

    async def run() -> None:
        async with await Crm.open() as crm:
            shop = crm.org(await crm.create_org(Settings(name="Casa Lua", name_required=False)))
            for name in names:
                rendered = await crm.create_org(Settings(name=name))
                assert (await crm.org(rendered).settings.get()).name == name
            await shop.attributes.define("n", AttributeKindNumber())
            for place, number in enumerate(numbers):
                new = NewContact(phone=f"+1202555010{place}", name="Ana", attributes={"n": number})
                assert (await shop.contacts.create(new)).attributes == {"n": number}

    asyncio.run(run())


def test_a_refusal_says_where_the_value_stands() -> None:
    async def run() -> None:
        async with await Crm.open() as crm:
            shop = crm.org(await crm.create_org(Settings(name="Casa Lua")))
            with pytest.raises(InvalidError) as error:
                await shop.contacts.tag(ContactId(ID), ["a", "b", 7])  # type: ignore[list-item]
            assert error.value.code == "input.invalid"
            assert "contacts.tag tags[2]" in error.value.message

    asyncio.run(run())


def test_times_with_any_offset_are_one_instant() -> None:
    async def run() -> None:
        for offset in (timedelta(0), timedelta(hours=-3), timedelta(minutes=53, seconds=28), timedelta(hours=23)):
            clock = await ManualClock.open(NOW.astimezone(timezone(offset)))
            assert await clock.now() == NOW

    asyncio.run(run())


def test_a_key_is_32_bytes_and_takes_a_build_that_can_encrypt(tmp_path: Path) -> None:
    def opened(key: bytes | None, was: Any) -> str:
        with pytest.raises(TertuliaError) as refused:
            tertulia.blocking.Crm.open(tmp_path / "crm.db", encryption_key=key, convert_from=was)
        return refused.value.code

    assert opened(bytes(31), None) == "input.invalid"
    assert opened(bytes(32), bytes(33)) == "input.invalid"
    assert opened(None, "secret") == "input.invalid"
    for was in (None, "plain", bytes(32)):
        assert opened(bytes(32), was) == "storage.no_encryption"
    assert not (tmp_path / "crm.db").exists()
    tertulia.blocking.Crm.open(tmp_path / "crm.db", convert_from="plain").close()


def test_an_organisation_that_took_a_key_for_its_hashes_is_not_used_without_it(tmp_path: Path) -> None:
    path = tmp_path / "crm.db"

    def used(key: bytes | None) -> str:
        with tertulia.blocking.Crm.open(path, suppression_key=key) as crm:
            try:
                for org in crm.orgs():
                    crm.org(org).settings.get()
            except TertuliaError as refused:
                return refused.code
        return "used"

    with tertulia.blocking.Crm.open(path) as crm:
        crm.create_org(Settings())
    with pytest.raises(TertuliaError) as short:
        tertulia.blocking.Crm.open(path, suppression_key=bytes(31))
    assert short.value.code == "input.invalid"
    key = b"\x03" * 32
    assert [used(None), used(key), used(None), used(bytes(32)), used(key)] == [
        "used",
        "used",
        "suppression.key_missing",
        "suppression.key_wrong",
        "used",
    ]
