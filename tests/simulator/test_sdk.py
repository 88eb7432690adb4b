"""The official SDK against the simulator, unchanged; and our client with the same code, but for the import lines."""

import asyncio
import io
import sys
import time

import httpx  # the official SDK's HTTP library
import pytest
import segmind
from PIL import Image
from segmind import SegmindClient

from segflux_nb import client as ours
from segflux_nb import errors
from segflux_nb.backoff import Backoff
from segflux_nb.client import asynchronous
from segflux_nb.model import MODEL
from segflux_nb.simulator.app import Simulator
from tests.support.service import BODY

KEY = "SG_0123456789abcdef"
SLUG = "flux-dev-finetuned"

# The official example of text to image, in both of its halves (a job of v2; one blocking call of v1), as the README
# of the SDK prints it, for this model and with the fields that the model's page lists. Like the page's own samples
# it leaves out finetune_id. Only the import line differs between the two modules; nothing else names one.
EXAMPLE = """
{imports}

result = segmind.run(
    "flux-dev-finetuned",
    prompt="TOK TOK",
    lora_strength=1,
    steps=25,
    seed=6652105,
    sampler_name="euler",
    scheduler="simple",
    aspect_ratio="1:1",
    hardware="cost"
)
print(result["output"])

# Or get the raw bytes with a single blocking call:
response = segmind.run_sync(
    "flux-dev-finetuned",
    prompt="TOK TOK",
    lora_strength=1,
    steps=25,
    seed=6652105,
    sampler_name="euler",
    scheduler="simple",
    aspect_ratio="1:1",
    hardware="cost"
)
with open("image.jpg", "wb") as f:
    f.write(response.content)
"""


class Moved(httpx.HTTPTransport):
    """Carries calls for a host of the service to the simulator: the SDK cannot be told where that host is."""

    def __init__(self, url):
        super().__init__()
        self.to = httpx.URL(url)

    def handle_request(self, request):
        request.url = request.url.copy_with(scheme=self.to.scheme, host=self.to.host, port=self.to.port)
        request.headers["host"] = self.to.netloc.decode()
        return super().handle_request(request)


@pytest.fixture
def simulator():
    with Simulator(time_scale=0, paint=False, key=KEY) as running:
        yield running


@pytest.fixture
def client(simulator):
    made = SegmindClient(api_key=KEY, base_url=f"{simulator.url}/v1")
    mounts = {"https://api.spotprod.segmind.com": Moved(simulator.url)}
    made._client.close()
    made._client = httpx.Client(headers=made._client.headers, base_url=made.base_url, mounts=mounts)
    yield made
    made._client.close()


def picture(url):
    return Image.open(io.BytesIO(httpx.get(url).content))


@pytest.fixture
def default_client(simulator, monkeypatch):
    """Points a module's functions at the simulator: the base URL is all that is changed. The key is the
    environment's, as in the example."""
    monkeypatch.setenv("SEGMIND_API_KEY", KEY)
    opened = []

    def point(module):
        if module is segmind:
            made = SegmindClient(base_url=f"{simulator.url}/v1")
            monkeypatch.setattr(segmind, "_default_client", made)
            opened.append(made._client.close)
        else:
            monkeypatch.setattr(ours.SegmindClient.__init__, "__defaults__", (None, f"{simulator.url}/v1", None))
            opened.extend([ours._default.cache_clear, lambda: ours._default().close()])

    yield point
    for close in reversed(opened):
        close()


@pytest.mark.parametrize(
    ("imports", "module"), [("import segmind", segmind), ("from segflux_nb import client as segmind", ours)]
)
def test_the_official_example_runs_as_printed(
    imports, module, simulator, default_client, tmp_path, monkeypatch, capsys
):
    default_client(module)
    monkeypatch.chdir(tmp_path)
    exec(compile(EXAMPLE.format(imports=imports), "example.py", "exec"), {})
    assert picture(capsys.readouterr().out.strip()).size == (8, 8)
    with Image.open("image.jpg") as image:
        image.load()
    assert simulator.ledger.submits == 2


