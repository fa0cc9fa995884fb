"""EndpointHandler: the pipeline behind an Inference Endpoint of Hugging Face.

The container loads this file from the repository, makes one handler and calls it with the body of every request. What
the handler raises becomes an answer with HTTP status 400 and the body ``{"error": str(error)}``; so an error's text is
JSON here: ``{"status", "field", "message", "fix"}``. The limits can be changed by environment variables.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from http import HTTPStatus
from typing import Any

from transformers import pipeline

TASK = "biomedical-relation-extraction"
PARAMETERS = ("threshold", "relation_types", "pair_types", "entity_ids", "top_k", "return_all_scores", "type_map")
REQUEST_KEYS = ("inputs", "parameters")
TEXT_KEYS = ("text", "title", "abstract")
# A mention in PubTator text: document, start, end, text, type, and perhaps an identifier.
PUBTATOR_MENTION = re.compile(r"^[^\t\n]*\t\d+\t\d+\t", re.MULTILINE)
SCHEMA_HINT = "see the request schema in README.md"


class RequestError(ValueError):
    """A request that cannot be answered; its text is JSON.

    Args:
        status: what the fault is in terms of HTTP: 400 a malformed request, 413 a limit, 422 documents or parameters
            that the model cannot take, 500 a fault of the server.
        field: where in the request it is, such as ``inputs[2].entities``.
        message: what is wrong, with the value seen.
        fix: what to change.
    """

    def __init__(self, status: HTTPStatus, field: str, message: str, fix: str) -> None:
        self.status, self.field, self.message, self.fix = status, field, message, fix
        super().__init__(json.dumps({"status": int(status), "field": field, "message": message, "fix": fix}))


@dataclass(frozen=True)
class Limits:
    """The most that a request may hold.

    Args:
        documents: of a request.
        characters: of a document.
        mentions: of a document.
        pairs: of mentions, in all documents together; cost and answer grow with them.
    """

    documents: int = 32
    characters: int = 50_000
    mentions: int = 200
    pairs: int = 25_000

    @classmethod
    def from_environment(cls) -> "Limits":
        """The limits that the variables BIODIR_MAX_DOCUMENTS, _CHARACTERS, _MENTIONS and _PAIRS set.

        Raises:
            ValueError: one is not a whole number of at least 1.
        """
        chosen = {}
        for field in fields(cls):
            variable = f"BIODIR_MAX_{field.name.upper()}"
            value = os.environ.get(variable)
            if value is None:
                continue
            if not (value.isdecimal() and int(value) >= 1):
                raise ValueError(f"{variable} is {value!r}; set a whole number of at least 1, or remove it")
            chosen[field.name] = int(value)
        return cls(**chosen)


class EndpointHandler:
    """Answers requests ``{"inputs": document or list of documents, "parameters"?: {...}}``.

    A document and the parameters are those of the pipeline, but `ner` and `batch_size`. The answer is what the pipeline
    returns: a list of relations, or for a list of documents a list of such lists.

    Args:
        path: folder of the repository.
    """

    def __init__(self, path: str = "") -> None:
        self.limits = Limits.from_environment()
        self.pipeline = pipeline(TASK, model=path or ".", trust_remote_code=True)

    def __call__(self, data: dict[str, Any]) -> list[Any]:
        _check_keys(data)
        inputs, parameters = data["inputs"], _parameters(data.get("parameters"))
        self._check_limits(inputs)
        try:
            return self.pipeline(inputs, **parameters)
        except ValueError as error:
            raise self._located(error, inputs, parameters) from error
        except (RuntimeError, MemoryError) as error:  # what torch raises where memory does not suffice
            raise _server_fault(error) from error

    def _check_limits(self, inputs: Any) -> None:
        documents = inputs if isinstance(inputs, list) else [inputs]
        if len(documents) > self.limits.documents:
            message = f"{len(documents)} documents; at most {self.limits.documents} are answered at once"
            fix = f"send them in requests of at most {self.limits.documents}"
            raise RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "inputs", message, fix)
        pairs = 0
        for index, document in enumerate(documents):
            field = f"inputs[{index}]" if isinstance(inputs, list) else "inputs"
            if not isinstance(document, (str, Mapping)):
                message = f"{type(document).__name__} {json.dumps(document)[:40]} is no document"
                fix = "send a mapping with text and entities, or a PubTator string"
                raise RequestError(HTTPStatus.BAD_REQUEST, field, message, fix)
            mentions = self._checked_mentions(document, field)
            pairs += mentions * (mentions - 1) // 2
        if pairs > self.limits.pairs:
            message = f"{pairs} pairs of mentions; at most {self.limits.pairs} are answered at once"
            fix = "send fewer documents at once, or leave out mentions that are not asked about"
            raise RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "inputs", message, fix)

    def _checked_mentions(self, document: str | Mapping[str, Any], field: str) -> int:
        """The number of mentions of a document that is not too large."""
        characters, mentions = _size(document)
        for found, limit, what, fix in (
            (characters, self.limits.characters, "characters", "send its parts, such as sections, as documents"),
            (mentions, self.limits.mentions, "mentions", "leave out mentions that are not asked about"),
        ):
            if found > limit:
                message = f"{found} {what}; a document has at most {limit}"
                raise RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, field, message, fix)
        return mentions

    def _located(self, error: ValueError, inputs: Any, parameters: dict[str, Any]) -> RequestError:
        """The pipeline's error with the field that it is about, which is found by trying each one alone."""
        parts: dict[str, tuple[Any, dict[str, Any]]] = {
            f"parameters.{name}": ([], {name: value}) for name, value in parameters.items()
        }
        # Without a pair type a document is checked, but no model runs.
        checked = {**{name: parameters[name] for name in ("type_map",) if name in parameters}, "pair_types": []}
        if isinstance(inputs, list):
            parts |= {f"inputs[{index}]": (document, checked) for index, document in enumerate(inputs)}
        else:
            parts["inputs"] = (inputs, checked)
        for field, (tried, with_parameters) in parts.items():
            try:
                self.pipeline(tried, **with_parameters)
            except ValueError:
                return _unprocessable(error, field)
        return _server_fault(error)


