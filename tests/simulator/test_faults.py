"""Each fault: what a plain client sees, through a socket and through the protocol alone, and what the ledger says."""

import http.client
import io
import json

import pytest
from PIL import Image, UnidentifiedImageError

from segflux_nb.model import MODEL
from segflux_nb.simulator.app import Simulator
from segflux_nb.simulator.service.faults import (
    AFTERWARDS,
    INSTEAD,
    KINDS,
    OF_JOBS,
    OF_PICTURES,
    OF_UPLOADS,
    Faults,
    parse_faults,
)
from tests.support.service import BODY, InProcessClient

SUBMIT = f"/v2/{MODEL.slug}"

# What a plain client sees of a call that would have been answered 200 otherwise.
SEEN = {
    "drop_unread": "cut",
    "drop_before": "cut",
    "403": 403,
    "404": 404,
    "406": 406,
    "410": 410,
    "429": 429,
    "500": 500,
    "502": 502,
    "504": 504,
    "drop_after": "cut",
    "drop_middle": "cut",
    "502_after": 502,
    "504_after": 504,
    "stale": 200,
    "delay": 200,
    "truncated": "unreadable",
    "not_json": "unreadable",
    "no_id": "unreadable",
    "wrong_type": "unreadable",
    "huge": "unreadable",
    "413": 413,
    "no_url": "unreadable",
    "vanished": 200,
}
TYPES = {
    404: "application/json",
    429: "application/json",
    500: "application/json",
    502: "text/html",
    504: "text/html",
}


class WithoutSocket:
    """The protocol without a socket."""

    def __init__(self, **settings):
        self.client = InProcessClient(time_scale=0, **settings)
        self.ledger = self.client.ledger
        self.stale = False

    def call(self, method, path, body=None):
        if self.stale:
            self.stale = False
            return "cut", None, b""
        status, data, response = self.client.call(method, path, body, raw=True)
        if response.ready_at is not None:
            self.client.clock.time = max(self.client.clock.time, response.ready_at)
        self.stale = response.closes
        return ("cut", None, b"") if response.cut else (status, response.headers.get("content-type"), data)

    def now(self):
        return self.client.clock.time

    def close(self):
        self.client.simulator.close()


class FastClock:
    """The system's time, which runs ahead instead of sleeping long."""

    def __init__(self):
        self.time = 1_800_000_000.0

    def now(self):
        return self.time

    monotonic = now

    async def sleep(self, seconds):
        self.time += seconds


class WithSocket:
    """A plain client of Python's own, on one connection that it keeps."""

    def __init__(self, **settings):
        self.clock = FastClock()
        self.simulator = Simulator(time_scale=0, paint=False, clock=self.clock, **settings)
        self.ledger = self.simulator.ledger
        self.connection = http.client.HTTPConnection(self.simulator.url.removeprefix("http://"), timeout=10)

    def call(self, method, path, body=None):
        headers = {"content-type": "application/json"} if body is not None else {}
        try:
            self.connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = self.connection.getresponse()
            return answer.status, answer.headers.get_content_type(), answer.read()
        except (http.client.HTTPException, OSError):
            self.connection.close()
            return "cut", None, b""

    def now(self):
        return self.clock.time

    def close(self):
        self.connection.close()
        self.simulator.close()


