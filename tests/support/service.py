"""Calls of a simulator without a socket, and a clock that the test moves."""

import json
import re

from segflux_nb.service.contract import CALLS
from segflux_nb.service.deviations import deviations
from segflux_nb.service.transport import HttpResponse
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


def call_at(method, path):
    """The contract's call at a path of the service; None where it has none."""
    path = path.partition("?")[0]
    for call in CALLS.values():
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(call.path))
        if call.method == method and re.fullmatch(pattern, path):
            return call
    return None


def deviations_of(method, path, status, headers, body):
    """What an answer has otherwise than the contract says."""
    call = call_at(method, path)
    return [] if call is None else deviations(call, HttpResponse(status, headers, body))


class ManualClock:
    def __init__(self, start=1_800_000_000.0):
        self.time = start

    def now(self):
        return self.time

    def monotonic(self):
        return self.time

    uptime = monotonic

    async def sleep(self, seconds):
        raise AssertionError("nothing sleeps on this clock")


class InProcessClient:
    """Calls a simulator without a socket, under a clock that the test moves."""

    def __init__(self, **settings):
        self.clock = ManualClock()
        self.simulator = Simulator(**{"time_scale": 1, "paint": False, **settings}, clock=self.clock)
        self.ledger = self.simulator.ledger

    def call(self, method, path, body=None, *, raw=False, **headers):
        path, _, query = path.removeprefix(BASE).partition("?")
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            headers.setdefault("content-type", "application/json")
        request = ServiceRequest(
            method,
            path,
            BASE,
            dict(pair.split("=") for pair in query.split("&") if pair),
            headers,
            body if isinstance(body, bytes) else json.dumps(body).encode(),
        )
        response, data = self.simulator.reply(request)
        if raw:
            return response.status, data, response
        try:
            return response.status, json.loads(data), response
        except ValueError:
            return response.status, data, response

    def submit(self, **changes):
        status, job, _ = self.call("POST", "/v2/flux-dev-finetuned", {**BODY, **changes})
        assert status == 200, job
        return job
