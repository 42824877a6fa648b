# SPDX-License-Identifier: Apache-2.0
"""The peer of tests/bench/post_cases in Python: FastAPI on uvicorn (uvloop, httptools), pydantic, confluent-kafka; one process."""
import asyncio
import hashlib
import os
import threading
import uuid
from contextlib import asynccontextmanager
from datetime import datetime, timezone

from confluent_kafka import Producer
from fastapi import FastAPI, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field

PKI, TOPIC, TOKEN = os.environ["PEER_PKI"], os.environ["PEER_TOPIC"], os.environ["PEER_TOKEN_SHA256"]


class Contact(BaseModel):
    model_config = ConfigDict(extra="allow")
    company: str = Field(min_length=1)
    phone: str = Field(min_length=1)


class Incident(BaseModel):
    model_config = ConfigDict(extra="allow")
    summary: str = Field(min_length=1)


class Hearing(BaseModel):
    model_config = ConfigDict(extra="allow")
    contact: Contact
    incident: Incident


@asynccontextmanager
async def lifespan(app):
    app.state.loop = asyncio.get_running_loop()
    app.state.producer = producer = Producer({
        "bootstrap.servers": os.environ["PEER_BROKERS"], "security.protocol": "ssl", "ssl.certificate.location": PKI + "/cert.pem",
        "ssl.key.location": PKI + "/key.pem", "ssl.ca.location": PKI + "/ca.pem", "acks": "all", "enable.idempotence": True,
        "linger.ms": 0, "partitioner": "murmur2_random", "socket.nagle.disable": True})
    going = True

    def poll():
        while going:
            producer.poll(0.1)
    thread = threading.Thread(target=poll, daemon=True)
    thread.start()
    yield
    going = False
    thread.join()


app = FastAPI(lifespan=lifespan)


@app.post("/v1/cases", status_code=201)
async def open_case(request: Request, hearing: Hearing, response: Response):
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    if hashlib.sha256(token.encode()).hexdigest() != TOKEN:
        raise HTTPException(401)
    state, case, acknowledged = app.state, str(uuid.uuid4()), asyncio.Future()

    def delivered(error, _):
        state.loop.call_soon_threadsafe(acknowledged.set_result, error)
    headers = {"ce_specversion": "1.0", "ce_id": str(uuid.uuid4()), "ce_type": "kakekomi.case.opened", "ce_source": "/peer",
               "ce_time": datetime.now(timezone.utc).isoformat(), "ce_subject": case, "content-type": "application/json"}
    value = b'{"extends":null,"actor":{"id":"operator-1","role":"operator"},"hearing":' + await request.body() + b"}"
    state.producer.produce(TOPIC, value, case, headers=list(headers.items()), on_delivery=delivered)
    if await acknowledged:
        raise HTTPException(503)
    response.headers["Location"] = "/v1/cases/" + case
    return {"id": case, "revision": 1, "status": "consultation"}
