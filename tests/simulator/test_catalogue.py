"""The models of the simulated catalogue, each called as its family answers."""

import base64
import io
import json
import sqlite3

import pytest
from PIL import Image

from segflux_nb.model import MODEL
from segflux_nb.simulator.app import Simulator
from segflux_nb.simulator.render import painted
from segflux_nb.simulator.service.ledger import Ledger
from segflux_nb.simulator.service.offers import OFFERS, asked
from tests.support.service import BODY, InProcessClient

LIST = "/inference-model-information/list?segmind_model=True"
LORAS = [{"path": "https://example.com/pagoda-1200.safetensors", "scale": 0.8}]
IMAGE = "https://example.com/x.png"
BODIES = {
    "flux-dev-multi-lora": {"prompt": "a lake", "loras": LORAS},
    "sd1.5-img2img": {"prompt": "a lake", "image": IMAGE},
    "kontext-edit": {"prompt": "a lake", "image_urls": [IMAGE]},
    "upscale-v1": {"image": IMAGE},
    "small-language-model": {"messages": [{"role": "user", "content": "Hi"}]},
}


def body_of(slug):
    return BODIES.get(
        slug, {"prompt": "a lake", "seed": 7} if slug != "picture-without-seed" else {"prompt": "a lake"}
    )


def call(client, *request):
    status, answer, _ = client.call(*request)
    return status, answer


def raw(client, *request):
    status, data, response = client.call(*request, raw=True)
    return status, data, response.headers


def result_of(client, slug, body):
    status, submitted = call(client, "POST", f"/v2/{slug}", body)
    assert status == 200, submitted
    client.clock.time += 100
    return call(client, "GET", submitted["response_url"])


@pytest.fixture
def client():
    return InProcessClient()


def test_there_are_twenty_besides_the_fine_tuned_one(client):
    _, answer = call(client, "GET", LIST)
    (name,) = answer
    assert name == "Inference Segmind Model Information List With Details"
    assert len(answer[name]) == 21
    assert answer[name][0]["slug"] == MODEL.slug


@pytest.mark.parametrize(("envelope", "kind"), [("models", dict), ("list", list), ("long", dict)])
def test_envelopes(envelope, kind):
    _, answer = call(InProcessClient(envelope=envelope), "GET", LIST)
    assert type(answer) is kind


def test_an_unknown_envelope_is_refused():
    with pytest.raises(ValueError, match="envelope='short' is not possible: use one of long, models, list"):
        Simulator(envelope="short")


def test_a_test_may_change_the_list(client):
    client.simulator.protocol.catalogue[0]["is_depreciated"] = True
    assert next(iter(call(client, "GET", LIST)[1].values()))[0]["is_depreciated"] is True
    assert next(iter(call(InProcessClient(), "GET", LIST)[1].values()))[0]["is_depreciated"] is False


@pytest.mark.parametrize("slug", [slug for slug, one in OFFERS.items() if "v2" in one.versions and not one.retired])
def test_each_answers_v2_in_its_own_way(client, slug):
    status, result = result_of(client, slug, body_of(slug))
    assert (status, result["status"]) == (200, "COMPLETED")
    entry = client.ledger.entries()[-1]
    assert (entry.slug, entry.billed) == (
        slug,
        pytest.approx(OFFERS[slug].price * (4 if slug == "four-at-once" else 1)),
    )
    if OFFERS[slug].makes == "video":
        assert result["output"].endswith(".mp4")
        code, data, headers = raw(client, "GET", result["output"])
        assert (code, headers["content-type"], data[4:8]) == (200, "video/mp4", b"ftyp")
        return
    if slug == "sdxl-in-json":
        assert Image.open(io.BytesIO(base64.b64decode(result["output"]))).size == (8, 8)
        assert result["image"] == result["output"]
        return
    urls = result["output"] if isinstance(result["output"], list) else [result["output"]]
    assert [one["url"] for one in result["images"]] == urls
    assert len(urls) == (4 if slug == "four-at-once" else 1)
    pictures = [raw(client, "GET", url)[1] for url in urls]
    assert len(set(pictures)) == len(pictures)
    assert [str(len(data)) for data in pictures] == [one["file_size"] for one in result["images"]]


@pytest.mark.parametrize(
    ("slug", "body", "expected"),
    [
        ("sdxl1.0-txt2img", {"prompt": "a", "samples": 3}, 3),
        ("picture-without-seed", {"prompt": "a", "n": 2}, 2),
        ("sdxl1.0-txt2img", {"prompt": "a", "samples": True}, 1),
    ],
)
def test_several_pictures_where_the_body_asks_for_them(client, slug, body, expected):
    _, result = result_of(client, slug, body)
    assert len(result["images"]) == expected
    assert client.ledger.billed == pytest.approx(OFFERS[slug].price * expected)


def test_base64_where_the_body_asks_for_it(client):
    _, result = result_of(client, "sdxl1.0-txt2img", {"prompt": "a", "samples": 2, "base64": True})
    assert len(result["output"]) == 2
    assert "images" not in result


