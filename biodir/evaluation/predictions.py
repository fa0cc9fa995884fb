"""Gold documents and predictions: read from files, or made by a pipeline."""

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from biodir.document_biodir import Document, Relation
from biodir.document_inputs_biodir import TYPE_MAP_ADVICE
from biodir.document_json_biodir import document_from_json
from biodir.document_pubtator_biodir import looks_like_pubtator, parse_document
from biodir.document_pubtator_relations_biodir import SUBJECT_PREFIX
from biodir.document_shapes_biodir import TEXT_KEYS
from biodir.errors_biodir import STRICT, AnnotationError, ErrorPolicy, ParseError, SettingError, located, plural
from biodir.evaluation.checks import compared_documents, known_labels, with_known_labels, with_unique_relations
from biodir.evaluation.gold_names import RelationNames, with_gold_names
from biodir.evaluation.tool_results import tool_attempts
from biodir.files import START_BYTES, id_of_input, input_name, open_input, text_lines
from biodir.formats.brat import BRAT_SUFFIX
from biodir.formats.json_files import json_values
from biodir.formats.reading import JSON, PUBTATOR, content_format, parse_documents, read_documents
from biodir.formats.results import id_of_result, is_result, relations_of_result
from biodir.inference.outputs import predicted_relations

RELATIONS_ADVICE = "give documents with annotated relations"
MENTIONS_ADVICE = "gold documents have relations, but `biodir evaluate --plain-text` scores mentions without"
_OFFSETS = re.compile(r"[^\t]*\t\s*[0-9]+\s*\t\s*[0-9]+\s*\t")


def read_gold(
    path: Path, policy: ErrorPolicy = STRICT, needs_relations: bool = True, advice: str = RELATIONS_ADVICE
) -> list[Document]:
    """Return the documents of a file with relations, in any format that `read_documents` reads; each relation once.

    Args:
        path: the file.
        policy: what becomes of documents, mentions and relations with an error; a document that occurs twice, and
            relations that contradict each other, are errors.
        needs_relations: whether a file without any relation is an error; mentions can be scored without.
        advice: how to mend that error.

    Raises:
        AnnotationError: the file has no document, or none with a relation, or documents that cannot be compared.
    """
    documents = list(read_documents(path, replace(policy, prepare=gold_check(policy))))
    if not documents:
        raise AnnotationError(f"{path}: holds no documents; give documents with relations")
    if needs_relations:
        check_relations(documents, str(path), advice)
    return documents


def gold_check(policy: ErrorPolicy) -> Callable[[Document], Document]:
    """Return what checks the gold documents of a file one after the other, and gives each relation once.

    Args:
        policy: see `read_gold`.
    """
    seen: set[str] = set()

    def checked(document: Document) -> Document:
        _check_once(document, seen)
        document = with_unique_relations(document, policy)
        return with_known_labels(document, "gold", known_labels([document]), policy)

    return checked


def check_relations(documents: Sequence[Document], place: str, advice: str = RELATIONS_ADVICE) -> None:
    """Check that some gold document has a relation; else AnnotationError with the place and the advice."""
    if not any(document.relations for document in documents):
        raise AnnotationError(f"{place}: {plural(len(documents), 'document')} without any relation; {advice}")


