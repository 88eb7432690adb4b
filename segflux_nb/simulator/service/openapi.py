"""An OpenAPI 3.1 description of the service, made from the model's table. Pure."""

from __future__ import annotations

from typing import Any

from ...model import MODEL, Parameter

_TEXT = {"type": "string"}
_NUMBER = {"type": "number"}
_NULLABLE_TEXT = {"type": ["string", "null"]}
_NULLABLE_NUMBER = {"type": ["number", "null"]}


def parameters_schema() -> dict[str, Any]:
    """The request fields as a JSON schema, as the model catalogue gives it."""
    return {
        "type": "object",
        "properties": {name: _field(parameter) for name, parameter in MODEL.parameters.items()},
        "required": ["prompt"],
    }


def description(base_url: str) -> dict[str, Any]:
    """The description of the whole service at a base URL."""
    record = {"anyOf": [_ref("Waiting"), _ref("Result")]}
    by_id = [{"name": "request_id", "in": "path", "required": True, "schema": _TEXT}]
    history_query = [
        {"name": "page", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 1000}},
        {"name": "per_page", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100}},
        {"name": "model_name", "in": "query", "schema": _TEXT},
        {
            "name": "status",
            "in": "query",
            "schema": {"type": "string", "enum": ["COMPLETED", "FAILED", "PENDING"]},
        },
    ]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Segmind's flux-dev-finetuned, simulated by segflux_nb", "version": "1"},
        "servers": [{"url": base_url}],
        "paths": {
            f"/v1/{MODEL.slug}": {"post": _operation("run", _jpeg(), body=True, failing=True)},
            f"/v2/{MODEL.slug}": {"post": _operation("submit", _json(_ref("Submitted")), body=True)},
            "/v2/requests/{request_id}/status": {
                "get": _operation("status", _json(_ref("Waiting")), parameters=by_id, failing=True)
            },
            "/v2/requests/{request_id}": {"get": _operation("result", _json(record), parameters=by_id, failing=True)},
            "/v1/requests/{request_id}": {"get": _operation("poll", _json(record), parameters=by_id, failing=True)},
            "/v1/get-user-credits": {"get": _operation("credits", _json(_ref("Credits")))},
            "/inference-request/request-history": {
                "get": _operation("history", _json(_ref("History")), parameters=history_query)
            },
            "/inference-request/request-history/{request_id}": {
                "get": _operation("historyOfRequest", _json(_ref("HistoryRow")), parameters=by_id)
            },
            "/upload-asset": {"post": _operation("upload", _json(_ref("Uploaded"))) | _FILES},
            "/inference-model-information/list": {"get": _operation("catalogue", _json(_ref("Catalogue")))},
        },
        "components": {
            "schemas": _SCHEMAS | {"Request": parameters_schema()},
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "x-api-key"}},
        },
    }


_DATA_URL = {"type": "string", "pattern": "^data:image/(png|jpeg|webp);base64,([A-Za-z0-9]{4}){1,99}$"}
_FILES = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Files"}}},
    }
}