def test_run(client, simulator):
    result = client.run(SLUG, **BODY)
    assert result["status"] == "COMPLETED"
    assert result["metrics"]["cost"] == pytest.approx(MODEL.price)
    picture(result["output"]).load()
    assert simulator.ledger.submits == 1


def test_run_sync(client):
    response = client.run_sync(SLUG, **{**BODY, "seed": -1})
    assert response.headers["content-type"] == "image/jpeg"
    Image.open(io.BytesIO(response.content)).load()
    assert float(response.headers["x-cost"]) == pytest.approx(MODEL.price)
    assert int(response.headers["x-seed-value"]) >= 0
    assert len(response.headers["x-request-id"]) == 32
    assert {"x-remaining-credits", "x-generation-time"} <= set(response.headers)


def test_submit_and_wait(client):
    job = client.submit_async(SLUG, **BODY)
    assert job.submit_response["status"] == "QUEUED"
    assert job.wait(interval=0.01)["status"] == "COMPLETED"
    assert job.status()["status"] == "COMPLETED"


def test_failed(client):
    with pytest.raises(segmind.v2.InferenceFailed) as error:
        client.run(SLUG, **{**BODY, "steps": 1000})
    assert "steps" in error.value.detail
    assert error.value.status_body["status"] == "FAILED"


def test_timeout():
    with Simulator(time_scale=1, paint=False) as simulator:
        client = SegmindClient(api_key=KEY, base_url=f"{simulator.url}/v1")
        with pytest.raises(segmind.v2.InferenceTimeout):
            client.submit_async(SLUG, **BODY).wait(timeout=0.03, interval=0.01)
        client._client.close()


def test_wrong_key(simulator):
    client = SegmindClient(api_key="SG_ffffffffffffffff", base_url=f"{simulator.url}/v1")
    with pytest.raises(segmind.exceptions.SegmindError) as error:
        client.run(SLUG, **BODY)
    assert error.value.status == 401
    client._client.close()


def test_no_credits():
    with Simulator(time_scale=0, paint=False, credits=0.01) as simulator:
        client = SegmindClient(api_key=KEY, base_url=f"{simulator.url}/v1")
        for call, status in ((client.run, 402), (client.run_sync, 406)):
            with pytest.raises(segmind.exceptions.SegmindError) as error:
                call(SLUG, **BODY)
            assert error.value.status == status
            assert "redits" in error.value.detail
        client._client.close()


def test_history_and_catalogue_with_their_addresses_moved(client):
    result = client.run(SLUG, **BODY)
    history = client.generations.history(model_name=SLUG)
    (row,) = history["data"]
    assert row["generation_url"] == result["output"]
    assert row["request_body"] == BODY
    assert client.generations.get(row["request_id"]) == row
    (listed,) = client.models.list().values()
    (model,) = [one for one in listed if one["slug"] == SLUG]
    assert set(model["parameters_schema"]["properties"]) == set(MODEL.parameters)
    assert len(model["parameters_schema"]["properties"]["sampler_name"]["enum"]) == 26


def test_files_with_its_address_moved(client, tmp_path, monkeypatch):
    Image.new("RGB", (4, 4), "red").save(tmp_path / "a.png")
    base = client.base_url.removesuffix("/v1")
    monkeypatch.setattr(type(client.files), "STORAGE_BASE_URL", base)
    (address,) = client.files.upload(tmp_path / "a.png")["file_urls"]
    assert httpx.get(address).content == (tmp_path / "a.png").read_bytes()
    assert client.run("kontext-edit", prompt="a", image_urls=[address])["status"] == "COMPLETED"


# ---------------------------------------------------------------------- what ours does beyond the SDK


def test_ours_has_the_names_of_the_official_one():
    for name in (
        "run",
        "run_sync",
        "submit_async",
        "SegmindClient",
        "AsyncJob",
        "InferenceFailed",
        "InferenceTimeout",
    ):
        assert hasattr(ours, name)
    official = sys.modules["segmind.v2"].AsyncJob
    assert {f for f in official.__dataclass_fields__ if not f.startswith("_")} <= set(
        ours.AsyncJob.__dataclass_fields__
    )


