"""Records are values, errors are what their code says, and nothing shows a secret."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from datetime import datetime, timezone
from typing import Any

import pytest
import tertulia
import tertulia.blocking.testing
import tertulia.testing
from tertulia import (
    Accepted,
    Address,
    ContactAddress,
    ContentText,
    FilterAnd,
    FilterNot,
    FilterTags,
    ForbiddenError,
    NewContact,
    OutcomeAccepted,
    Page,
    RefusedError,
    Sender,
    Settings,
    TagFilterAny,
    TertuliaError,
    WhatsApp,
    WindowStateClosed,
    WindowStateNone,
)
from tertulia._wire import read_time, write_time

ANA = NewContact(phone="+351912345678", name="Ana", tags=["vip"], attributes={"City": "Porto"})


def test_records_are_equal_by_value_and_by_class() -> None:
    assert ANA == NewContact(name="Ana", phone="+351912345678", attributes={"City": "Porto"}, tags=["vip"])
    assert ANA != NewContact(name="Ana")
    assert WindowStateNone() == WindowStateNone() != WindowStateClosed()
    assert ContentText("x") == ContentText(body="x")
    address = Address(kind="phone", value="1")
    assert hash(address) == hash(Address(kind="phone", value="1"))
    assert len({address, Address(kind="phone", value="1"), Address(kind="email", value="1")}) == 2


def test_records_do_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        ANA.name = "Eva"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del ANA.name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(ANA, "nickname", "Aninha")
    assert not hasattr(ANA, "__dict__")


def test_what_is_left_out_is_made_anew_each_time() -> None:
    one, other = NewContact(), NewContact()
    assert one.tags == other.tags == [] and one.tags is not other.tags
    assert Settings().name_required and Settings().zone == "UTC" and Settings().keywords == {}


def test_every_record_is_a_dataclass_with_the_fields_of_its_class() -> None:
    for name in tertulia.__all__:
        record = getattr(tertulia, name)
        if hasattr(record, "__dataclass_fields__"):
            assert dataclasses.is_dataclass(record)
            assert [field.name for field in dataclasses.fields(record)] == list(getattr(record, "__slots__"))


@pytest.mark.parametrize(
    "record", [ANA, FilterAnd([FilterNot("everyone"), FilterTags(TagFilterAny(["a"]))]), Page(items=[ANA], next="x")]
)
def test_records_are_dataclasses_to_the_standard_library(record: Any) -> None:
    assert [field.name for field in dataclasses.fields(record)] == list(type(record).__slots__)
    assert dataclasses.replace(record) == record
    for copied in (copy.copy(record), copy.deepcopy(record), pickle.loads(pickle.dumps(record))):
        assert copied == record and type(copied) is type(record)


def test_a_record_is_replaced_and_taken_apart() -> None:
    assert dataclasses.replace(ANA, name="Eva").name == "Eva"
    assert dataclasses.asdict(OutcomeAccepted(Accepted(provider_id="1"))) == {
        "value": {"provider_id": "1", "addresses": [], "held": False}
    }
    with pytest.raises(TypeError):
        dataclasses.replace(ANA, nickname="Aninha")  # type: ignore[call-arg]


def test_variants_are_told_apart_by_matching() -> None:
    match FilterAnd([FilterTags(TagFilterAny(["a"]))]):
        case FilterAnd([FilterTags(TagFilterAny([tag]))]):
            assert tag == "a"
        case _:
            pytest.fail("it did not match")


def test_secrets_are_not_shown() -> None:
    for record in (
        WhatsApp(app_secret="s3cret", verify_token="s3cret"),
        Sender(channel="sms", sender_id="1", credential="s3cret"),
    ):
        assert "s3cret" not in repr(record) + str(record) and "sender_id" in repr(record) + "sender_id"


def test_an_error_is_what_its_code_says() -> None:
    error = TertuliaError("webhook.signature_missing", "no signature")
    assert type(error) is ForbiddenError
    assert (error.kind, error.retry, error.http_status) == ("forbidden", "never", 401)
    assert str(error) == "no signature [webhook.signature_missing]"
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is ForbiddenError and again.args == error.args and again.http_status == 401
    assert type(tertulia.RefusedError("window.closed", "x")) is RefusedError
    with pytest.raises(ValueError, match="no error code 'x'"):
        TertuliaError("x", "y")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2026-01-05T09:00:00Z", "2026-01-05T09:00:00Z"),
        ("2026-01-05T09:00:00.250Z", "2026-01-05T09:00:00.250Z"),
        ("2026-01-05T09:00:00.000001Z", "2026-01-05T09:00:00.000001Z"),
        ("2026-01-05T09:00:00.000001999Z", "2026-01-05T09:00:00.000001Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_times_are_read_to_the_microsecond_and_written_as_the_library_does(text: str, canonical: str) -> None:
    time = read_time(text)
    assert time.tzinfo is timezone.utc and time == datetime.fromisoformat(canonical[:-1] + "+00:00")
    assert write_time(time) == canonical


def test_every_public_name_is_there() -> None:
    for module in (tertulia, tertulia.blocking, tertulia.testing, tertulia.blocking.testing):
        for name in module.__all__:
            assert hasattr(module, name), name
        assert len({*module.__all__}) == len(module.__all__)
