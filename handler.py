"""EndpointHandler: the pipeline in an Inference Endpoint of Hugging Face; and what `biodir serve` shares with it.

The container loads this file from the repository, makes one handler and calls it with the body of every request. An
exception of the handler becomes an answer with HTTP status 400 and the body ``{"error": str(error)}``; therefore the
text of an error is JSON here: ``{"status", "field", "message", "fix"}``. Environment variables change the limits.
"""

import json
import os
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from http import HTTPStatus
from itertools import islice
from typing import Any

TASK = "biomedical-relation-extraction"
PARAMETERS = (
    *("threshold", "relation_types", "pair_types", "entity_ids", "top_k", "return_all_scores", "return_entities"),
    *("novel_only", "directed_only", "min_direction_score", "sections", "skip_sections", "type_map", "offsets"),
)
# Parameters that are compared with scores.
SCORES = ("threshold", "min_direction_score")
REQUEST_KEYS = ("inputs", "parameters")
TEXT_KEYS = ("text", "title", "abstract")
# Keys with the documents of a collection of BioC or of PubTator 3, and with the mentions of a document.
COLLECTION_KEYS = ("documents", "PubTator3")
ENTITY_KEYS = ("entities", "mentions", "annotations", "denotations", "spans", "ents", "label", "labels")
# Larger than any offset of a real text; Python refuses to write numbers of thousands of digits into a message.
LARGEST_OFFSET = 10**18
CHARACTERS_LIMIT, MENTIONS_LIMIT = "characters; a document has at most {}", "mentions; a document has at most {}"
PARTS_HINT = "send its parts, such as sections, as documents"
SCHEMA_HINT = 'send {"inputs": document or list of documents, "parameters": {name: value}}'


class RequestError(ValueError):
    """A request that cannot be answered; its text is JSON.

    Args:
        status: kind of the error in terms of HTTP: 400 a malformed request, 413 a limit, 422 documents or parameters
            that the model cannot take, 500 an error of the server.
        field: place in the request, such as ``inputs[2].entities``.
        message: what is wrong, with the value seen.
        fix: what to change.

    >>> print(RequestError(HTTPStatus.BAD_REQUEST, "inputs", "there is no text", "give a text"))
    {"status": 400, "field": "inputs", "message": "there is no text", "fix": "give a text"}
    """

    def __init__(self, status: HTTPStatus, field: str, message: str, fix: str) -> None:
        self.status, self.field, self.message, self.fix = status, field, message, fix
        super().__init__(json.dumps({"status": int(status), "field": field, "message": message, "fix": fix}))


@dataclass(frozen=True)
class Limits:
    """The most that a request and its answer may hold.

    Args:
        documents: documents of a request.
        characters: characters of a document.
        mentions: mentions of a document, marked or found.
        identifiers: identifiers of a mention; each is an entity of its own.
        pairs: pairs of mentions in all documents together; time and size of the answer grow with them. A mention with
            several identifiers counts once for each.
        evidence: characters of all evidence in the answer; where a text has no sentence ends, evidence is long.

    >>> Limits(documents=2).characters
    50000
    """

    documents: int = 32
    characters: int = 50_000
    mentions: int = 200
    identifiers: int = 20
    pairs: int = 25_000
    evidence: int = 20_000_000

    @classmethod
    def from_environment(cls) -> "Limits":
        """Return the limits that variables set, such as BIODIR_MAX_PAIRS; raise ValueError if one is no number."""
        chosen = {}
        for field in fields(cls):
            variable = f"BIODIR_MAX_{field.name.upper()}"
            value = os.environ.get(variable, str(field.default))
            if not (value.isdecimal() and int(value) >= 1):
                raise ValueError(f"{variable} is {value!r}; set a whole number of at least 1, or remove it")
            chosen[field.name] = int(value)
        return cls(**chosen)


@dataclass(frozen=True)
class ReadRequest:
    """A request whose documents are read, and within the limits as far as they can be checked without the model.

    Args:
        documents: as the pipeline reads them.
        places: the field of each, such as ``inputs[2]``.
        parameters: of the pipeline.
        is_list: whether the answer is a list with an entry for each document.

    >>> ReadRequest((), (), {"top_k": 3}, is_list=True).parameters
    {'top_k': 3}
    """

    documents: tuple[Any, ...]
    places: tuple[str, ...]
    parameters: Mapping[str, Any]
    is_list: bool


