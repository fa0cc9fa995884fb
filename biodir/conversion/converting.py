"""Documents of files written in another format, and what that format has no place for."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

from biodir.conversion.targets import Target
from biodir.document_biodir import Document, Mention, Relation
from biodir.errors_biodir import STRICT, ErrorPolicy
from biodir.formats.reading import read_documents

# Field of a relation -> its name in the counts. Types and identifiers change where a format has others, as PubTator 3.
_FIELDS = {
    "relation_type": "type",
    "entity1_id": "identifier",
    "entity2_id": "identifier",
    "subject_id": "direction",
    "novelty": "novelty",
    "relation_score": "score of the type",
    "novelty_score": "score of the novelty",
    "direction_score": "score of the direction",
}


def convert(
    inputs: Sequence[Path], output: Path, target: Target, policy: ErrorPolicy = STRICT, one_per_line: bool = False
) -> int:
    """Write the documents of all files in input order, and return their number.

    Every document is read back before it is written. What differs is counted in the notes of the policy, so the counts
    hold for this output and not for its format in general.

    Args:
        inputs: files that `read_documents` reads.
        output: file that appears when it is complete.
        target: the format.
        policy: what becomes of files, documents and mentions with an error; a document that the format cannot hold has
            one, too.
        one_per_line: whether each line of plain text is a document.

    Raises:
        BioDirError: a bad document.
        OSError: the output cannot be written.
    """

    def prepare(document: Document) -> Document:
        for what, count in losses(document, target.read_back(document)).items():
            policy.note(f"{target.name} has no place for: {what}", count)
        return document

    reading = replace(policy, prepare=prepare)
    documents: Iterator[Document] = policy.files(inputs, lambda path: read_documents(path, reading, one_per_line))
    return target.write(documents, output)


def losses(before: Document, after: Document) -> Counter[str]:
    """Return how often something of a document is not in what was written of it.

    >>> losses(Document("7", "Iron.", pmcid="PMC5"), Document("7", "Iron."))
    Counter({'ids of PubMed Central': 1})
    """
    found: Counter[str] = Counter()
    found["texts as they are"] = int(before.text.rstrip() != after.text.rstrip())
    # Without passages a text is one.
    found["passages as they are"] = int(bool(before.passages) and before.passages != after.passages)
    found["sentences of the source"] = int(bool(before.sentences) and before.sentences != after.sentences)
    found["ids of PubMed Central"] = int(before.pmcid is not None and before.pmcid != after.pmcid)
    found["statements that a text has no entities"] = int(before.is_marked and after.is_plain)
    found |= _lost_mentions(before.mentions, after.mentions)
    found |= _lost_relations(before.relations, after.relations)
    return +found


def _lost_mentions(before: Iterable[Mention], after: Iterable[Mention]) -> Counter[str]:
    written = {(each.start_char, each.end_char): each for each in after}
    found: Counter[str] = Counter()
    kept = set(after)
    for mention in set(before) - kept:
        same = written.get((mention.start_char, mention.end_char))
        if same is None:
            found["mentions"] += 1
        found["names of entity types"] += same is not None and same.entity_type != mention.entity_type
        found["identifiers as they are"] += same is not None and same.identifiers != mention.identifiers
    return found


def _lost_relations(before: Sequence[Relation], after: Sequence[Relation]) -> Counter[str]:
    found: Counter[str] = Counter()
    for one, other in zip_longest(before, after):
        if one is None or other is None:
            found["relations"] += one is not None
            continue
        for field, name in _FIELDS.items():
            found[f"{name} of a relation"] += getattr(one, field) not in (None, getattr(other, field))
    return found