_SCHEMAS: dict[str, Any] = {
    "Files": {
        "type": "object",
        "properties": {"data_urls": {"type": "array", "items": _DATA_URL, "minItems": 1}},
        "required": ["data_urls"],
    },
    "Uploaded": {
        "type": "object",
        "properties": {"file_urls": {"type": "array", "items": _TEXT}, "message": _TEXT},
        "required": ["file_urls"],
    },
    "Error": {"type": "object", "properties": {"error": _TEXT}, "required": ["error"]},
    "Failed": {
        "type": "object",
        "properties": {"status": {"const": "FAILED"}, "error": _TEXT, "metrics": {"type": "object"}},
        "required": ["status", "error"],
    },
    "Submitted": {
        "type": "object",
        "properties": dict.fromkeys(("request_id", "poll_url", "status_url", "response_url"), _TEXT)
        | {"status": {"const": "QUEUED"}},
        "required": ["request_id", "status", "poll_url", "status_url", "response_url"],
    },
    "Waiting": {
        "type": "object",
        "properties": {
            "status": {"type": "string", "enum": ["QUEUED", "PROCESSING", "COMPLETED"]},
            "request_id": _TEXT,
            "metrics": {"type": "object"},
        },
        "required": ["status", "request_id", "metrics"],
    },
    "Result": {
        "type": "object",
        "properties": {
            "status": {"const": "COMPLETED"},
            "error": {"type": "null"},
            "output": _TEXT,
            "images": {
                "type": "array",
                "items": {"type": "object", "properties": {"url": _TEXT}, "required": ["url"]},
            },
            "seed": _TEXT,
            "prompt": _TEXT,
            "metrics": {"type": "object", "properties": {"inference_time": _NUMBER, "cost": _NUMBER}},
        },
        "required": ["status", "error", "output", "images", "seed", "metrics"],
    },
    "Credits": {
        "type": "object",
        "properties": {"credits": _NUMBER, "free-credits": _NUMBER},
        "required": ["credits", "free-credits"],
    },
    "HistoryRow": {
        "type": "object",
        "properties": {
            "request_id": _TEXT,
            "model_name": _TEXT,
            "model_status": {"type": "string", "enum": ["COMPLETED", "FAILED", "PENDING"]},
            "model_created": _TEXT,
            "request_body": {"type": "object"},
            "credits_deduction": _NULLABLE_NUMBER,
            "latency_ms": _NULLABLE_NUMBER,
            "generation_url": _NULLABLE_TEXT,
            "error": _NULLABLE_TEXT,
        },
        "required": ["request_id", "model_name", "model_status", "request_body", "generation_url", "error"],
    },
    "History": {
        "type": "object",
        "properties": {
            "data": {"type": "array", "items": {"$ref": "#/components/schemas/HistoryRow"}},
            "page": {"type": "integer"},
            "per_page": {"type": "integer"},
            "total": {"type": "integer"},
        },
        "required": ["data", "page", "per_page", "total"],
    },
    "Models": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"slug": _TEXT, "title": _TEXT, "type": _TEXT, "is_depreciated": {"type": "boolean"}},
            "required": ["slug", "title", "type", "is_depreciated"],
        },
    },
    "Catalogue": {
        "oneOf": [
            {"$ref": "#/components/schemas/Models"},
            {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Models"}, "minProperties": 1},
        ]
    },
}


def _field(parameter: Parameter) -> dict[str, Any]:
    kind = {"integer": "integer", "number": "number"}.get(parameter.kind, "string")
    schema: dict[str, Any] = {"type": kind, "default": parameter.default, "description": parameter.meaning}
    if parameter.choices:
        schema["enum"] = list(parameter.choices)
    if parameter.minimum is not None and parameter.maximum is not None:
        # The service accepts -1 as "a random seed".
        schema["minimum"] = -1 if parameter.name == "seed" else int(parameter.minimum)
        schema["maximum"] = int(parameter.maximum)
    return schema


def _operation(
    name: str,
    success: dict[str, Any],
    *,
    body: bool = False,
    parameters: list[dict[str, Any]] | None = None,
    failing: bool = False,
) -> dict[str, Any]:
    """One operation.

    Parameters
    ----------
    name:
        Its operation id.
    success:
        The response with code 200.
    body:
        Whether it takes the model's parameters as a JSON body.
    parameters:
        Parameters in path and query.
    failing:
        Whether it answers 422 for a job that failed.
    """
    described: dict[str, Any] = {
        "operationId": name,
        "security": [{"key": []}, {}],
        "responses": {"200": success, "default": {"description": "An error", "content": _any_error()}},
    }
    if failing:
        described["responses"]["422"] = _json(_ref("Failed")) | {"description": "The job failed"}
    if body:
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref("Request")}}}
    if parameters:
        described["parameters"] = parameters
    return described


def _any_error() -> dict[str, Any]:
    return {"application/json": {"schema": _ref("Error")}, "text/html": {"schema": _TEXT}}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": "Done", "content": {"application/json": {"schema": schema}}}


def _jpeg() -> dict[str, Any]:
    return {"description": "The picture", "content": {"image/jpeg": {}}}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}