def read_predictions(
    path: Path,
    gold: Sequence[Document],
    policy: ErrorPolicy = STRICT,
    relation_map: Mapping[str, str | None] | None = None,
    own_entities: bool = False,
) -> list[Document]:
    """Return the predictions of a file for the gold documents, in a format of `read_documents` or of `biodir predict`.

    Files of PubTator or JSON may hold relations only; their documents, and results of `biodir predict` without
    entities, have no text. Results of GLiNER-relex and statements of INDRA are linked to the entities of gold.
    Identifiers and relation types get the names that gold has for them.

    Args:
        path: the file.
        gold: the documents to compare with; some of them may be missing in the file. Where documents of both have no
            ids, those with the same number in their files are compared.
        policy: what becomes of documents, mentions and relations with an error; a document that occurs twice, or that
            gold lacks, is one.
        relation_map: other names of relation types, see `RelationNames`.
        own_entities: whether the entities are the predictions' own, so that identifiers stay as they are.

    Raises:
        AnnotationError: the two cannot be compared; with the path.
        BioDirError: a document or a result does not follow its format; with file and line.
    """
    gold_of, seen = {document.id: document for document in gold}, set[str]()
    id_at = _ids_by_place(gold)
    types = {relation.relation_type for document in gold for relation in document.relations}
    names, known = RelationNames(relation_map or {}, types), known_labels(gold)

    def prepare(document: Document) -> Document:
        file, _, number = document.id.rpartition(":")
        if document.id not in gold_of and file == id_of_input(path):  # it has no id, and is in the place of gold's
            document = replace(document, id=id_at.get(number, document.id))
        _check_once(document, seen)
        of_gold = gold_of.get(document.id)
        if policy.errors != "raise" and of_gold is None:
            raise AnnotationError(f"document {document.id} is none of gold", "document that gold lacks")
        if of_gold is None:
            return document
        document = with_gold_names(document, None if own_entities else of_gold, names, policy)
        return with_known_labels(document, "predictions", known, policy)

    documents = list(_predictions(path, gold_of, replace(policy, prepare=prepare)))
    with located(str(path)):
        compared_documents(gold, documents)  # which names all documents that gold lacks
    if names.unused:
        policy.note(f"{path}: names of --relation-map that it has not ({', '.join(names.unused)})", len(names.unused))
    return documents


def _ids_by_place(documents: Iterable[Document]) -> dict[str, str]:
    """Return the ids that documents without one have, ``gold.jsonl:3``, by their number in the file."""
    places = (document.id.rpartition(":") for document in documents)
    return {number: f"{file}:{number}" for file, _, number in places if file and re.fullmatch("[0-9.]+", number)}


def _check_once(document: Document, seen: set[str]) -> None:
    if document.id in seen:
        raise AnnotationError(f"document {document.id} occurs twice; keep one", "document that occurs twice")
    seen.add(document.id)


def checked_gold(
    check: Callable[..., Document], documents: Sequence[Document], policy: ErrorPolicy = STRICT, place: str = "gold"
) -> list[Document]:
    """Return the gold documents with the mentions that a model takes, under its names of types.

    Relations stay, whatever mentions are left out: the model misses those of entities without mention.

    Args:
        check: `BioDirPipeline.check_document` of the model.
        documents: those of `read_gold`.
        policy: whether mentions of types that the model does not know are left out, or documents with them.
        place: the file of the documents, for messages.

    Raises:
        AnnotationError: the model does not know a type of a mention, and the policy leaves nothing out.
    """
    attempts = ((f"document {each.id}", partial(_with_known_mentions, check, each, policy)) for each in documents)
    with located(place):
        return list(policy.documents(attempts, "gold"))


def _with_known_mentions(check: Callable[..., Document], document: Document, policy: ErrorPolicy) -> Document:
    try:
        checked = check(replace(document, relations=(), subject_lines=()), None, policy)
    except AnnotationError as error:
        problem, advice, _ = str(error).partition(TYPE_MAP_ADVICE)
        if not advice:
            raise
        raise AnnotationError(
            f"{problem}; rename them in the file, or leave these mentions out with --errors skip-mention", error.reason
        ) from error
    return replace(document, mentions=checked.mentions, named_by=checked.named_by)


def predicted_documents(
    extract: Callable[..., Iterator[list[dict[str, Any]]]],
    documents: Sequence[Document],
    progress: Callable[[Iterable[Document]], Iterable[Document]] = iter,
) -> list[Document]:
    """Return the documents with the relations that the pipeline finds in place of their own, between their entities."""
    marked = (replace(document, is_marked=True) for document in progress(documents))  # also where there are no mentions
    results = extract(marked)
    return [
        replace(document, relations=predicted_relations(found), subject_lines=())
        for document, found in zip(documents, results, strict=True)
    ]


