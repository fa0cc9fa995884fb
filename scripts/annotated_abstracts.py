"""Join the annotations of `recipes/abstracts.jsonl` with the abstracts of public corpora, to learn from both.

    python scripts/annotated_abstracts.py --data_dir DATA --output DATA/annotated.jsonl

DATA is the folder of `recipes/corpora.yaml`. The annotations hold neither texts nor what the corpora annotate. A line:

    {"id": "nlm_gene:1", "sha256": "6b86b273", "mentions": [[20, 26, "D"]], "left_out": [44], "same": [[0, 41]],
     "relations": [[0, 20, "Association", 0], [0, 80, "Association"]]}

`id` names corpus and PMID, `sha256` begins the hash of the text. `mentions` have start, end and type (C, D, G or V);
they are added to those of the corpus, in place of any that they overlap. All other numbers are starts of mentions:
those that are no entity, groups that are one entity, and for each relation a mention of both entities, and of the
subject (null: there is none; left out: it is not annotated). All other pairs are unrelated.
"""

import argparse
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from contrast_names import TYPES

from biodir.errors_biodir import STRICT, AnnotationError, BioDirError, SettingError
from biodir.files import check_paths, open_atomic
from biodir.formats.reading import read_documents
from biodir.labels_biodir import PAIR_TYPES, RELATION_LABELS, known_type
from biodir.training.judged_documents import read_lines

ANNOTATIONS = Path(__file__).parent.parent / "recipes" / "abstracts.jsonl"
BC5CDR = "bc5cdr"
KINDS = RELATION_LABELS[1:]
SHA_CHARS = 8


def source_path(corpus: str) -> str:
    """Return the file of a corpus in the folder of the corpora.

    >>> source_path("nlm_gene")
    'extra/nlm_gene.jsonl.xz'
    """
    return f"{BC5CDR}/CDR_TrainingSet.PubTator.txt" if corpus == BC5CDR else f"extra/{corpus}.jsonl.xz"


def source_documents(folder: Path, corpus: str) -> Iterator[dict[str, Any]]:
    """Yield the documents of a corpus in the form of JSON Lines."""
    path = folder / source_path(corpus)
    if corpus != BC5CDR:
        yield from read_lines(str(path), lambda value, _: dict(value), STRICT)
        return
    for document in read_documents(path):
        yield {
            "id": f"{corpus}:{document.id}",
            "pmid": document.id,
            "text": document.text,
            "title_end": document.passages[0].end_char,
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


def joined(annotation: Mapping[str, Any], source: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document of an annotation, a line for `train.py --corpora`.

    Raises:
        AnnotationError: a number is the start of no mention, or a type is unknown.
    """
    place = annotation["id"]
    if unknown := {kind for *_, kind in annotation["mentions"]} - {*TYPES}:
        raise AnnotationError(f"{place}: mentions of type {', '.join(sorted(unknown))}; types are {', '.join(TYPES)}")
    found = [{"start": start, "end": end, "type": TYPES[kind]} for start, end, kind in annotation["mentions"]]
    known = {*TYPES.values()} & {*source["annotated_types"]}
    given = (each for each in source["entities"] if each["type"] in known)
    for each in sorted(given, key=lambda each: each["start"] - each["end"]):
        if all(each["end"] <= other["start"] or other["end"] <= each["start"] for other in found):
            found.append({key: each[key] for key in ("start", "end", "type", "id") if each.get(key) is not None})
    names = {each["start"]: f"M{each['start']}" for each in found}

    def name(start: int) -> str:
        if start not in names:
            raise AnnotationError(f"{place}: no mention starts at {start}; take the corpus that was annotated")
        return names[start]

    left_out = {*map(name, annotation["left_out"])}
    entities = [{"mention": name(each["start"]), **each} for each in sorted(found, key=lambda each: each["start"])]
    relations = []
    for one, other, kind, *subject in annotation["relations"]:
        pair = {"head": name(one), "tail": name(other)}
        if kind not in KINDS:
            raise AnnotationError(f"{place}: {kind!r} is no relation type; write one of {', '.join(KINDS)}")
        roles = {one: "head", other: "tail", None: "none"}
        if not {*subject} <= {*roles}:
            raise AnnotationError(f"{place}: the subject {subject[0]} is none of {one} and {other}")
        role = roles[subject[0]] if subject else None
        relations.append({**pair, "source_type": kind, "proposed": kind, "subject": role})
    return {
        "id": place,
        "pmid": source["pmid"],
        "unit": "abstract",
        "text": source["text"],
        "title_end": source.get("title_end"),
        "entities": [each for each in entities if each["mention"] not in left_out],
        "equivalent": [[*map(name, group)] for group in annotation["same"]],
        "relations": relations,
        "annotated_types": [],
        "annotated_pairs": [list(pair) for pair in PAIR_TYPES],
    }


def joined_documents(annotations: Iterable[Mapping[str, Any]], folder: Path, skipped: Counter[str]) -> Iterator[Any]:
    """Yield the documents, corpus by corpus; `skipped` counts those that a corpus lacks or has with another text."""
    by_corpus: dict[str, dict[str, Mapping[str, Any]]] = {}
    for each in annotations:
        by_corpus.setdefault(each["id"].split(":")[0], {})[each["id"]] = each
    for corpus, wanted in by_corpus.items():
        for source in source_documents(folder, corpus):
            annotation = wanted.pop(source["id"], None)
            if annotation is None:
                continue
            if sha256(source["text"]) == annotation["sha256"]:
                yield joined(annotation, source)
            else:
                skipped[f"have another text in {source_path(corpus)}"] += 1
        if wanted:
            skipped[f"are not in {source_path(corpus)}"] += len(wanted)


def sha256(text: str) -> str:
    """Return the start of the hash of a text.

    >>> sha256("1")
    '6b86b273'
    """
    return hashlib.sha256(text.encode()).hexdigest()[:SHA_CHARS]


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the documents and print counts; input with an error ends the program with a line that names the reason."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data_dir", required=True, type=Path, help="the folder of the corpora")
    parser.add_argument("--annotations", type=Path, default=ANNOTATIONS, help=f"(default: {ANNOTATIONS.name})")
    parser.add_argument("--output", type=Path, required=True, help="JSON Lines")
    options = parser.parse_args(arguments)
    skipped: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    try:
        check_paths([options.annotations], [options.output])
        annotations = read_lines(str(options.annotations), lambda value, _: dict(value), STRICT)
        found = list(joined_documents(annotations, options.data_dir, skipped))
        if not found:
            raise SettingError(f"{options.data_dir}: has none of the abstracts that are annotated")
    except (BioDirError, OSError) as error:
        sys.exit(f"annotated_abstracts.py: error: {error}")
    with open_atomic(options.output) as file:
        for document in found:
            file.write(json.dumps(document, ensure_ascii=False) + "\n")
            counts.update(each["proposed"] for each in document["relations"])
    print(f"{len(found)} documents, {sum(len(each['entities']) for each in found)} mentions")
    for reason, count in skipped.items():
        print(f"{count} {reason}")
    for kind, count in counts.most_common():
        print(f"{kind}: {count}")


if __name__ == "__main__":
    main()