@pytest.mark.parametrize(
    ("slug", "body", "says"),
    [
        ("sdxl1.0-txt2img", {}, "prompt is required"),
        ("flux-dev-multi-lora", {"prompt": "a"}, "loras is required"),
        ("sdxl1.0-txt2img", {"prompt": "a", "style": "cubist"}, "Invalid value for style"),
        ("sdxl1.0-txt2img", {"prompt": "a", "num_inference_steps": 5}, "Invalid value for num_inference_steps"),
    ],
)
def test_what_is_wrong_fails_later_and_costs_nothing(client, slug, body, says):
    status, result = result_of(client, slug, body)
    assert (status, result["status"]) == (422, "FAILED")
    assert result["error"].startswith(says)
    assert client.ledger.billed == 0


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/v2/sd1.5-retired", 410, "is retired"),
        ("/v1/sd1.5-retired", 410, "is retired"),
        ("/v2/upscale-v1", 400, "is not supported on v2"),
        ("/v2/small-language-model", 400, "is not supported on v2"),
        ("/v2/no-such-model", 404, "not found"),
    ],
)
def test_what_cannot_be_called(client, path, status, says):
    code, answer = call(client, "POST", path, {"prompt": "a"})
    assert code == status
    assert says in answer["error"]
    assert client.ledger.submits == 0


@pytest.mark.parametrize("slug", [slug for slug, one in OFFERS.items() if not one.retired])
def test_each_answers_v1_in_its_own_way(client, slug):
    code, data, headers = raw(client, "POST", f"/v1/{slug}", body_of(slug))
    assert code == 200
    if slug in ("four-at-once", "sdxl-in-json", "small-language-model"):
        assert headers["content-type"] == "application/json"
        output = json.loads(data)["output"]
        assert isinstance(output, list) if slug == "four-at-once" else isinstance(output, str)
    else:
        is_video = OFFERS[slug].makes == "video"
        assert headers["content-type"] == ("video/mp4" if is_video else "image/jpeg")
    assert float(headers["x-cost"]) > 0


def test_the_history_tells_models_apart(client):
    call(client, "POST", "/v2/four-at-once", {"prompt": "a"})
    call(client, "POST", f"/v2/{MODEL.slug}", BODY)
    _, both = call(client, "GET", "/inference-request/request-history")
    _, one = call(client, "GET", "/inference-request/request-history?model_name=four-at-once")
    assert [row["model_name"] for row in both["data"]] == [MODEL.slug, "four-at-once"]
    assert [row["model_name"] for row in one["data"]] == ["four-at-once"]
    assert one["total"] == 1


def test_equal_bodies_of_two_models_are_two_requests(client):
    for slug in ("four-at-once", "sdxl-in-json"):
        call(client, "POST", f"/v2/{slug}", {"prompt": "a", "seed": 1})
    one, other = client.ledger.entries()
    assert one.finished_at - one.started_at != other.finished_at - other.started_at


def test_what_is_painted():
    def of(body, number=0, job="0123456789"):
        return asked(body, job, number)

    assert (of({"prompt": "a", "size": "1365x1024"}).width, of({"img_width": 512, "img_height": 768}).height) == (
        1365,
        768,
    )
    assert (of({"image_size": {"width": 640, "height": 512}}).width, of({"aspect_ratio": "16:9"}).width) == (
        640,
        1365,
    )
    assert (of({"size": "99999x1"}).width, of({"size": "99999x1"}).height) == (1536, 64)
    assert of({"seed": 5}, 2).painting["seed"] == 7
    assert of({"seed": -1}).painting == of({}).painting != of({}, job="1123456789").painting
    assert of({"image": IMAGE, "seed": 1}).painting["seed"] != 1
    lora = of({"loras": LORAS, "steps": 10**9}).painting
    assert (lora["finetune_id"], lora["lora_strength"], lora["steps"]) == (LORAS[0]["path"], 0.8, 50)
    assert of({"lora": "balloon", "lora_scale": 0.5}).painting["finetune_id"] == "balloon"
    assert (
        "finetune_id"
        not in of({"lora": "none", "seed": float("inf"), "steps": float("nan"), "prompt": None}).painting
    )


def test_painted_pictures_are_of_the_size_and_differ():
    client = InProcessClient()
    body = {"prompt": "a lake", "seed": 3, "img_width": 512, "img_height": 512, "samples": 2}
    call(client, "POST", "/v2/sdxl1.0-txt2img", body)
    (entry,) = client.ledger.entries()
    one, other = painted(entry), painted(entry, 1)
    assert Image.open(io.BytesIO(one)).size == (512, 512)
    assert one == painted(entry) != other


def test_a_ledger_of_an_earlier_version_goes_on(tmp_path):
    path = tmp_path / "ledger.sqlite"
    Ledger(path, lambda: 0.0).close()
    database = sqlite3.connect(path)
    database.execute("ALTER TABLE jobs DROP COLUMN slug")
    database.execute("INSERT INTO jobs VALUES (NULL, 'ab', 'c', '{}', 1, 1, 1, 1, 0.5, NULL)")
    database.commit()
    database.close()
    for _ in range(2):
        ledger = Ledger(path, lambda: 2.0)
        assert [(one.slug, one.billed) for one in ledger.entries()] == [(MODEL.slug, 0.5)]
        ledger.close()
