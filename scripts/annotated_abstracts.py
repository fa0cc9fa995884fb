"""Join the annotations of `recipes/abstracts.jsonl` with the texts of public corpora, to learn from both.

    python scripts/annotated_abstracts.py --data_dir DATA --output DATA/annotated.jsonl

DATA is the folder of `recipes/corpora.yaml`. The annotations hold neither texts nor what the corpora annotate. A line:

    {"id": "nlm_gene:1", "sha256": "6b86b273", "mentions": [[20, 26, "D"]], "left_out": [44], "same": [[0, 41]],
     "relations": [[0, 20, "Association", 0], [0, 80, "Association"]]}

`id` names the corpus and its id of the text, `sha256` is the start of the hash of the text, and of nothing else: a
mention that the corpus has not is seen only where the line needs it. `mentions` have start, end and type (C, D, G or
V); they are added to those of the corpus, in place of any that they overlap; of mentions of the corpus that overlap,
the longest stays. All other numbers are starts of mentions: those that are no entity, groups that are one entity, and
for each relation a mention of both entities, and of the subject (null: there is none; left out: it is not annotated).
All other pairs are unrelated.

`text:4-6` names lines 4 and 5 of the text for pretraining, counted from 0, the end left out. They are joined by a
space, without the heading in capitals that a line may start with. `sentences:4-6` names them, too, as sentences with
spaces around each mark, which are taken out: "NF - kappaB ( p65 )" is "NF-kappaB (p65)". This text has no mentions of
its own.
"""

import argparse
import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contrast_names import TYPES

from biodir.errors_biodir import STRICT, AnnotationError, BioDirError, SettingError, plural
from biodir.files import check_paths, open_atomic, open_input, text_lines
from biodir.formats.reading import read_documents
from biodir.labels_biodir import PAIR_TYPES, RELATION_LABELS, known_type
from biodir.training.judged_documents import annotated_types, pmid_of, read_lines

ANNOTATIONS = Path(__file__).parent.parent / "recipes" / "abstracts.jsonl"
BC5CDR, TEXT, SENTENCES = "bc5cdr", "text", "sentences"
# Such as "ABSTRACT.RESULTS:: Zinc ..."; after a name such as "DNA: it is ..." the text goes on in lower case.
HEADING = re.compile(r"^[^a-z]{3,}?:+ +(?=[A-Z0-9])")
RELATION_TYPES = RELATION_LABELS[1:]
HASH_CHARS = 8
# What is replaced, in this order, in a sentence with spaces around each mark. Between two digits a point, a comma or a
# colon had no space on either side.
MARKS = [
    (re.compile(found), instead)
    for found, instead in (
        (r" +", " "),
        (r"(?<=\d) ([.,:]) (?=\d)", r"\1"),
        (r" ([,;:.?!%)\]])", r"\1"),
        (r"([(\[]) ", r"\1"),
        (r" ?-(?: -)+(?: > ?|>)| ?--> ?", " --> "),
        (r" ([-/]) ", r"\1"),
        (r" ' s\b", "'s"),
        (r"\b([35]) '", r"\1'"),
    )
]


@dataclass(frozen=True)
class Annotation:
    """A line of the annotations; the numbers are offsets in characters, see the top of this file."""

    id: str
    text_hash: str
    mentions: tuple[tuple[int, int, str], ...]
    left_out: tuple[int, ...]
    same: tuple[tuple[int, ...], ...]
    relations: tuple[tuple[Any, ...], ...]

    @property
    def corpus(self) -> str:
        """The part of the id before the colon."""
        return self.id.split(":")[0]


def annotation_of(value: Mapping[str, Any]) -> Annotation:
    """Return the annotation of a line.

    Raises:
        AnnotationError: a key is missing, or a type is unknown.
    """
    try:
        mentions = tuple((start, end, kind) for start, end, kind in value["mentions"])
        same, relations = (tuple(map(tuple, value[key])) for key in ("same", "relations"))
        found = Annotation(value["id"], value["sha256"], mentions, tuple(value["left_out"]), same, relations)
        related = {relation_type for _, _, relation_type, *_ in relations}
    except (KeyError, TypeError, ValueError) as error:
        raise AnnotationError(
            f"is no annotation of an abstract as {Path(__file__).name} explains ({error!r})"
        ) from error
    for names, known, what in (
        ({kind for *_, kind in mentions}, TYPES, "type"),
        (related, RELATION_TYPES, "relation type"),
    ):
        if unknown := names - {*known}:
            raise AnnotationError(f"{found.id}: {min(unknown)!r} is no {what}; write one of {', '.join(known)}")
    return found