def sure_predictions(
    path: Path,
    gold: Sequence[Document],
    policy: ErrorPolicy = STRICT,
    relation_map: Mapping[str, str | None] | None = None,
    own_entities: bool = False,
    min_direction_score: float | None = None,
) -> list[Document]:
    """Return the predictions of a file, see `read_predictions` and `with_sure_directions`."""
    documents = read_predictions(path, gold, policy, relation_map, own_entities)
    with located(str(path)):
        return with_sure_directions(documents, min_direction_score)


def with_sure_directions(documents: Sequence[Document], least: float | None) -> list[Document]:
    """Return the documents, where relations whose direction has a lower score are undirected; None: as they are.

    Raises:
        SettingError: the number is no score.
        AnnotationError: no directed relation has a score of its direction.
    """
    if least is None:
        return list(documents)
    check_direction_score(least)
    directed = [each for document in documents for each in document.relations if each.subject_id is not None]
    if directed and all(relation.direction_score is None for relation in directed):
        raise AnnotationError(
            f"{len(directed)} directed relations without a score of their direction, so that none can be unsure; write "
            "predictions with scores, such as PubTator with --dialect bioredirect, or leave out --min-direction-score"
        )
    return [
        replace(document, relations=tuple(_sure(each, least) for each in document.relations), subject_lines=())
        for document in documents
    ]


def check_direction_score(least: float | None) -> None:
    """Check that the number is a score; else SettingError."""
    if least is not None and not 0 <= least <= 1:
        raise SettingError(f"--min-direction-score is {least}; scores lie in 0..1")


def _sure(relation: Relation, least: float) -> Relation:
    if relation.subject_id is None or relation.direction_score is None or relation.direction_score >= least:
        return relation
    return replace(relation, subject_id=None, direction_score=None)


def found_documents(
    extract: Any,
    documents: Sequence[Document],
    progress: Callable[[Iterable[Document]], Iterable[Document]] = iter,
) -> list[Document]:
    """Return the documents with the mentions that the pipeline finds in their texts, grouped, and their relations.

    Args:
        extract: a pipeline whose model has a tagger; relations are found if it has heads for them, too.
        documents: of which only the texts are used.
        progress: as for `predicted_documents`; it wraps each of the two passes.
    """
    plain = [replace(document, mentions=(), relations=(), subject_lines=()) for document in documents]
    found = list(extract.find_entities(progress(plain)))
    return predicted_documents(extract, found, progress) if extract.config.tasks else found


# Files of predictions.


def _predictions(path: Path, gold_of: Mapping[str, Document], policy: ErrorPolicy) -> Iterator[Document]:
    source = input_name(path)
    if Path(path).suffix.lower() == BRAT_SUFFIX:
        yield from read_documents(path, policy)
        return
    with open_input(path) as file:
        kind = content_format(file, source)
        if kind not in (JSON, PUBTATOR):
            yield from parse_documents(file, source, policy)
            return
        content = file.read()  # pipes can be read once

    def opened() -> io.BufferedReader:
        return io.BufferedReader(io.BytesIO(content), START_BYTES)

    lines = [line.rstrip("\r\n").removeprefix("\ufeff") for line in text_lines(opened())]
    attempts = _json_attempts(_located_values(lines, source), gold_of, policy) if kind == JSON else None
    if attempts:
        yield from policy.documents(attempts, source)
    elif kind == PUBTATOR and not looks_like_pubtator("\n".join(lines)):
        yield from _of_relation_lines(lines, source, policy)
    else:
        yield from parse_documents(opened(), source, policy)


