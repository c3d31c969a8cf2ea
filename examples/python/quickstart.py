"""What the library is for, in a minute: `python quickstart.py [FOLDER]`.

Over a folder, by default a new temporary one, it plays a day of a small shop: a CSV with bad rows, people who write, one
who says STOP, and a broadcast. Run it again over the same folder, or kill it half-way and run it again: nobody gets the
broadcast twice.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from tertulia import (
    AccountId,
    AttributeKindText,
    ContentText,
    Crm,
    DraftContent,
    FileSourcePath,
    FilterTags,
    ImportOptions,
    JournalEntry,
    JournalEventConsentChanged,
    JournalEventIdentityAdded,
    JournalEventMessageReceived,
    JournalEventMessageSent,
    JournalEventTagAdded,
    LiftAt,
    NewAccount,
    NewBroadcast,
    Org,
    ParameterText,
    Pattern,
    PatternKind,
    Person,
    PlatformStatus,
    PlatformStatusDelivered,
    PlatformStatusRead,
    PlatformStatusSent,
    RefusedError,
    SelectionFilter,
    SendRequest,
    Settings,
    Stats,
    TagFilterAny,
    Template,
    TemplateParameters,
    WhatsApp,
    WindowStateOpen,
)
from tertulia.testing import Platform

CONTACTS = Path(__file__).parents[1] / "data" / "contacts.csv"


async def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="tertulia-"))
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "crm.db"

    # A stand-in for WhatsApp on this machine. With the real one, only the secrets and the base URL differ.
    platform = await Platform.open()
    secrets = await platform.info()
    whatsapp = WhatsApp(
        app_secret=secrets.app_secret, verify_token=secrets.verify_token, base_url=secrets.base_url
    )
    keys = {"main number": secrets.access_token}
    async with await Crm.open(file, transports={"whatsapp": whatsapp}, credentials=keys) as crm:
        title(f"The CRM is one file: {file}")
        shop, account = await open_shop(crm, platform)

        await import_contacts(shop, folder)
        await platform.deliver_to(crm, "whatsapp")
        await people_write(platform, shop, account)
        await broadcast(platform, crm, shop, account)
        await timeline(shop)

        accepted = len(await platform.accepted())
        title(f"By the platform's own log, this run sent {accepted} messages.")
        print(f"  Run it again over {folder}: nobody gets the broadcast twice.")


def title(text: str) -> None:
    print(f"\n{text}")


async def open_shop(crm: Crm, platform: Platform) -> tuple[Org, AccountId]:
    """The shop of this folder: made on the first run, found again on the next."""
    orgs = await crm.orgs()
    shop = crm.org(orgs[0] if orgs else await crm.create_org(Settings(name="Casa Lua")))
    await shop.attributes.define("City", AttributeKindText())
    if not await shop.rules.list():
        rules: list[tuple[PatternKind, str, str]] = [
            ("contains", "order", "buyer"),
            ("exact", "PROMO", "promo"),
            ("startsWith", "REF", "referral"),
        ]
        for kind, text, tag in rules:
            await shop.rules.add(Pattern(kind=kind, text=text), [tag])
    body = {"type": "BODY", "text": "Hi {{1}}, {{2}} has new teas. Reply STOP to hear no more."}
    await shop.templates.put(
        Template(name="spring_sale", language="en_US", category="MARKETING", status="APPROVED", components=[body])
    )
    for account in await shop.accounts.list():
        return shop, account.id
    secrets = await platform.info()
    number = NewAccount(
        channel="whatsapp",
        sender_id=secrets.phone_number_id,
        business_id=secrets.waba_id,
        name="Main number",
        credential="main number",
    )
    return shop, await shop.accounts.connect(number)


async def import_contacts(shop: Org, folder: Path) -> None:
    title("A CSV with bad rows is imported: the good ones go in, the bad ones come back with their reasons.")
    rejected = folder / "rejected.csv"
    report = await shop.imports.run(
        FileSourcePath(str(CONTACTS)), ImportOptions(file="contacts.csv"), rejected=str(rejected)
    )
    counts = report.counts
    rows = counts.created + counts.updated + counts.unchanged + counts.rejected
    print(
        f"  {rows} rows = {counts.created} created + {counts.updated} updated + {counts.unchanged} unchanged"
        f" + {counts.rejected} rejected"
    )
    for rejection in report.rejections:
        reasons = (f"{error.column}: {error.reason}" if error.column else error.reason for error in rejection.errors)
        print(f"  line {rejection.line:>2}: {'; '.join(reasons)}")
    print(f"  ({rejected.stat().st_size} bytes of rejected rows, to mend and upload)")


async def people_write(platform: Platform, shop: Org, account: AccountId) -> None:
    title("People write; each webhook is signed, and durable when it is answered.")
    # The platform's clock tells whole seconds: a moment later, what they write comes after the import.
    await asyncio.sleep(1)
    ana = Person(phone="+351912345678", name="Ana")
    dora = Person(phone="+12025550123", name="Dora")
    new = Person(phone="+5215512345678", name="Ximena")
    hidden = Person(user_id="US.13491208655302741918", name="Pablo", username="pablomorales")
    for id, person, text in [
        ("ana-1", ana, "Is my order ready?"),
        ("new-1", new, "PROMO"),
        ("pablo-1", hidden, "REF 77, a friend sent me"),
        ("dora-1", dora, "  stop!! "),
        ("dora-2", dora, "and who are you?"),
    ]:
        await platform.say(person, text, f"wamid.quickstart-{id}")
        await platform.drain()
    async for contact in shop.contacts.list("everyone", "name"):
        consent = await shop.consent.get(contact.id)
        source = consent.basis.source if consent.basis else "never asked"
        window = "closed"
        match await shop.contacts.window(contact.id, account):
            case WindowStateOpen(seconds_left=left):
                window = f"open, {left // 3600} h {left // 60 % 60:02} min left"
        print(
            f"  {contact.name or '':<12} {contact.phone or 'no number':<15}"
            f" opted in: {'yes' if consent.opted_in else 'no':<3} ({source:<11}) window: {window:<22}"
            f" tags: {', '.join(contact.tags)}"
        )

    title("May Dora, who said STOP, be sent “Sorry, who is asking?”  No, and this is why:")
    found = await shop.contacts.find_by_phone("+12025550123")
    assert found is not None, "Dora is missing"
    draft = DraftContent(ContentText("Sorry, who is asking?"))
    request = SendRequest(contact=found.id, account=account, draft=draft)
    for denial in (await shop.consent.explain(request)).denials:
        lifts = denial.lifts.value.isoformat() if isinstance(denial.lifts, LiftAt) else denial.lifts.value
        print(f"  [{denial.code}] yes when {lifts}")
    try:
        await shop.inbox.send(request)
    except RefusedError as refused:
        print(f"  and sending fails with {refused.code}")


async def broadcast(platform: Platform, crm: Crm, shop: Org, account: AccountId) -> None:
    async for known in shop.broadcasts.list():
        title("The broadcast of an earlier run is found again; what is left of it goes on.")
        id = known.id
        break
    else:
        id = await shop.broadcasts.create(
            NewBroadcast(
                name="Spring",
                account=account,
                template="spring_sale",
                language="en_US",
                parameters=TemplateParameters(
                    body=[ParameterText("{{contact.firstName|there}}"), ParameterText("{{org.name}}")]
                ),
                target=SelectionFilter(FilterTags(TagFilterAny(["vip", "promo", "referral"]))),
            )
        )
        title("A broadcast to everybody tagged vip, promo or referral, looked at before it goes:")
        preview = await shop.broadcasts.preview(id)
        names = (contact.name for contact in preview.first if contact.name is not None)
        print(f"  goes to {preview.total}: {', '.join(names)}")
        for reason, count in preview.left_out.items():
            print(f"  left out: {count} {reason.replace('_', ' ')}")
        await shop.broadcasts.launch(id)
    await crm.run_due()
    for message in await platform.accepted():
        # By their numbers: most read it, some leave it unread.
        unread = sum(message.user_id.encode()) % 3 == 0
        statuses: list[PlatformStatus] = [PlatformStatusSent(), PlatformStatusDelivered(), PlatformStatusRead()]
        await platform.statuses(message.wamid, statuses[:2] if unread else statuses)
    funnel(await shop.broadcasts.stats(id))


def funnel(stats: Stats) -> None:
    title("The funnel, after the platform's statuses came in:")
    for name, count in [
        ("fitted the target", stats.total),
        ("left out", sum(stats.skipped.values())),
        ("sent", stats.sent),
        ("delivered", stats.delivered),
        ("read", stats.read),
        ("failed", sum(stats.failed.values())),
        ("waiting", stats.pending),
        ("in doubt", stats.sending + stats.unknown + stats.unconfirmed),
    ]:
        print(f"  {name:<18} {count:>3} {'█' * (count * 40 // max(stats.total, 1))}")
    if stats.sending + stats.unknown > 0:
        print("  (an earlier run was killed while it sent: a status settles these, or they end as unconfirmed)")


async def timeline(shop: Org) -> None:
    title("Ana's timeline:")
    ana = await shop.contacts.find_by_phone("+351 912 345 678")
    assert ana is not None, "Ana is missing"
    async for entry in shop.contacts.timeline(ana.id):
        print(f"  {entry.at:%Y-%m-%d %H:%M:%S}  {told(entry)}")


def told(entry: JournalEntry) -> str:
    match entry.what:
        case JournalEventTagAdded(tag=tag, rule=rule):
            return f"tagged {tag} by a rule" if rule else f"tagged {tag}"
        case JournalEventConsentChanged(fact=fact, after=after):
            return f"consent: {pascal(fact.change)} by {pascal(fact.source)}; opted in: {str(after).lower()}"
        case JournalEventMessageReceived():
            return "wrote"
        case JournalEventMessageSent(broadcast=id) if id is not None:
            return "was sent the broadcast"
        case JournalEventIdentityAdded(address=address):
            return f"address {address.value} ({address.kind})"
        case other:
            return words(type(other).__name__.removeprefix("JournalEvent"))


def pascal(word: str) -> str:
    return word.title().replace("_", "")


def words(name: str) -> str:
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()


if __name__ == "__main__":
    asyncio.run(main())