class RequestHandler:
    """Answers requests ``{"inputs": document or list of documents, "parameters"?: {...}}``.

    Documents, such as plain texts, and parameters are those of the pipeline, except `ner`, `link` and `batch_size`. The
    answer is what the pipeline returns: a list of relations, or with `return_entities` a mapping of entities and
    relations; for a list of documents a list of these.

    Args:
        pipeline: any object with the call, `read_document` and `with_entities` of the pipeline.
        limits: of requests and answers.

    Raises:
        RequestError: a request cannot be answered.

    With a `model` and its `tokenizer`:

    >>> from biodir.pipeline_biodir import BioDirPipeline
    >>> handler = RequestHandler(BioDirPipeline(model=model, tokenizer=tokenizer), Limits(documents=2))
    >>> handler({"inputs": "7|t|EGFR\\n7|a|"})  # a document without relations
    []
    >>> handler({"inputs": ["EGFR", "EGFR", "EGFR"]})
    Traceback (most recent call last):
    biodir.serving.handler.RequestError: {"status": 413, "field": "inputs", "message": "3 documents; at most 2 are ...
    """

    def __init__(self, pipeline: Any, limits: Limits) -> None:
        self.pipeline, self.limits = pipeline, limits

    def __call__(self, data: Any) -> list[Any]:
        (answer,) = self.answers([self.read(data)])
        if isinstance(answer, RequestError):
            raise answer
        return answer

    def read(self, data: Any) -> ReadRequest:
        """Return the request of a body, after what can be checked without the model; threads may call this."""
        _check_keys(data)
        inputs, parameters = _inputs(data["inputs"]), _parameters(data.get("parameters"))
        values = inputs if isinstance(inputs, list) else [inputs]
        named = {f"inputs[{index}]" if values is inputs else "inputs": value for index, value in enumerate(values)}
        self._check_sizes(named)
        # The pipeline takes documents that it has read as they are: each is read once.
        documents = tuple(self._read(index, *each, parameters) for index, each in enumerate(named.items()))
        return ReadRequest(documents, tuple(named), parameters, values is inputs)

    def answers(self, requests: Sequence[ReadRequest]) -> list[Any]:
        """Return the answer to each request, or the RequestError in its place.

        Args:
            requests: with the same parameters; they go through the model together. If that fails, each goes by itself,
                so that none costs the answer of another.
        """
        steps = self.steps(requests, max(self.limits.documents, sum(len(each.documents) for each in requests)))
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return list(end.value)

    def steps(self, requests: Sequence[ReadRequest], at_once: int) -> Generator[None, None, list[Any]]:
        """Compute `answers` in steps, between which something else may be computed, and return them.

        Args:
            requests: with the same parameters.
            at_once: documents of a step at most.
        """
        try:
            return (yield from self._steps_together(requests, at_once))
        except ValueError as error:
            fault = self._located(error, requests[0].parameters, None)
        except (RuntimeError, MemoryError) as error:  # what torch raises where memory does not suffice
            fault = _server_error(error)
        if len(requests) == 1:
            return [fault]
        answers: list[Any] = []
        for request in requests:
            answers += yield from self.steps([request], at_once)
        return answers

    def _steps_together(self, requests: Sequence[ReadRequest], at_once: int) -> Generator[None, None, list[Any]]:
        completed: list[Any] = []
        for some in _parts([each for request in requests for each in request.documents], at_once):
            completed += self.pipeline.with_entities(some, type_map=requests[0].parameters.get("type_map"))
            yield
        found = iter(completed)
        checked = [self._checked(list(islice(found, len(each.documents))), each.places) for each in requests]
        related: list[Any] = []
        for some in _parts([each for of_one in checked if isinstance(of_one, list) for each in of_one], at_once):
            related += self.pipeline(some, **requests[0].parameters)
            yield
        results = iter(related)
        pairs = zip(requests, checked, strict=True)
        return [fault if isinstance(fault, RequestError) else self._answer(each, results) for each, fault in pairs]

    def _checked(self, documents: list[Any], places: Sequence[str]) -> "list[Any] | RequestError":
        """Return the documents with their entities, or why they are too much for the model."""
        try:
            self._check_found(documents, places)
            self._check_pairs(documents)
        except RequestError as fault:
            return fault
        return documents

    def _answer(self, request: ReadRequest, results: Iterator[Any]) -> Any:
        answer = list(islice(results, len(request.documents)))
        try:
            self._check_evidence(answer)
        except RequestError as fault:
            return fault
        return answer if request.is_list else answer[0]

    def _check_sizes(self, named: Mapping[str, Any]) -> None:
        """Check what can be counted before anything is read."""
        fix = f"send them in requests of at most {self.limits.documents}"
        _check(len(named), self.limits.documents, "documents; at most {} are answered at once", "inputs", fix)
        for field, value in named.items():
            if not isinstance(value, (str, Mapping)):
                fix = "send a text, a mapping with text and entities, or a PubTator string"
                raise RequestError(HTTPStatus.BAD_REQUEST, field, f"{_shown(value)} is no document", fix)
            _check(_characters(value), self.limits.characters, CHARACTERS_LIMIT, field, PARTS_HINT)
            if isinstance(value, Mapping):
                self._check_mentions(max(len(_list_of(value, key)) for key in ENTITY_KEYS), field)

    def _check_mentions(self, count: int, field: str) -> None:
        _check(count, self.limits.mentions, MENTIONS_LIMIT, field, "leave out mentions that you do not need")

    def _read(self, index: int, field: str, value: Any, parameters: Mapping[str, Any]) -> Any:
        """Return the document that the pipeline reads, after its mentions and identifiers are counted."""
        try:
            document = self.pipeline.read_document(value, index, **parameters)
        except ValueError as error:
            raise self._located(error, parameters, field) from error
        _check(len(document.text), self.limits.characters, CHARACTERS_LIMIT, field, PARTS_HINT)
        self._check_mentions(len(document.mentions), field)
        most = max((len(mention.identifiers) for mention in document.mentions), default=0)
        fix = "name only the concepts that you need, or mark each in a mention of its own"
        _check(most, self.limits.identifiers, "identifiers of one mention; at most {} are read", field, fix)
        return document

    def _check_found(self, documents: Sequence[Any], places: Sequence[str]) -> None:
        for field, document in zip(places, documents, strict=True):
            _check(len(document.mentions), self.limits.mentions, MENTIONS_LIMIT, field, PARTS_HINT)

    def _check_pairs(self, documents: Sequence[Any]) -> None:
        counts = [sum(max(len(mention.identifiers), 1) for mention in document.mentions) for document in documents]
        pairs = sum(count * (count - 1) // 2 for count in counts)
        fix = "send fewer documents at once, or leave out mentions that you do not need"
        _check(pairs, self.limits.pairs, "pairs of mentions; at most {} are answered at once", "inputs", fix)

    def _check_evidence(self, answer: list[Any]) -> None:
        lists = (result["relations"] if isinstance(result, Mapping) else result for result in answer)
        evidence = (part for relations in lists for relation in relations for part in relation["evidence"])
        characters = sum(len(part["text"]) for part in evidence)
        fix = "request fewer relations, with top_k or threshold, or mark where sentences end"
        _check(characters, self.limits.evidence, "characters of evidence; at most {} are sent", "inputs", fix)

    def _located(self, error: ValueError, parameters: Mapping[str, Any], field: str | None) -> RequestError:
        """Return the pipeline's error with its field: the first parameter that is refused, else the one given."""
        tried: dict[str, Any] = {}
        for name in sorted(parameters, key=lambda name: name != "type_map"):  # its names may occur in pair_types
            tried[name] = parameters[name]
            try:
                self.pipeline([], **tried)
            except ValueError:
                field = f"parameters.{name}"
                break
        if field is None:
            return _server_error(error)
        # The pipeline's own messages end with "; " and the fix. By name, since it has its own copies of the classes.
        is_own = any(parent.__name__ == "BioDirError" for parent in type(error).__mro__)
        message, _, fix = str(error).rpartition("; ")
        fix = fix if message and is_own else SCHEMA_HINT
        return RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, field, message or str(error), fix)


