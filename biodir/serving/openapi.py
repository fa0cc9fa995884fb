"""What the page of the server shows: schemas and examples of requests, answers and errors, and the page itself."""

from collections.abc import Mapping
from typing import Any

from fastapi.openapi.docs import get_swagger_ui_html

from biodir.optional import optional_library

OPENAPI_VERSION = "3.0.3"  # what Swagger UI 4 of the package swagger-ui-bundle shows
PAGE, SCRIPT, STYLE = "/docs", "/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css"

TEXT = "Carbamazepine caused a severe rash in patients with HLA-B*15:02."
ENTITIES = [
    {"start": 0, "end": 13, "type": "ChemicalEntity", "id": "MESH:D002220", "text": "Carbamazepine"},
    {"start": 30, "end": 34, "type": "DiseaseOrPhenotypicFeature", "id": "MESH:D005076", "text": "rash"},
]
DOCUMENT = {"id": "1", "text": TEXT, "entities": ENTITIES}
RELATION = {
    "subject": {"id": "MESH:D002220", "type": "ChemicalEntity", "text": "Carbamazepine"},
    "object": {"id": "MESH:D005076", "type": "DiseaseOrPhenotypicFeature", "text": "rash"},
    "relation": "Positive_Correlation",
    "directed": True,
    "novelty": "Novel",
    "score": 0.6,
    "relation_score": 0.9,
    "novelty_score": 0.8,
    "direction_score": 0.83,
    "evidence": [{"start": 0, "end": 64, "text": TEXT, "section": None}],
    "cross_window": False,
}
FOUND = {"entities": [{**each, "id": [each["id"]], "score": None} for each in ENTITIES], "relations": [RELATION]}
ERROR = {
    "status": 422,
    "field": "parameters.threshold",
    "message": "threshold is 2",
    "fix": "scores lie in 0..1",
}
ERRORS = {
    400: "the request is malformed",
    408: "the body did not arrive in time",
    413: "a limit is exceeded",
    415: "the media type is another",
    422: "the model cannot take a document or a parameter",
    429: "too many requests wait; the header `Retry-After` has the seconds to wait",
    500: "an error of the server",
}
PARAMETERS: dict[str, Any] = {
    "threshold": {"type": "number", "minimum": 0, "maximum": 1},
    "relation_types": {"type": "array", "items": {"type": "string"}},
    "pair_types": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
    "entity_ids": {"type": "array", "items": {"type": "string"}},
    "top_k": {"type": "integer", "minimum": 1},
    "return_all_scores": {"type": "boolean"},
    "return_entities": {"type": "boolean"},
    "novel_only": {"type": "boolean"},
    "directed_only": {"type": "boolean"},
    "min_direction_score": {"type": "number", "minimum": 0, "maximum": 1},
    "sections": {"type": "array", "items": {"type": "string"}},
    "skip_sections": {"type": "array", "items": {"type": "string"}},
    "type_map": {"type": "object"},
    "offsets": {"type": "string", "enum": ["characters", "utf-16", "bytes"]},
}


def operation(inputs: Mapping[str, Any], examples: Mapping[str, Any], answer: Any, is_text: bool) -> dict[str, Any]:
    """Return the part of OpenAPI that says what a path takes and gives.

    Args:
        inputs: schema of one document; a list of these is taken as well.
        examples: name -> request.
        answer: to the first example.
        is_text: whether a body of text/plain is taken as well.
    """
    schema = {
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "inputs": {"oneOf": [inputs, {"type": "array", "items": inputs}]},
            "parameters": {"type": "object", "properties": PARAMETERS},
        },
    }
    shown = {name: {"value": value} for name, value in examples.items()}
    content: dict[str, Any] = {"application/json": {"schema": schema, "examples": shown}}
    if is_text:
        content["text/plain"] = {"schema": {"type": "string"}, "example": TEXT}
    return {
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": {"description": "what the pipeline returns", "content": {"application/json": {"example": answer}}},
            **{
                str(status): {"description": text, "content": {"application/json": {"example": _error(status)}}}
                for status, text in ERRORS.items()
            },
        },
    }


def _error(status: int) -> dict[str, Any]:
    return ERROR if status == ERROR["status"] else {"status": status, "field": "inputs", "message": "...", "fix": "..."}


MARKED = {"type": "object", "description": "a mapping with text and entities, see docs/formats.md"}
RELATIONS = operation(
    {"oneOf": [MARKED, {"type": "string", "description": "a plain text, or PubTator"}]},
    {
        "marked": {"inputs": DOCUMENT},
        "several": {"inputs": [DOCUMENT, TEXT], "parameters": {"threshold": 0.5, "top_k": 10}},
        "plain": {"inputs": TEXT, "parameters": {"return_entities": True}},
    },
    [RELATION],
    is_text=False,
)
TEXTS = operation(
    {"type": "string"}, {"one": {"inputs": TEXT}, "several": {"inputs": [TEXT, "EGFR binds gefitinib."]}}, FOUND, True
)


def swagger_files() -> dict[str, tuple[bytes, str]]:
    """Return path -> content and media type of the page and what it loads, all from this server.

    Raises:
        SettingError: the package swagger-ui-bundle is not installed.
    """
    folder = optional_library("swagger_ui_bundle", "serve", "the page of the server").swagger_ui_path
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="biodir",
        swagger_js_url=SCRIPT,
        swagger_css_url=STYLE,
        swagger_favicon_url="data:,",
    )
    return {
        PAGE: (bytes(page.body), "text/html; charset=utf-8"),
        SCRIPT: ((folder / "swagger-ui-bundle.js").read_bytes(), "text/javascript"),
        STYLE: ((folder / "swagger-ui.css").read_bytes(), "text/css"),
    }
