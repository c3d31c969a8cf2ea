"""What happens to the process: forks, exits at any moment, second imports, other interpreters."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import tertulia

PACKAGE, TESTS = Path(tertulia.__file__ or "").parents[1], Path(__file__).parent
PATHS = {**os.environ, "PYTHONPATH": f"{PACKAGE}{os.pathsep}{TESTS}"}
PREAMBLE = """
import asyncio, atexit, gc, os, signal, sys, threading, time
import tertulia, tertulia.blocking
from tertulia import *
from scenario import AsyncTransport, BlockingTransport

def shop_of(crm):
    return crm.org(crm.create_org(Settings(name="Casa Lua")))

async def async_shop_of(crm):
    return crm.org(await crm.create_org(Settings(name="Casa Lua")))
"""


def run(script: str, *args: str) -> str:
    """What a script prints; it must end well, and complain of nothing."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", PREAMBLE + script, *args]
    done = subprocess.run(command, capture_output=True, text=True, env=PATHS, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


FORK = """
def child(what):
    process = os.fork()
    if process == 0:
        try:
            what()
        except BaseException as error:
            print("child:", repr(error), flush=True)
            os._exit(1)
        sys.stdout.flush()
        os._exit(0)
    assert os.waitpid(process, 0)[1] == 0
"""


def test_a_fork_is_refused_and_the_child_opens_its_own(tmp_path: Path) -> None:
    script = """
crm = tertulia.blocking.Crm.open(sys.argv[1])
shop = shop_of(crm)
shop.contacts.create(NewContact(name="Ana", phone="+351912345678"))

def again():
    for call in (crm.orgs, crm.close, shop.tags.list):
        try:
            call()
        except RefusedError as error:
            print(error.code, flush=True)
    with tertulia.blocking.Crm.open(sys.argv[1]) as own:
        [org] = own.orgs()
        own.org(org).contacts.create(NewContact(name="Eva", phone="+351912345679"))
        print(own.org(org).contacts.count("everyone"), flush=True)

async def also():
    async with await tertulia.Crm.open(sys.argv[1]) as own:
        print(len(await own.orgs()), flush=True)

child(again)
child(lambda: asyncio.run(also()))
print(shop.contacts.count("everyone"))
crm.close()
"""
    forked = ["runtime.forked"] * 3
    assert run(FORK + script, str(tmp_path / "crm.db")).split() == [*forked, "2", "1", "2"]


def test_a_child_that_lets_go_of_its_parents_crm_closes_nothing(tmp_path: Path) -> None:
    script = """
crm = tertulia.blocking.Crm.open(sys.argv[1])
shop = shop_of(crm)

def drop():
    global crm, shop
    del crm, shop
    gc.collect()

child(drop)
shop.contacts.create(NewContact(name="Ana", phone="+351912345678"))
print(shop.contacts.count("everyone"))
"""
    assert run(FORK + script, str(tmp_path / "crm.db")).split() == ["1"]


def test_a_child_that_exits_as_usual_does_not_wait_for_its_parents_threads() -> None:
    script = """
crm = tertulia.blocking.Crm.open()
crm.ping()
process = os.fork()
if process == 0:
    sys.exit(7)
print(os.waitpid(process, 0)[1] >> 8)
"""
    assert run(script).split() == ["7"]


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(
            """
async def main():
    crm = await tertulia.Crm.open()
    shop = await async_shop_of(crm)
    for n in range(300):
        asyncio.create_task(shop.contacts.create(NewContact(name="A", phone=f"+1202555{n:04}")))
    asyncio.create_task(crm.work())
    await asyncio.sleep(0)

asyncio.run(main())
""",
            id="calls are under way",
        ),
        pytest.param(
            """
crm = tertulia.blocking.Crm.open()
shop = shop_of(crm)
for _ in range(8):
    threading.Thread(target=crm.work, daemon=True).start()
crm.ping()
""",
            id="threads are waiting for calls",
        ),
        pytest.param(
            """
class Transport(BlockingTransport):
    def verify(self, query):
        began.set()
        threading.Event().wait()

began = threading.Event()
crm = tertulia.blocking.Crm.open(transports={"own": Transport("sms", "message_id")})
request = WebhookRequest(method="GET", url="https://shop.example/own?x=1")
threading.Thread(target=crm.receive, args=("own", request), daemon=True).start()
began.wait()
""",
            id="a transport hangs in its thread",
        ),
        pytest.param(
            """
class Transport(AsyncTransport):
    async def verify(self, query):
        began.set()
        await asyncio.Event().wait()

async def main():
    crm = await tertulia.Crm.open(transports={"own": Transport("sms", "message_id")})
    request = WebhookRequest(method="GET", url="https://shop.example/own?x=1")
    asyncio.create_task(crm.receive("own", request))
    await began.wait()

began = asyncio.Event()
asyncio.run(main())
""",
            id="a transport hangs in its loop",
        ),
        pytest.param(
            """
class Clock(tertulia.blocking.Clock):
    def now(self):
        return datetime.now(timezone.utc)

from datetime import datetime, timezone
crm = tertulia.blocking.Crm.open(clock=Clock())
threading.Thread(target=crm.work, daemon=True).start()
crm.ping()
""",
            id="a clock is being looked at again and again",
        ),
    ],
)
def test_a_program_ends_well_while(script: str) -> None:
    run(script)


def test_after_the_farewell_calls_fail_instead_of_waiting() -> None:
    script = """
from tertulia._native import Handle
crm = tertulia.blocking.Crm.open()
def late():
    try:
        crm.orgs()
    except RuntimeError as error:
        print(error)
class Late:
    def __del__(self):
        late()
keep = Late()
"""
    assert "the interpreter is shutting down" in run(script)


def test_a_second_import_is_the_same_library() -> None:
    script = """
crm = tertulia.blocking.Crm.open()
first = tertulia._native
for name in [name for name in sys.modules if name.startswith("tertulia")]:
    del sys.modules[name]
import tertulia.blocking as again
other = again.Crm.open()
print(len(crm.orgs()), len(other.orgs()), again.Crm is type(crm))
"""
    assert run(script).split() == ["0", "0", "False"]


def test_a_second_copy_is_refused(tmp_path: Path) -> None:
    script = """
import shutil
from pathlib import Path
shutil.copytree(Path(tertulia.__file__).parent, Path(sys.argv[1]) / "tertulia")
for name in [name for name in sys.modules if name.startswith("tertulia")]:
    del sys.modules[name]
sys.path.insert(0, sys.argv[1])
try:
    import tertulia
except ImportError as error:
    print(error)
"""
    assert "is a second copy" in run(script, str(tmp_path))


def test_another_interpreter_of_the_process_is_refused() -> None:
    script = """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
crm = tertulia.blocking.Crm.open()
other = interpreters.create()
try:
    failed = interpreters.run_string(other, "import sys; sys.path[:] = %r; import tertulia" % sys.path)
except Exception as error:
    failed = error
print("ImportError" in str(failed), len(crm.orgs()))
"""
    assert run(script).split() == ["True", "0"]
