"""A simulator without a socket, under a clock that the test moves."""

import json

from segflux_nb.simulator.app import Simulator
from segflux_nb.simulator.service.responses import ServiceRequest

BASE = "http://service.test"
BODY = {
    "prompt": "TOK on the shore of a mountain lake at dawn",
    "finetune_id": "my-finetune-id",
    "lora_strength": 1,
    "steps": 25,
    "seed": 1,
    "sampler_name": "euler",
    "scheduler": "simple",
    "aspect_ratio": "1:1",
    "hardware": "cost",
}


class HandClock:
    def __init__(self, start=1_800_000_000.0):
        self.time = start

    def now(self):
        return self.time

    def monotonic(self):
        return self.time

    async def sleep(self, seconds):
        raise AssertionError("nothing sleeps on this clock")


class Desk:
    """Calls on a simulator's protocol, and its clock."""

    def __init__(self, **settings):
        self.clock = HandClock()
        self.simulator = Simulator(**{"time_scale": 1, "paint": False, **settings}, clock=self.clock)
        self.ledger = self.simulator.ledger

    def call(self, method, path, body=None, *, raw=False, **headers):
        path, _, query = path.removeprefix(BASE).partition("?")
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            headers.setdefault("content-type", "application/json")
        call = ServiceRequest(
            method,
            path,
            BASE,
            dict(pair.split("=") for pair in query.split("&") if pair),
            headers,
            body if isinstance(body, bytes) else json.dumps(body).encode(),
        )
        reply, data = self.simulator.reply(call)
        if raw:
            return reply.status, data, reply
        try:
            return reply.status, json.loads(data), reply
        except ValueError:
            return reply.status, data, reply

    def submit(self, **changes):
        status, answer, _ = self.call("POST", "/v2/flux-dev-finetuned", {**BODY, **changes})
        assert status == 200, answer
        return answer