def test_ours_fails_with_id_money_and_remedy(simulator):
    with ours.SegmindClient(KEY, f"{simulator.url}/v1") as client:
        with pytest.raises(ours.InferenceFailed) as failed:
            client.run(SLUG, **{**BODY, "steps": 1000})
        assert failed.value.request_id == simulator.ledger.entries()[0].request_id
        assert "steps" in failed.value.detail
        assert failed.value.status_body["status"] == "FAILED"
        assert "Nothing was billed" in str(failed.value)
        assert client.credits()["credits"] > 0
        assert client.history()["total"] == 1
        assert client.history(failed.value.request_id)["model_status"] == "FAILED"
        with pytest.raises(errors.NotFound) as unknown:
            client.history("0123")
        assert (unknown.value.status, unknown.value.request_id) == (404, "0123")
    with ours.SegmindClient("SG_ffffffffffffffff", f"{simulator.url}/v1") as client:
        with pytest.raises(errors.AuthenticationError) as wrong:
            client.run(SLUG, **BODY)
        assert wrong.value.status == 401
        assert "Nothing was billed" in str(wrong.value)
        assert "SG_" not in str(wrong.value)


def test_ours_times_out_with_the_id_and_says_that_it_goes_on():
    with Simulator(time_scale=1, paint=False) as simulator, ours.SegmindClient(KEY, f"{simulator.url}/v1") as client:
        job = client.submit_async(SLUG, **BODY)
        started = time.monotonic()
        with pytest.raises(ours.InferenceTimeout) as late:
            job.wait(timeout=0.1, interval=60)
        assert time.monotonic() - started < 5, "the deadline is not passed by an interval"
        assert late.value.request_id == job.request_id
        assert late.value.elapsed_s >= 0.1
        assert "do not submit it again" in str(late.value)


def test_ours_repeats_gets_and_never_submits(monkeypatch):
    monkeypatch.setattr(asynchronous, "GET_PAUSE", Backoff(first=0.001, longest=0.001))
    faults = {
        "status:502": {1},
        "status:drop_after": {2},
        "result:500": {1},
        "result:truncated": {2},
        "submit:drop_after": {2},
    }
    with (
        Simulator(time_scale=0, paint=False, faults=faults) as simulator,
        ours.SegmindClient(KEY, f"{simulator.url}/v1") as client,
    ):
        assert client.run(SLUG, **BODY)["status"] == "COMPLETED"
        with pytest.raises(ours.InferenceError) as lost:
            client.run(SLUG, **BODY)
        assert "Something may have been billed" in str(lost.value)
        assert "history" in str(lost.value)
        assert simulator.ledger.submits == 2


@pytest.mark.parametrize(
    ("fault", "kind"), [("submit:502_after", errors.ServerError), ("submit:no_id", ours.InferenceError)]
)
def test_ours_says_when_money_may_have_been_spent(fault, kind):
    with (
        Simulator(time_scale=0, paint=False, faults={fault: 1.0}) as simulator,
        ours.SegmindClient(KEY, f"{simulator.url}/v1") as client,
    ):
        with pytest.raises(kind, match=r"Something may have been billed.*history"):
            client.run(SLUG, **BODY)
        assert simulator.ledger.submits == 1


async def asynchronously(url):
    async with ours.AsyncSegmindClient(KEY, f"{url}/v1") as client:
        result = await client.run(SLUG, **BODY)
        response = await client.run_sync(SLUG, **BODY)
        return result, response


def test_ours_in_asynchronous_code(simulator):
    result, response = asyncio.run(asynchronously(simulator.url))
    assert result["status"] == "COMPLETED"
    assert response.headers["content-type"] == "image/jpeg"
    assert "content=" not in repr(response)


def test_ours_as_functions_with_the_key_of_the_environment(default_client):
    default_client(ours)
    assert ours.run(SLUG, **BODY)["status"] == "COMPLETED"
    assert ours.submit_async(SLUG, **BODY).wait()["status"] == "COMPLETED"