def source_path(corpus: str) -> str:
    """Return the file of a corpus in the folder of the corpora.

    >>> source_path("nlm_gene"), source_path("bc5cdr")
    ('extra/nlm_gene.jsonl.xz', 'bc5cdr/CDR_TrainingSet.PubTator.txt')
    >>> source_path("text")
    'text/biomedical_text.txt.xz'
    """
    special = dict.fromkeys(TEXT_OF_LINE, "text/biomedical_text.txt.xz")
    special[BC5CDR] = "bc5cdr/CDR_TrainingSet.PubTator.txt"
    return special.get(corpus, f"extra/{corpus}.jsonl.xz")


def source_documents(folder: Path, corpus: str, wanted: Collection[str]) -> Iterator[Mapping[str, Any]]:
    """Yield the documents of a corpus in the form of JSON Lines.

    Args:
        folder: that of the corpora.
        corpus: as in the ids of annotations.
        wanted: ids of annotations; only the text for pretraining needs them, as its ids name lines.
    """
    path = folder / source_path(corpus)
    if corpus == BC5CDR:
        yield from _of_bc5cdr(path)
    elif corpus in TEXT_OF_LINE:
        yield from _passages(path, corpus, wanted)
    else:
        yield from read_lines(str(path), lambda value, _: value, STRICT)


def _passages(path: Path, corpus: str, wanted: Collection[str]) -> Iterator[Mapping[str, Any]]:
    with open_input(path) as file:
        lines = list(text_lines(file))
    for text_id in wanted:
        start, _, end = text_id.removeprefix(f"{corpus}:").partition("-")
        if start.isdecimal() and end.isdecimal() and int(start) < int(end) <= len(lines):
            text = " ".join(map(TEXT_OF_LINE[corpus], lines[int(start) : int(end)]))
            yield {"id": text_id, "text": text, "unit": "section", "entities": [], "annotated_types": []}


def written(sentence: str) -> str:
    """Return a sentence without the spaces that stand around each mark.

    >>> written("GATA - 3 binds to NF - kappaB ( p65 ) , 1 . 5 - fold at the 5 ' end .")
    "GATA-3 binds to NF-kappaB (p65), 1.5-fold at the 5' end."
    """
    for found, instead in MARKS:
        sentence = found.sub(instead, sentence)
    return sentence.strip()


def without_heading(line: str) -> str:
    """Return a line of an article without the heading in capitals that it may start with.

    >>> without_heading("ABSTRACT.RESULTS:: Zinc lowers pain.")
    'Zinc lowers pain.'
    """
    return HEADING.sub("", line).strip()


# Corpora of the text for pretraining -> what their documents have of one of its lines.
TEXT_OF_LINE = {TEXT: without_heading, SENTENCES: written}


def _of_bc5cdr(path: Path) -> Iterator[Mapping[str, Any]]:
    for document in read_documents(path):
        yield {
            "id": f"{BC5CDR}:{document.id}",
            "pmid": document.id,
            "text": document.text,
            "title_end": next((passage.end_char for passage in document.passages), None),
            "entities": [
                {
                    "start": each.start_char,
                    "end": each.end_char,
                    "type": known_type(each.entity_type),
                    "id": ";".join(each.identifiers),
                }
                for each in document.mentions
            ],
            "annotated_types": [TYPES["C"], TYPES["D"]],
        }


