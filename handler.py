"""EndpointHandler: the pipeline behind an Inference Endpoint of Hugging Face.

The container loads this file from the repository, makes one handler and calls it with the body of every request. What
the handler raises becomes an answer with HTTP status 400 and the body ``{"error": str(error)}``; so an error's text is
JSON here: ``{"status", "field", "message", "fix"}``. The limits can be changed by environment variables.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from http import HTTPStatus
from typing import Any

from transformers import pipeline

TASK = "biomedical-relation-extraction"
PARAMETERS = ("threshold", "relation_types", "pair_types", "entity_ids", "top_k", "return_all_scores", "type_map")
REQUEST_KEYS = ("inputs", "parameters")
TEXT_KEYS = ("text", "title", "abstract")
# No text is so long; the check of a longer offset would have to write a number that Python refuses to write.
LARGEST_OFFSET = 10**18
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
    """The most that a request and its answer may hold.

    Args:
        documents: of a request.
        characters: of a document.
        mentions: of a document.
        identifiers: of a mention; each is an entity of its own.
        pairs: of mentions, in all documents together; cost and answer grow with them. A mention with several
            identifiers counts once for each.
        evidence: characters of all evidence in the answer; text without sentence ends makes it long.
    """

    documents: int = 32
    characters: int = 50_000
    mentions: int = 200
    identifiers: int = 20
    pairs: int = 25_000
    evidence: int = 20_000_000

    @classmethod
    def from_environment(cls) -> "Limits":
        """The limits that variables set, each BIODIR_MAX_ and the name of a limit in capitals.

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
        self._check_sizes(inputs)
        try:
            answers = self.pipeline(self._read(inputs, parameters), **parameters)
            self._check_evidence(answers)
            return answers if isinstance(inputs, list) else answers[0]
        except RequestError:
            raise
        except ValueError as error:
            raise self._located(error, inputs, parameters) from error
        except (RuntimeError, MemoryError) as error:  # what torch raises where memory does not suffice
            raise _server_fault(error) from error

    def _check_sizes(self, inputs: Any) -> None:
        """Nothing where all that can be counted unread is small enough to be read."""
        if isinstance(inputs, list):
            fix = f"send them in requests of at most {self.limits.documents}"
            _check(len(inputs), self.limits.documents, "documents; at most {} are answered at once", "inputs", fix)
        for field, document in _documents_of(inputs):
            if not isinstance(document, (str, Mapping)):
                message = f"{_shown(document)} is no document"
                fix = "send a mapping with text and entities, or a PubTator string"
                raise RequestError(HTTPStatus.BAD_REQUEST, field, message, fix)
            fix = "send its parts, such as sections, as documents"
            _check(_characters(document), self.limits.characters, "characters; a document has at most {}", field, fix)
            if isinstance(document, Mapping):
                _check_id(document.get("id"), f"{field}.id")
                self._check_mentions(len(_list_of(document, "entities")), field)

    def _check_mentions(self, count: int, field: str) -> None:
        fix = "leave out mentions that are not asked about"
        _check(count, self.limits.mentions, "mentions; a document has at most {}", field, fix)

    def _read(self, inputs: Any, parameters: dict[str, Any]) -> list[Any]:
        """The documents as the pipeline reads them, where they have few enough mentions and pairs."""
        documents, pairs = [], 0
        for index, (field, value) in enumerate(_documents_of(inputs)):
            document = self.pipeline.read_document(value, index, **parameters)
            self._check_mentions(len(document.mentions), field)
            counts = [len(mention.identifiers) for mention in document.mentions]
            fix = "name the concepts that are asked about, or mark each in a mention of its own"
            most = max(counts, default=0)
            _check(most, self.limits.identifiers, "identifiers of one mention; at most {} are read", field, fix)
            marks = sum(max(count, 1) for count in counts)
            pairs += marks * (marks - 1) // 2
            documents.append(document)
        fix = "send fewer documents at once, or leave out mentions that are not asked about"
        _check(pairs, self.limits.pairs, "pairs of mentions; at most {} are answered at once", "inputs", fix)
        return documents

    def _check_evidence(self, answers: list[list[dict[str, Any]]]) -> None:
        relations = (relation for answer in answers for relation in answer)
        characters = sum(len(sentence["text"]) for relation in relations for sentence in relation["evidence"])
        fix = "ask for fewer relations, with top_k or threshold, or mark where sentences end"
        _check(characters, self.limits.evidence, "characters of evidence; at most {} are sent", "inputs", fix)

    def _located(self, error: ValueError, inputs: Any, parameters: dict[str, Any]) -> RequestError:
        """The pipeline's error with the field that it is about, which is found by trying each one alone."""
        parts: dict[str, tuple[Any, dict[str, Any]]] = {
            f"parameters.{name}": ([], {name: value}) for name, value in parameters.items()
        }
        # Without a pair type a document is checked, but no model runs.
        checked = {**{name: parameters[name] for name in ("type_map",) if name in parameters}, "pair_types": []}
        parts |= {field: (document, checked) for field, document in _documents_of(inputs)}
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
        message = f"{_shown(given)} is no mapping"
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


