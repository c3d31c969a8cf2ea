"""Calls: given up, repeated, from many threads and loops, at both faces."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import tertulia
import tertulia.blocking
from scenario import AsyncTransport, BlockingTransport, waited
from tertulia import (
    CancelToken,
    ContactId,
    FileSourceBytes,
    ImportCounts,
    NewAccount,
    NewContact,
    OrgId,
    Outcome,
    Outgoing,
    PageRequest,
    Sender,
    Settings,
    UnavailableError,
)

CSV = b"phone,name\n" + b"".join(b"+1202555%04d,Person %d\n" % (n, n) for n in range(100, 200))


async def shop_of(crm: tertulia.Crm) -> tertulia.Org:
    return crm.org(await crm.create_org(Settings(name="Casa Lua")))


def blocking_shop() -> tertulia.blocking.Org:
    crm = tertulia.blocking.Crm.open()
    return crm.org(crm.create_org(Settings(name="Casa Lua")))


def test_a_change_that_nobody_waits_for_is_made_nevertheless() -> None:
    async def run() -> None:
        async with await tertulia.Crm.open() as crm:
            shop = await shop_of(crm)
            for number in range(20):
                ana = NewContact(phone=f"+12025550{number:03}", name="Ana")
                task = asyncio.create_task(shop.contacts.create(ana))
                await asyncio.sleep(0)  # It has begun, and nothing more.
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            while await shop.contacts.count("everyone") < 20:
                await asyncio.sleep(0.001)

    asyncio.run(run())


def test_one_crm_serves_one_event_loop_after_the_other() -> None:
    """Its own transport is called on the loop that runs."""
    loops: list[asyncio.AbstractEventLoop] = []

    class Transport(AsyncTransport):
        async def send(self, sender: Sender, message: Outgoing) -> Outcome:
            loops.append(asyncio.get_running_loop())
            return await super().send(sender, message)

    async def begin() -> tuple[tertulia.Crm, OrgId, ContactId]:
        transport = Transport("sms", "message_id")
        crm = await tertulia.Crm.open(transports={"own": transport}, credentials={"main": "secret"})
        shop = await shop_of(crm)
        account = NewAccount(channel="sms", sender_id="+12025550100", name="Main", credential="main")
        await shop.accounts.connect(account)
        contact = NewContact(phone="+351912345678", name="Ana", opted_in=True)
        return crm, shop.id, (await shop.contacts.create(contact)).id

    async def go_on() -> asyncio.AbstractEventLoop:
        account = (await crm.org(org).accounts.list())[0].id
        request = tertulia.SendRequest(
            contact=contact, account=account, draft=tertulia.DraftContent(tertulia.ContentText("Olá"))
        )
        message = await crm.org(org).inbox.send(request)
        assert message.status == "accepted", message
        return asyncio.get_running_loop()

    crm, org, contact = asyncio.run(begin())
    ran = [asyncio.run(go_on()), asyncio.run(go_on())]
    assert loops == ran and ran[0] is not ran[1]


def test_loops_in_several_threads_use_one_crm_at_once(tmp_path: Path) -> None:
    async def open_() -> tuple[tertulia.Crm, OrgId]:
        crm = await tertulia.Crm.open(tmp_path / "crm.db")
        return crm, (await shop_of(crm)).id

    crm, org = asyncio.run(open_())

    async def fill(thread: int) -> None:
        contacts = crm.org(org).contacts
        await asyncio.gather(
            *(contacts.create(NewContact(phone=f"+1202{thread}55{n:04}", name="A")) for n in range(25))
        )

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda thread: asyncio.run(fill(thread)), range(2, 6)))

    async def count() -> int:
        return await crm.org(org).contacts.count("everyone")

    assert asyncio.run(count()) == 100


def test_threads_block_on_one_crm_at_once() -> None:
    shop = blocking_shop()
    with ThreadPoolExecutor(8) as threads:
        made = list(
            threads.map(lambda n: shop.contacts.create(NewContact(phone=f"+12025550{n:03}", name="A")), range(100))
        )
    assert {contact.id for contact in shop.contacts.list("everyone", page=PageRequest(limit=7))} == {c.id for c in made}


def test_a_loop_that_ends_before_the_answer_comes_is_left_in_peace(capfd: pytest.CaptureFixture[str]) -> None:
    async def run() -> tertulia.Crm:
        crm = await tertulia.Crm.open()
        shop = await shop_of(crm)
        for _ in range(50):
            asyncio.create_task(shop.contacts.count("everyone"))
        await asyncio.sleep(0)
        return crm

    crm = asyncio.run(run())
    asyncio.run(crm.close())
    assert capfd.readouterr().err == ""


def test_a_worker_works_until_the_crm_is_closed() -> None:
    async def run() -> None:
        crm = await tertulia.Crm.open()
        worker = asyncio.create_task(crm.work())
        await crm.ping()
        await crm.close()
        await worker
        with pytest.raises(UnavailableError) as error:
            await crm.orgs()
        assert error.value.code == "storage.closed"

    asyncio.run(run())
    crm = tertulia.blocking.Crm.open()
    blocked = threading.Thread(target=crm.work)
    blocked.start()
    with crm:
        crm.ping()
    blocked.join()


def test_ctrl_c_ends_a_blocking_call_and_not_what_it_does() -> None:
    # A shell that runs the tests in the background has them ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    began, end = threading.Event(), threading.Event()
    waiting = threading.get_ident()

    class Transport(BlockingTransport):
        def send(self, sender: Sender, message: Outgoing) -> Outcome:
            began.set()
            signal.pthread_kill(waiting, signal.SIGINT)
            end.wait()
            return super().send(sender, message)

    transport = Transport("sms", "message_id")
    crm = tertulia.blocking.Crm.open(transports={"own": transport}, credentials={"main": "secret"})
    shop = crm.org(crm.create_org(Settings(name="Casa Lua")))
    shop.accounts.connect(NewAccount(channel="sms", sender_id="+12025550100", name="Main", credential="main"))
    ana = shop.contacts.create(NewContact(phone="+351912345678", name="Ana", opted_in=True))
    [account] = shop.accounts.list()
    request = tertulia.SendRequest(
        contact=ana.id, account=account.id, draft=tertulia.DraftContent(tertulia.ContentText("Olá"))
    )
    with pytest.raises(KeyboardInterrupt):
        shop.inbox.send(request)
    assert began.is_set()
    end.set()
    [conversation] = shop.inbox.conversations()
    while [message.status for message in shop.inbox.messages(conversation.id)] != ["accepted"]:
        pass
    assert transport.sent == 1


def test_progress_is_told_in_order_on_the_callers_own_thread() -> None:
    told: list[tuple[int, int]] = []

    def progress(counts: ImportCounts) -> None:
        told.append((counts.created, threading.get_ident()))

    report = blocking_shop().imports.run(FileSourceBytes(CSV), progress=progress)
    assert report.counts.created == 100
    assert told and told == sorted(told) and told[-1] == (100, threading.get_ident())
    told.clear()

    async def run() -> None:
        async with await tertulia.Crm.open() as crm:
            await (await shop_of(crm)).imports.run(FileSourceBytes(CSV), progress=progress)

    asyncio.run(run())
    assert told and told == sorted(told) and told[-1] == (100, threading.get_ident())


@pytest.mark.parametrize("face", [tertulia, tertulia.blocking], ids=["asyncio", "blocking"])
def test_progress_that_throws_ends_nothing_and_is_logged(face: object, caplog: pytest.LogCaptureFixture) -> None:
    def progress(counts: ImportCounts) -> None:
        raise RuntimeError(f"at {counts.created}")

    async def run() -> None:
        crm = await waited(face.Crm.open())  # type: ignore[attr-defined]
        shop = crm.org(await waited(crm.create_org(Settings(name="Casa Lua"))))
        report = await waited(shop.imports.run(FileSourceBytes(CSV), progress=progress))
        assert report.counts.created == 100 and report.finished

    with caplog.at_level(logging.ERROR, "tertulia"):
        asyncio.run(run())
    assert "at 100" in caplog.text


def test_a_token_ends_an_import_between_two_batches() -> None:
    shop = blocking_shop()
    cancel = CancelToken()
    cancel.cancel()
    report = shop.imports.run(FileSourceBytes(CSV), cancel=cancel)
    assert not report.finished and report.import_ is not None
    report = shop.imports.resume(report.import_, FileSourceBytes(CSV))
    assert report.finished and shop.contacts.count("everyone") == 100


def test_lists_go_over_all_pages_and_stop_where_the_reader_does() -> None:
    async def run() -> None:
        async with await tertulia.Crm.open() as crm:
            shop = await shop_of(crm)
            await shop.imports.run(FileSourceBytes(CSV))
            names = [contact.name async for contact in shop.contacts.list("everyone", page=PageRequest(limit=9))]
            assert len(names) == len({*names}) == 100
            backwards = PageRequest(limit=30, backwards=True)
            assert [contact.name async for contact in shop.contacts.list("everyone", page=backwards)] == names[::-1]
            page = await shop.contacts.list_page("everyone", page=PageRequest(limit=98))
            rest = shop.contacts.list("everyone", page=PageRequest(cursor=page.next))
            assert [contact.name async for contact in rest] == names[98:]
            async for contact in shop.contacts.list("everyone"):
                assert contact.name == names[0]
                break

    asyncio.run(run())


def test_times_come_back_as_they_went_in() -> None:
    async def run() -> None:
        noon = datetime(2026, 1, 5, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=-3)))
        clock = await tertulia.ManualClock.open(noon)
        assert await clock.now() == noon and (await clock.now()).tzinfo is timezone.utc
        await clock.advance(0.000001)
        assert await clock.now() - noon == timedelta(microseconds=1)

    asyncio.run(run())