def _of_relation_lines(lines: Sequence[str], source: str, policy: ErrorPolicy) -> Iterator[Document]:
    """Yield the documents of a PubTator file without any text: its relations and their directions."""
    rows_of: dict[str, list[tuple[int, str]]] = {}
    for number, line in enumerate(lines, start=1):
        columns = line.split("\t")
        if not line.strip() or (line.startswith("#") and len(columns) == 1):
            continue
        if _OFFSETS.match(line) and not columns[3].startswith(SUBJECT_PREFIX):
            policy.note("mentions in predictions without text, which scores do not need, left out")
            continue
        rows_of.setdefault(columns[0].strip(), []).append((number, line))
    attempts = []
    for name, rows in rows_of.items():
        numbers = [number for number, _ in rows]
        is_block = numbers[-1] - numbers[0] == len(rows) - 1
        place, first = (source, numbers[0]) if is_block else (f"{source}, lines of document {name}", 1)
        block = "\n".join([f"{name}|t|", *(line for _, line in rows)])
        attempts.append((f"{place}:{first}" if is_block else place, partial(_untitled, block, place, policy, first)))
    yield from policy.documents(attempts, source)


def _untitled(block: str, source: str, policy: ErrorPolicy, first_line: int) -> Document:
    """Return the document of relation lines, of which the first has this number, after a title that no file has."""
    return replace(parse_document(block, source, policy, first_line - 1), text="", passages=())


def _located_values(lines: Sequence[str], source: str) -> list[tuple[str, Any]]:
    """Return place and value of each line of JSON Lines, or of each value and of each entry of a list in a JSON text.

    A line of JSON Lines that is not JSON has a ParseError as its value. For another text that is not JSON there is no
    value, and the reader of documents names the mistake.
    """
    filled = [(f"{source}:{number}", line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not isinstance(_json(filled[0][1]), Mapping):
        try:
            values = list(json_values("\n".join(lines), source))
        except ParseError:
            # The first line may be a malformed one of JSON Lines, which have a mapping in the second.
            starts = filled[0][1].lstrip().startswith("{")
            if not (starts and any(isinstance(_json(line), Mapping) for _, line in filled[1:2])):
                return []
        else:
            entries = chain.from_iterable(each if isinstance(each, list) else [each] for each in values)
            return [(f"{source}: result {number}", each) for number, each in enumerate(entries, start=1)]
    return [(place, _line_value(place, line)) for place, line in filled]


def _line_value(place: str, line: str) -> Any:
    try:
        return json.loads(line.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        return ParseError(f"{place}: not JSON ({error}); put one result on a line")


def _json_attempts(
    values: Sequence[tuple[str, Any]], gold_of: Mapping[str, Document], policy: ErrorPolicy
) -> list[tuple[str, Callable[[], Document]]] | None:
    """Return place and reader of each result of a JSON file, lines that are no JSON first; None for documents."""
    broken = [(place, partial(_raise, value)) for place, value in values if isinstance(value, ParseError)]
    read = [(place, value) for place, value in values if not isinstance(value, ParseError)]
    attempts = tool_attempts(read, gold_of, policy)
    if attempts is None and any(map(is_result, _up_to_relations(value for _, value in read))):
        attempts = [(place, partial(_located_result, place, value, policy)) for place, value in read]
    return None if attempts is None else [*broken, *attempts]


def _raise(error: ParseError) -> Document:
    raise error


def _json(text: str) -> Any:
    try:
        return json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None


def _up_to_relations(values: Iterable[Any]) -> Iterator[Any]:
    """Yield the values up to the first with relations, or without text, which shows what all of them are."""
    for value in values:
        yield value
        if not isinstance(value, Mapping) or value.get("relations") or not value.keys() & {*TEXT_KEYS}:
            return


def _located_result(place: str, result: Any, policy: ErrorPolicy) -> Document:
    with located(place):
        return _of_result(result, policy)


def _of_result(result: Any, policy: ErrorPolicy) -> Document:
    name = id_of_result(result)
    if name is None:
        raise ParseError("not a result of `biodir predict`: it is a mapping with an id and relations")
    relations = relations_of_result(result)
    if result.keys() & {*TEXT_KEYS}:
        return document_from_json(result, name, policy)
    return Document.from_dict({"id": name, "text": "", "relations": relations}, policy=policy)
