"""A drip campaign, from its definition to its funnel: `python drip.py [FILE]`.

Over a file, by default a new temporary one, and a stand-in for WhatsApp on this machine, a small shop welcomes whoever
tries its tea box: a welcome, three days later some advice or a reminder, by whether the welcome was read, and an offer in
the end, unless they are regulars by then. Who gets the tag `trial` is in it, who buys is out. The shop first sees what
three months of it would be to one person, then lives them day by day. Time is set by hand.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

from tertulia import (
    AccountId,
    ContactId,
    Crm,
    EnrollmentFilter,
    FaultRefuse,
    FaultRule,
    FilterTags,
    NewAccount,
    NewContact,
    NewSequence,
    Org,
    ParameterText,
    Person,
    PlatformStatusDelivered,
    PlatformStatusRead,
    PlatformStatusSent,
    SelectionIds,
    SequenceCondition,
    SequenceDefinition,
    SequenceDelay,
    SequenceGoalTag,
    SequenceId,
    SequenceMessage,
    SequenceMessageTest,
    SequenceStep,
    SequenceStepKindCondition,
    SequenceStepKindDelay,
    SequenceStepKindMessage,
    SequenceTestContact,
    SequenceTestMessage,
    SequenceTriggerTagAdded,
    Settings,
    SimulationAssumption,
    TagFilterAny,
    Template,
    TemplateParameters,
    WhatsApp,
)
from tertulia.testing import ManualClock, Platform

MORNING = datetime(2026, 3, 2, 9, tzinfo=timezone.utc)
PEOPLE = 40
# How long the shop goes on, day by day: the trials of the first weeks are over by then.
DAYS = 110


async def main() -> None:
    file = sys.argv[1] if len(sys.argv) > 1 else Path(tempfile.mkdtemp(prefix="tertulia-")) / "crm.db"
    clock = await ManualClock.open(MORNING)
    platform = await Platform.open(clock=clock)
    secrets = await platform.info()
    whatsapp = WhatsApp(app_secret=secrets.app_secret, verify_token=secrets.verify_token, base_url=secrets.base_url)
    keys = {"main number": secrets.access_token}
    async with await Crm.open(file, transports={"whatsapp": whatsapp}, credentials=keys, clock=clock) as crm:
        await platform.deliver_to(crm, "whatsapp")
        shop, account = await open_shop(crm, platform)
        people = [await person(shop, n) for n in range(PEOPLE)]
        refuse = FaultRefuse(code=131026)
        await platform.script([FaultRule(fault=refuse, to=number(n)) for n in range(PEOPLE) if n % 20 == 13])

        id = await shop.sequences.create(onboarding(account))
        print("If Person 1 opened nothing:")
        await rehearse(shop, id, people[1], "delivered")
        print("If Person 1 read all of it:")
        await rehearse(shop, id, people[1], "read")

        await shop.sequences.activate(id)
        told = 0
        for day in range(DAYS):
            await live(shop, platform, people, day)
            await crm.run_due()
            told = await receipts(platform, told)
            if day == 10:
                print("\nThe tenth day:")
                await draw(shop, id)
            await clock.advance(24 * 3600)
        print(f"\nAfter {DAYS} days:")
        await draw(shop, id)
        await out(shop, id)


def number(n: int) -> str:
    return f"+351912345{n:03}"


async def open_shop(crm: Crm, platform: Platform) -> tuple[Org, AccountId]:
    """A shop with one number, and what the steps send."""
    shop = crm.org(await crm.create_org(Settings(name="Casa Lua")))
    for name, text in [
        ("welcome", "Welcome to {{2}}, {{1}}. Your tea box is on its way."),
        ("advice", "{{1}}, green tea is best at 80 degrees."),
        ("reminder", "{{1}}, your tea box is there. Did you try it?"),
        ("offer", "{{1}}, the next box is half the price until Sunday."),
    ]:
        body = {"type": "BODY", "text": text}
        await shop.templates.put(
            Template(name=name, language="en_US", category="MARKETING", status="APPROVED", components=[body])
        )
    secrets = await platform.info()
    sender = NewAccount(
        channel="whatsapp",
        sender_id=secrets.phone_number_id,
        business_id=secrets.waba_id,
        name="Main number",
        credential="main number",
    )
    return shop, await shop.accounts.connect(sender)


async def person(shop: Org, n: int) -> ContactId:
    return (await shop.contacts.create(NewContact(phone=number(n), name=f"Person {n}", opted_in=True))).id


def message(template: str, *values: str) -> SequenceStepKindMessage:
    parameters = TemplateParameters(body=[ParameterText(value) for value in values])
    return SequenceStepKindMessage(SequenceMessage(template=template, language="en_US", parameters=parameters))


def delay(days: int) -> SequenceStepKindDelay:
    return SequenceStepKindDelay(SequenceDelay(days=days))


def onboarding(account: AccountId) -> NewSequence:
    name = "{{contact.name|friend}}"
    read = SequenceTestMessage(SequenceMessageTest(step="welcome", was="read"))
    regular = SequenceTestContact(FilterTags(TagFilterAny(["regular"])))
    steps = [
        SequenceStep(name="welcome", does=message("welcome", name, "{{org.name}}")),
        SequenceStep(name="three days", does=delay(3)),
        SequenceStep(
            name="read it?",
            does=SequenceStepKindCondition(SequenceCondition(when=read, yes="advice", no="reminder")),
        ),
        SequenceStep(name="reminder", does=message("reminder", name), next="three months"),
        SequenceStep(name="advice", does=message("advice", name)),
        SequenceStep(name="three months", does=delay(87)),
        SequenceStep(name="regular?", does=SequenceStepKindCondition(SequenceCondition(when=regular, yes="end"))),
        SequenceStep(name="offer", does=message("offer", name)),
    ]
    definition = SequenceDefinition(
        account=account,
        trigger=SequenceTriggerTagAdded("trial"),
        goals=[SequenceGoalTag("customer")],
        steps=steps,
    )
    return NewSequence(name="Onboarding", definition=definition)


async def live(shop: Org, platform: Platform, people: list[ContactId], day: int) -> None:
    """What happens on a day: two begin a trial, as long as there are any left; now and then somebody buys, is a
    regular, or has enough.
    """
    for contact in people[day * 2 : day * 2 + 2]:
        await shop.contacts.tag(contact, ["trial"])
    n = day // 2
    if day % 2 == 0 and n < PEOPLE:
        if n % 5 == 4:
            await shop.contacts.tag(people[n], ["customer"])
        if n % 10 == 5:
            await shop.contacts.tag(people[n], ["regular"])
        if n == 7:
            await platform.say(Person(phone=number(n)), "STOP")


async def receipts(platform: Platform, told: int) -> int:
    """Two in three read what they get."""
    accepted = await platform.accepted()
    for sent in accepted[told:]:
        await platform.statuses(sent.wamid, [PlatformStatusSent(), PlatformStatusDelivered()])
        if int(sent.to[10:]) % 3 != 0:
            await platform.statuses(sent.wamid, [PlatformStatusRead()])
    return len(accepted)


async def rehearse(shop: Org, id: SequenceId, contact: ContactId, assume: SimulationAssumption) -> None:
    """All that one person would come through, at once."""
    async for run in shop.sequences.simulate(id, SelectionIds([contact]), assume):
        for step in run.steps:
            way = {None: "…", True: "yes", False: "no"}[step.branch]
            print(f"  {step.at.day:>2} {step.at:%B}  {step.step:<12}  {step.text or way}")


async def draw(shop: Org, id: SequenceId) -> None:
    """The funnel: of each step that sends, whom it reached, and who stands there."""
    funnel = await shop.sequences.stats(id)
    for step in funnel.steps:
        if step.messages:
            sent = step.messages.sent
            bar = "█" * -(-sent * 40 // max(funnel.enrolled, 1))
            print(f"{step.step:>12} {bar:·<40} {sent:>2} sent, {step.messages.read:>2} read")
        elif step.here > 0:
            print(f"{step.step:>12} {'':40} {step.here:>2} wait")
    print(f"  {funnel.enrolled} enrolled: {funnel.under_way} under way, {funnel.finished} through")
    for reason, count in sorted(funnel.exited.items()):
        print(f"  {count:>3} left: {reason}")


async def out(shop: Org, id: SequenceId) -> None:
    """Who left, and how far they had come."""
    async for left in shop.sequences.enrollments(id, EnrollmentFilter(reasons=["opted_out"])):
        contact = await shop.contacts.get(left.contact)
        print(f"\n{contact.name} opted out after: {', '.join(passed.step for passed in left.path)}")


if __name__ == "__main__":
    asyncio.run(main())