def _documents_of(inputs: Any) -> Iterator[tuple[str, Any]]:
    """Field and value of each document of a request."""
    if isinstance(inputs, list):
        yield from ((f"inputs[{index}]", document) for index, document in enumerate(inputs))
    else:
        yield "inputs", inputs


def _check_id(identifier: Any, field: str) -> None:
    if isinstance(identifier, bool) or not isinstance(identifier, (str, int, type(None))):
        message = f"{_shown(identifier)} is neither string nor whole number"
        raise RequestError(HTTPStatus.BAD_REQUEST, field, message, "give a string, or leave the id out")


def _shown(value: Any) -> str:
    """Type and beginning of a value, as JSON writes it."""
    try:
        return f"{type(value).__name__} {json.dumps(value)[:40]}"
    except ValueError:  # Python writes no whole number of thousands of digits
        return f"{type(value).__name__} (too long to be shown)"


def _check(found: int, limit: int, message: str, field: str, fix: str) -> None:
    """Nothing within the limit; beyond it the error whose message names the limit in place of ``{}``."""
    if found > limit:
        raise RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, field, f"{found} {message.format(limit)}", fix)


def _characters(document: str | Mapping[str, Any]) -> int:
    """The number of characters, counted before anything is read in earnest."""
    if isinstance(document, str):
        return len(document)
    passages = _list_of(document, "passages")
    parts = [passage for passage in passages if isinstance(passage, Mapping)]
    texts = [*(document.get(key) for key in TEXT_KEYS), *(part.get("text") for part in parts)]
    # The gap in front of a passage is filled with spaces, so that an offset makes a text long as well.
    offsets = [part["offset"] for part in parts if isinstance(part.get("offset"), int)]
    furthest = min(max(offsets, default=0), LARGEST_OFFSET)
    return furthest + sum(len(text) for text in texts if isinstance(text, str))


def _list_of(document: Mapping[str, Any], key: str) -> list[Any]:
    found = document.get(key)
    return found if isinstance(found, list) else []


def _unprocessable(error: ValueError, field: str) -> RequestError:
    """The error of the pipeline, whose own messages end with the fix behind the last semicolon; Python's do not."""
    message, _, fix = str(error).rpartition("; ")
    # By name, since the pipeline comes with its own copies of the classes.
    is_own = any(parent.__name__ == "BioDirError" for parent in type(error).__mro__)
    fix = fix if message and is_own else SCHEMA_HINT
    return RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, field, message or str(error), fix)


def _server_fault(error: Exception) -> RequestError:
    message = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
    fix = "send fewer or shorter documents; if that does not help, report the request"
    return RequestError(HTTPStatus.INTERNAL_SERVER_ERROR, "inputs", message, fix)