class EndpointHandler(RequestHandler):
    """The handler of a repository, as the container makes it.

    Args:
        path: folder of the repository.

    With the `folder` of a checkpoint:

    >>> handler = EndpointHandler(folder)
    >>> handler({"inputs": "<collection/>"})
    Traceback (most recent call last):
    biodir.serving.handler.RequestError: {"status": 422, "field": "inputs", "message": "document 0: '<collection/>' ...
    """

    def __init__(self, path: str = "") -> None:
        from transformers import pipeline  # here, because `biodir serve` may have none

        limits = Limits.from_environment()
        super().__init__(pipeline(TASK, model=path or ".", trust_remote_code=True), limits)


def _check_keys(data: Any) -> None:
    if not isinstance(data, Mapping) or "inputs" not in data:
        raise RequestError(HTTPStatus.BAD_REQUEST, "inputs", "the body has no key 'inputs'", SCHEMA_HINT)
    unknown = sorted(str(key) for key in data if key not in REQUEST_KEYS)
    if unknown:
        message = f"unknown key {unknown[0]!r}; known are {', '.join(REQUEST_KEYS)}"
        raise RequestError(HTTPStatus.BAD_REQUEST, unknown[0], message, "put settings under parameters")


def _inputs(given: Any) -> Any:
    """Return the documents in a collection, such as that of BioC, as a list, and anything else as it is."""
    if isinstance(given, Mapping):
        return next((given[key] for key in COLLECTION_KEYS if isinstance(given.get(key), list)), given)
    return given


