"""A property-based tester on the served OpenAPI description: every operation, many generated requests."""

import warnings
from collections import Counter

import httpx2
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from segflux_nb.simulator.app import Simulator
from segflux_nb.simulator.service.openapi import description
from tests.support.service import BODY

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of its own dependencies, at import
    import schemathesis

EXAMPLES = 60


@pytest.fixture(scope="module")
def simulator():
    with Simulator(time_scale=0, paint=False) as running:
        yield running


@pytest.fixture(scope="module")
def request_id(simulator):
    return httpx2.post(f"{simulator.url}/v2/flux-dev-finetuned", json=BODY).json()["request_id"]


def operations():
    return [
        (method.upper(), path)
        for path, methods in description("http://127.0.0.1").get("paths", {}).items()
        for method in methods
    ]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("method", "path"), operations(), ids=lambda part: str(part))
def test_operation(simulator, request_id, method, path):
    schema = schemathesis.openapi.from_url(f"{simulator.url}/openapi.json")
    operation = schema[path][method]
    seen = Counter()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def check(case):
        if case.path_parameters:
            case.path_parameters["request_id"] = request_id
        response = case.call(timeout=10)
        case.validate_response(response)
        seen[response.status_code] += 1
        assert response.status_code < 500, response.text

    check()
    if not operation.body and not operation.path_parameters and not operation.query:
        for _ in range(EXAMPLES):  # nothing to generate: the call has no parameters
            check()
    assert sum(count for status, count in seen.items() if 200 <= status < 300) >= 50, seen