def joined(annotation: Annotation, source: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document of an annotation, a line for `train.py --corpora`.

    Raises:
        AnnotationError: a number is the start of no mention, or of one that is left out.
    """
    entities = _entities(annotation, source)
    names = {each["start"]: each["mention"] for each in entities}
    for start in annotation.left_out:
        if start not in names:
            raise AnnotationError(f"{annotation.id}: no mention starts at {start}, which is left out")
        del names[start]
    return {
        "id": annotation.id,
        "pmid": pmid_of(source),
        "unit": source.get("unit") or "abstract",
        "text": source["text"],
        "title_end": source.get("title_end"),
        "entities": [each for each in entities if each["start"] in names],
        "equivalent": [[_name(start, names, annotation) for start in group] for group in annotation.same],
        "relations": [_relation(each, names, annotation) for each in annotation.relations],
        "annotated_types": [],
        "annotated_pairs": [list(pair) for pair in PAIR_TYPES],
    }


def _entities(annotation: Annotation, source: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the mentions of both, in the order of the text, without those of the corpus that overlap others."""
    found: list[dict[str, Any]] = []
    for start, end, kind in annotation.mentions:
        each = {"start": start, "end": end, "type": TYPES[kind]}
        if not 0 <= start < end <= len(source["text"]) or _overlaps(each, found):
            raise AnnotationError(f"{annotation.id}: the mention at {start} overlaps another, or is not in the text")
        found.append(each)
    for each in sorted(_annotated(source), key=lambda each: each["start"] - each["end"]):
        if not _overlaps(each, found):
            found.append({key: each[key] for key in ("start", "end", "type", "id") if each.get(key) is not None})
    return [{"mention": f"M{each['start']}", **each} for each in sorted(found, key=lambda each: each["start"])]


def _annotated(source: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the mentions of the types that can be related and that the corpus annotates completely."""
    known = {*TYPES.values()} & {*annotated_types(source)}
    return [each for each in source["entities"] if each["type"] in known]


def _overlaps(mention: Mapping[str, Any], others: Iterable[Mapping[str, Any]]) -> bool:
    return any(mention["start"] < other["end"] and other["start"] < mention["end"] for other in others)


def _name(start: int, names: Mapping[int, str], annotation: Annotation) -> str:
    if start in names:
        return names[start]
    if start in annotation.left_out:
        raise AnnotationError(
            f"{annotation.id}: the mention at {start} is left out; take it out of left_out or elsewhere"
        )
    raise AnnotationError(f"{annotation.id}: no mention starts at {start}; take the corpus that was annotated")


def _relation(relation: Sequence[Any], names: Mapping[int, str], annotation: Annotation) -> dict[str, Any]:
    one, other, relation_type, *subject = relation
    roles = {one: "head", other: "tail", None: "none"}
    if len(roles) < 3 or not {*subject} <= {*roles}:
        raise AnnotationError(
            f"{annotation.id}: {[*relation]} is no relation of two mentions with one of them as subject"
        )
    return {
        "head": _name(one, names, annotation),
        "tail": _name(other, names, annotation),
        "source_type": relation_type,
        "proposed": relation_type,
        "subject": roles[subject[0]] if subject else None,
    }


def joined_documents(
    annotations: Iterable[Annotation], folder: Path, left_out: Counter[str]
) -> Iterator[dict[str, Any]]:
    """Yield the documents, corpus by corpus; `left_out` counts what is not in them, by reason.

    Raises:
        SettingError: the folder lacks the file of a corpus.
    """
    by_corpus: dict[str, dict[str, Annotation]] = {}
    for each in annotations:
        by_corpus.setdefault(each.corpus, {})[each.id] = each
    if missing := [path for path in map(source_path, by_corpus) if not (folder / path).is_file()]:
        raise SettingError(
            f"{folder}: has no {', '.join(missing)}; name the folder that recipes/corpora.yaml starts from"
        )
    for corpus, wanted in by_corpus.items():
        path = source_path(corpus)
        for source in source_documents(folder, corpus, list(wanted)):
            annotation = wanted.pop(source["id"], None)
            if annotation is None:
                continue
            if text_hash(source["text"]) != annotation.text_hash:
                left_out[f"documents, which have another text in {path}"] += 1
                continue
            document = joined(annotation, source)
            given = len(annotation.mentions) + len(_annotated(source)) - len(annotation.left_out)
            left_out[f"mentions of {path}, which overlap others"] += given - len(document["entities"])
            yield document
        left_out[f"documents, which are not in {path}"] += len(wanted)


def text_hash(text: str) -> str:
    """Return the start of the SHA-256 of a text in UTF-8.

    >>> text_hash("1")
    '6b86b273'
    """
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_CHARS]


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the documents and print counts; input with an error ends the program with a line that names the reason."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data_dir", required=True, type=Path, help="the folder of the corpora")
    parser.add_argument("--annotations", type=Path, default=ANNOTATIONS, help=f"(default: {ANNOTATIONS.name})")
    parser.add_argument("--output", type=Path, required=True, help="JSON Lines")
    options = parser.parse_args(arguments)
    left_out: Counter[str] = Counter()
    try:
        check_paths([options.annotations], [options.output])
        annotations = read_lines(str(options.annotations), lambda value, _: annotation_of(value), STRICT)
        found = list(joined_documents(annotations, options.data_dir, left_out))
        if not found:
            raise SettingError(f"{options.data_dir}: has none of the abstracts that are annotated")
    except (BioDirError, OSError) as error:
        sys.exit(f"annotated_abstracts.py: error: {error}")
    with open_atomic(options.output) as file:
        for document in found:
            file.write(json.dumps(document, ensure_ascii=False) + "\n")
    mentions = sum(len(document["entities"]) for document in found)
    counts = Counter(each["proposed"] for document in found for each in document["relations"])
    print(f"{plural(len(found), 'document')}, {plural(mentions, 'mention')}, {plural(counts.total(), 'relation')}")
    for relation_type, count in counts.most_common():
        print(f"{relation_type}: {count}")
    for reason, count in left_out.items():
        if count:
            print(f"left out: {count} {reason}")


if __name__ == "__main__":
    main()