@pytest.fixture(params=[WithoutSocket, WithSocket])
def service(request):
    made = []

    def make(**settings):
        made.append(request.param(**settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


def path_of(operation, request_id):
    return {
        "submit": ("POST", SUBMIT, BODY),
        "v1": ("POST", f"/v1/{MODEL.slug}", BODY),
        "status": ("GET", f"/v2/requests/{request_id}/status", None),
        "result": ("GET", f"/v2/requests/{request_id}", None),
        "history": ("GET", f"/inference-request/request-history/{request_id}", None),
        "credits": ("GET", "/v1/get-user-credits", None),
        "catalogue": ("GET", "/inference-model-information/list", None),
        "upload": ("POST", "/upload-asset", {"data_urls": ["data:image/png;base64,YWJj"]}),
        "picture": ("GET", f"/generations/simulated-{request_id}.jpeg", None),
    }[operation]


def is_readable(operation, kind, data):
    """Whether the body is what the operation promises."""
    if kind == "image/jpeg":
        try:
            with Image.open(io.BytesIO(data)) as image:
                image.load()
                return image.width * image.height < 50_000_000
        except (OSError, UnidentifiedImageError, Image.DecompressionBombError):
            return False
    try:
        body = json.loads(data)
    except ValueError:
        return False
    return "request_id" in body if operation == "submit" else operation != "upload" or bool(body["file_urls"])


CALLS = [name for name in KINDS if not name.startswith(("job:", "any:"))]


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_fault_of_a_call(service, name):
    operation, kind = name.split(":")
    first = 2 if operation == "submit" else 1  # the first submit makes the job that the other calls are about
    s = service(faults={name: {first}})
    status, _, data = s.call("POST", SUBMIT, BODY)
    request_id = json.loads(data)["request_id"]
    submits, before = s.ledger.submits, s.now()
    status, type_, data = s.call(*path_of(operation, request_id))
    expected = SEEN[kind]
    if expected == "unreadable":
        assert status == 200
        assert not is_readable(operation, type_, data)
    else:
        assert status == expected
        if status in TYPES:
            assert type_ == ("text/html" if (operation, status) == ("picture", 404) else TYPES[status])
        elif status == 200:
            assert is_readable(operation, type_, data)
    assert (s.now() - before >= 10) is (kind == "delay")
    accepts = operation in ("submit", "v1") and kind not in INSTEAD
    assert s.ledger.submits == submits + accepts, "what the ledger says"
    following = s.call(*path_of(operation, request_id))[0]
    assert following == ("cut" if kind == "stale" else 200), "and the fault strikes where it was told, no further"


@pytest.mark.parametrize("kind", sorted(OF_JOBS))
def test_a_fault_of_a_job(service, kind):
    s = service(faults={f"job:{kind}": lambda body: body["seed"] == 7})
    seen = {}
    for seed in (7, 8):
        request_id = json.loads(s.call("POST", SUBMIT, {**BODY, "seed": seed})[2])["request_id"]
        status, _, data = s.call(*path_of("result", request_id))
        listed = s.call(*path_of("history", request_id))[0]
        result = json.loads(data)
        seen[seed] = (status, type(result.get("output")).__name__, result.get("error"), listed)
    assert seen[8] == (200, "str", None, 200)
    assert (
        seen[7]
        == {
            "failed": (422, "NoneType", "Inference failed: the worker ran out of memory", 200),
            "moderated": (422, "NoneType", "The prompt was rejected by the content policy (NSFW)", 200),
            "no_output": (200, "NoneType", None, 200),
            "output_list": (200, "list", None, 200),
            "output_object": (200, "dict", None, 200),
            "late_history": (200, "str", None, 404),
        }[kind]
    )
    billed = [entry.billed > 0 for entry in s.ledger.entries()]
    assert billed == [kind not in ("failed", "moderated"), True]


def test_any_strikes_every_call_but_pictures(service):
    s = service(faults={"any:500": 1.0})
    assert [s.call(*path_of(name, "0123"))[0] for name in ("submit", "v1", "status", "history", "credits")] == [
        500
    ] * 5
    assert s.call(*path_of("picture", "0123"))[0] == 404
    assert s.ledger.submits == 0


def test_credits_that_run_out_midway(service):
    s = service(credits=2.5 * MODEL.price)
    statuses = [s.call("POST", SUBMIT, {**BODY, "seed": seed})[0] for seed in range(4)]
    assert statuses == [200, 200, 402, 402]
    assert s.ledger.billed == pytest.approx(2 * MODEL.price)


def test_the_table_of_faults_is_whole():
    assert set(SEEN) == set(INSTEAD) | set(AFTERWARDS) | {"no_id"} | set(OF_UPLOADS) | set(OF_PICTURES)
    for wrong in ({"nonsense": 0.1}, {"submit:nonsense": 0.1}, {"submit:500": 2}, {"submit:500": -0.1}):
        with pytest.raises(ValueError, match=r"no fault|rate"):
            Faults(wrong, 0)


def test_faults_in_a_shell():
    assert parse_faults(" submit:500=0.1, job:failed=1 ") == {"submit:500": 0.1, "job:failed": 1.0}
    assert parse_faults("") == {}
    for wrong in ("submit:500", "submit:500=often", "nonsense=1"):
        with pytest.raises(ValueError, match="no fault"):
            parse_faults(wrong)


@pytest.mark.parametrize(
    ("name", "says"), [("job:faild", "did you mean 'job:failed'"), ("zzz", "there are any:drop_unread")]
)
def test_a_fault_that_is_misspelled_names_the_nearest_one(name, says):
    with pytest.raises(ValueError, match=says):
        Simulator(faults={name: 0.5})
