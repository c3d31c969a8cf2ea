"""A whole server: WhatsApp webhooks by FastAPI, and a worker beside it.

    pip install ./bindings-python fastapi uvicorn
    cd examples/python
    APP_SECRET=… VERIFY_TOKEN=… ACCESS_TOKEN=… PUBLIC_URL=https://shop.example uvicorn webhooks:app

Senders are connected once, by `accounts.connect` with the credential reference `main`. `PUBLIC_URL` is where the platform
finds this server: behind a proxy the request itself does not tell.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from tertulia import Crm, TertuliaError, WebhookRequest, WhatsApp


@asynccontextmanager
async def lifespan(server: FastAPI) -> AsyncIterator[None]:
    whatsapp = WhatsApp(
        app_secret=os.environ["APP_SECRET"],
        verify_token=os.environ["VERIFY_TOKEN"],
        base_url=os.environ.get("GRAPH_URL"),
    )
    crm = await Crm.open(
        os.environ.get("CRM_FILE", "crm.db"),
        transports={"whatsapp": whatsapp},
        credentials={"main": os.environ["ACCESS_TOKEN"]},
    )
    server.state.crm = crm
    worker = asyncio.create_task(crm.work())
    yield
    # Ends the worker after what it is sending.
    await crm.close()
    await worker


app = FastAPI(lifespan=lifespan)


@app.api_route("/webhooks/{endpoint}", methods=["GET", "POST"])
async def webhook(endpoint: str, request: Request) -> Response:
    crm: Crm = request.app.state.crm
    asked = WebhookRequest(
        method=request.method,
        url=os.environ["PUBLIC_URL"] + request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        headers=dict(request.headers),
        # The bytes as they came: the signature is over them.
        body=await request.body(),
    )
    try:
        # When this returns, the events are on disk.
        received = await crm.receive(endpoint, asked)
    except TertuliaError as error:
        # Not 200: the platform sends the webhook again. The message may name what was refused: log the code alone.
        return PlainTextResponse(error.code, status_code=error.http_status)
    return Response(received.body, media_type=received.content_type)