def _parameters(given: Any) -> dict[str, Any]:
    """Return the parameters of the pipeline; least scores may be strings, as in the query of an address."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise RequestError(HTTPStatus.BAD_REQUEST, "parameters", f"{_shown(given)} is no mapping", SCHEMA_HINT)
    for name in given:
        if name not in PARAMETERS:
            message = f"unknown parameter {name!r}; known are {', '.join(PARAMETERS)}"
            raise RequestError(HTTPStatus.BAD_REQUEST, f"parameters.{name}", message, "remove or rename it")
    parameters = dict(given)
    for name in SCORES:
        value = parameters.get(name)
        if isinstance(value, str) and re.fullmatch(r"\d+(\.\d*)?", value):
            parameters[name] = float(value)
    return parameters


def _parts(documents: list[Any], size: int) -> Iterator[list[Any]]:
    """Yield the documents in lists of at most `size`; of no documents one list, with which parameters are checked."""
    for first in range(0, max(len(documents), 1), size):
        yield documents[first : first + size]


def _shown(value: Any) -> str:
    """Return type and beginning of a value, as JSON writes it."""
    try:
        return f"{type(value).__name__} {json.dumps(value)[:40]}"
    except ValueError:  # Python refuses to write a whole number of thousands of digits
        return f"{type(value).__name__} (too long to be shown)"


def _check(found: int, limit: int, message: str, field: str, fix: str) -> None:
    """Check that a number is within its limit; the limit replaces ``{}`` in the message."""
    if found > limit:
        raise RequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, field, f"{found} {message.format(limit)}", fix)


def _characters(value: str | Mapping[str, Any]) -> int:
    """Return the number of characters that the text of a document will have at least."""
    if isinstance(value, str):
        return len(value)
    text, title, abstract = (_length(value.get(key)) for key in TEXT_KEYS)
    end = 0
    for passage in _mappings(value, "passages"):
        for part in [passage] if passage.get("text") else [passage, *_mappings(passage, "sentences")]:
            # The gap before a part is filled with spaces, so a large offset makes a text long, too.
            end = max(end, _offset(part)) + _length(part.get("text"))
    return max(text, title + abstract, end)


def _length(text: Any) -> int:
    """Return the number of characters of one text, or of several as bigbio has them."""
    return sum(len(each) for each in (text if isinstance(text, list) else [text]) if isinstance(each, str))


def _offset(part: Mapping[str, Any]) -> int:
    """Return where a part of a text begins as it says itself; 0 for what is no number, as the reader refuses it."""
    spans = _list_of(part, "offsets")  # of bigbio
    value = spans[0][0] if spans and isinstance(spans[0], list) and spans[0] else part.get("offset")
    if isinstance(value, str) and value.isdecimal():
        value = int(value[:20])
    return int(max(0, min(LARGEST_OFFSET, value))) if isinstance(value, (int, float)) and value == value else 0


def _mappings(value: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    return [each for each in _list_of(value, key) if isinstance(each, Mapping)]


def _list_of(value: Mapping[str, Any], key: str) -> list[Any]:
    return value[key] if isinstance(value.get(key), list) else []


def _server_error(error: Exception) -> RequestError:
    message = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
    fix = "send fewer or shorter documents; if that does not help, report the request"
    return RequestError(HTTPStatus.INTERNAL_SERVER_ERROR, "inputs", message, fix)