def _check_keys(data: Any) -> None:
    if not isinstance(data, Mapping) or "inputs" not in data:
        raise RequestError(HTTPStatus.BAD_REQUEST, "inputs", "the body has no key 'inputs'", SCHEMA_HINT)
    unknown = sorted(str(key) for key in data if key not in REQUEST_KEYS)
    if unknown:
        message = f"unknown key {unknown[0]!r}; known are {', '.join(REQUEST_KEYS)}"
        raise RequestError(HTTPStatus.BAD_REQUEST, unknown[0], message, "put settings under parameters")


def _parameters(given: Any) -> dict[str, Any]:
    """The parameters of the pipeline; a threshold may be text, as the query string of an address has it."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        message = f"{type(given).__name__} {json.dumps(given)[:40]} is no mapping"
        raise RequestError(HTTPStatus.BAD_REQUEST, "parameters", message, SCHEMA_HINT)
    for name in given:
        if name not in PARAMETERS:
            message = f"unknown parameter {name!r}; known are {', '.join(PARAMETERS)}"
            raise RequestError(HTTPStatus.BAD_REQUEST, f"parameters.{name}", message, "remove or rename it")
    parameters = dict(given)
    threshold = parameters.get("threshold")
    if isinstance(threshold, str) and re.fullmatch(r"\d+(\.\d*)?", threshold):
        parameters["threshold"] = float(threshold)
    return parameters


def _size(document: str | Mapping[str, Any]) -> tuple[int, int]:
    """The numbers of characters and of mentions, counted before anything is read in earnest."""
    if isinstance(document, str):
        return len(document), len(PUBTATOR_MENTION.findall(document))
    passages, entities = _list_of(document, "passages"), _list_of(document, "entities")
    parts = [passage for passage in passages if isinstance(passage, Mapping)]
    texts = [*(document.get(key) for key in TEXT_KEYS), *(part.get("text") for part in parts)]
    # The gap in front of a passage is filled with spaces, so that an offset makes a text long as well.
    offsets = [part["offset"] for part in parts if isinstance(part.get("offset"), int)]
    characters = max(offsets, default=0) + sum(len(text) for text in texts if isinstance(text, str))
    return characters, len(entities)


def _list_of(document: Mapping[str, Any], key: str) -> list[Any]:
    found = document.get(key)
    return found if isinstance(found, list) else []


def _unprocessable(error: ValueError, field: str) -> RequestError:
    """The error of the pipeline, whose messages end with the fix behind the last semicolon."""
    message, _, fix = str(error).rpartition("; ")
    return RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, field, message or fix, fix if message else SCHEMA_HINT)


def _server_fault(error: Exception) -> RequestError:
    message = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
    fix = "send fewer or shorter documents; if that does not help, report the request"
    return RequestError(HTTPStatus.INTERNAL_SERVER_ERROR, "inputs", message, fix)
