# SPDX-License-Identifier: Apache-2.0
"""A listener to GET /v1/events, as a browser's EventSource is one: remembers the last id, can come back with it."""
import contextlib
import http.client
import json
import socket
import threading
import time
import types
import urllib.parse

from desk import until


class Event:
    def __init__(self, name, data, at):
        self.name, self.data, self.at = name, data, at

    def __repr__(self):
        return f"{self.name} {self.data}"


class Listener:
    def __init__(self, desk, token="KAKEKOMI_TOKEN", last_id=None, cookies=None, secret=None, url=None):
        self.url, self.cookies, self.last_id = url or desk.url, cookies, last_id
        self.secret = secret or (desk.env[token] if token and not cookies else None)
        self.events, self.retry, self.status, self.over = [], None, None, False
        self.answer = None
        self.come_back()

    def come_back(self):
        """Opens the stream, again with the last id where there is one, and hears it until it ends."""
        headers = {"Authorization": "Bearer " + self.secret} if self.secret else {}
        if self.last_id is not None:
            headers["Last-Event-ID"] = self.last_id
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        where = urllib.parse.urlsplit(self.url)
        connection = http.client.HTTPConnection(where.hostname, where.port, timeout=30)
        connection.request("GET", "/v1/events", headers=headers)
        self.over, self.socket = False, connection.sock
        self.stream = connection.getresponse()
        self.status = self.stream.status
        if self.status != 200:
            text = self.stream.read().decode()
            self.answer = types.SimpleNamespace(status_code=self.status, text=text, headers=self.stream.headers,
                                                json=lambda: json.loads(text))
            self.over = True
            return self
        self.thread = threading.Thread(target=self.hear, daemon=True)
        self.thread.start()
        until("the stream has begun", lambda: self.retry is not None or self.over, 10, 0.005)
        return self

    def hear(self):
        name, data, number = "message", [], None
        try:
            for line in self.stream:
                line = line.rstrip(b"\n")
                field, _, value = line.decode().partition(":")
                value = value.removeprefix(" ")
                if field == "event":
                    name = value
                elif field == "data":
                    data.append(value)
                elif field == "id":
                    number = value
                elif field == "retry":
                    self.retry = int(value)
                elif not line:
                    self.last_id = number or self.last_id
                    if data:
                        self.events.append(Event(name, json.loads("\n".join(data)), time.time()))
                    name, data, number = "message", [], None
        except (http.client.HTTPException, ValueError, OSError):
            pass  # cut, killed or closed
        self.over = True

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def of(self, name, **members):
        return [event for event in list(self.events)
                if event.name == name and all(event.data.get(key) == value for key, value in members.items())]

    def wait(self, name, seconds=30, **members):
        return until(f"event {name} {members}; heard {self.events[-5:]}", lambda: self.of(name, **members), seconds)[0]
