"""The receiver by FastAPI, served by uvicorn, and the stand-in for the platform on the other side."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import tertulia
import tertulia.blocking
from tertulia import NewAccount, Person, PlatformInfo, Settings
from tertulia.testing import Platform

EXAMPLE = Path(__file__).parents[2] / "examples/python"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def served(file: Path, port: int, info: PlatformInfo) -> subprocess.Popen[bytes]:
    """The example's server, once it answers."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(tertulia.__file__ or "").parents[1]),
        "APP_SECRET": info.app_secret,
        "VERIFY_TOKEN": info.verify_token,
        "ACCESS_TOKEN": info.access_token,
        "GRAPH_URL": info.base_url,
        "PUBLIC_URL": "https://shop.example",
        "CRM_FILE": str(file),
    }
    command = [sys.executable, "-m", "uvicorn", "webhooks:app", "--port", str(port), "--log-level", "warning"]
    server = subprocess.Popen(command, cwd=EXAMPLE, env=environment)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert server.poll() is None, "the server ended"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return server
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the server does not answer")


def answer(url: str, body: bytes | None = None) -> tuple[int, str, str]:
    """Status, type and text of an answer."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=30) as said:
            return said.status, said.headers.get_content_type(), said.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers.get_content_type(), refused.read().decode()


def test_what_the_platform_sends_to_the_receiver_is_in_the_crm(tmp_path: Path) -> None:
    file = tmp_path / "crm.db"

    async def run() -> None:
        platform = await Platform.open()
        info = await platform.info()
        with tertulia.blocking.Crm.open(file) as crm:
            shop = crm.org(crm.create_org(Settings(name="Casa Lua")))
            shop.accounts.connect(
                NewAccount(
                    channel="whatsapp",
                    sender_id=info.phone_number_id,
                    business_id=info.waba_id,
                    name="Main number",
                    credential="main",
                )
            )
        port = free_port()
        server = await asyncio.to_thread(served, file, port, info)
        try:
            url = f"http://127.0.0.1:{port}/webhooks"
            await platform.deliver_to_url(f"{url}/whatsapp")
            await platform.say(Person(phone="+12025550123"), "hello")
            drained = await platform.drain()
            assert (drained.refused, drained.waiting) == (0, 0)
            asked = f"{url}/whatsapp?hub.mode=subscribe&hub.challenge=42&hub.verify_token="
            assert await asyncio.to_thread(answer, asked + info.verify_token) == (200, "text/plain", "42")
            assert (await asyncio.to_thread(answer, asked + "x"))[0] == 403
            forged = await asyncio.to_thread(answer, f"{url}/whatsapp", b"{}")
            assert forged == (401, "text/plain", "webhook.signature_missing")
            assert (await asyncio.to_thread(answer, f"{url}/nowhere", b"{}"))[0] == 404
        finally:
            server.send_signal(signal.SIGTERM)
            assert server.wait(60) in (0, -signal.SIGTERM)
        with tertulia.blocking.Crm.open(file) as crm:
            shop = crm.org(crm.orgs()[0])
            contact = shop.contacts.find_by_phone("+12025550123")
            assert contact is not None and contact.conversation is not None
            assert len(list(shop.inbox.messages(contact.conversation))) == 1

    asyncio.run(run())
