"""Counts of right, wrong and missed mentions: a mention is right where its span and its entity type are those of gold.

Identifiers do not count. A mention of the wrong type is a false positive of that type and a false negative of gold's.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from biodir.document_biodir import Document, Mention
from biodir.errors_biodir import AnnotationError
from biodir.evaluation.checks import ComparedDocument
from biodir.evaluation.scores import Counts, set_counts
from biodir.labels_biodir import known_type

# Start and end in characters, and the entity type: what two mentions share if they agree exactly.
MentionStatement = tuple[int, int, str]


def mention_statement(mention: Mention) -> MentionStatement:
    """Return what a mention says: mentions of one span and type with different identifiers say the same."""
    return mention.start_char, mention.end_char, mention.entity_type


def mention_counts(pairs: Iterable[ComparedDocument]) -> list[dict[str, Counts]]:
    """Return entity type -> counts, for each document; each has all types of both sides, in alphabetic order.

    Overlapping and nested mentions count each; a mention that is given twice counts once.

    >>> gold, found = (Document("1", "Iron", (Mention(0, 4, "Iron", kind),)) for kind in ("Chemical", "Gene"))
    >>> mention_counts([ComparedDocument(gold, found)])
    [{'Chemical': Counts(tp=0, fp=0, fn=1), 'Gene': Counts(tp=0, fp=1, fn=0)}]
    """
    sides = [tuple(_by_type(document) for document in (pair.gold, pair.predicted)) for pair in pairs]
    kinds = sorted({kind for gold, predicted in sides for kind in (*gold, *predicted)})
    return [
        {kind: set_counts(gold.get(kind, set()), predicted.get(kind, set())) for kind in kinds}
        for gold, predicted in sides
    ]


def _by_type(document: Document) -> dict[str, set[MentionStatement]]:
    found: dict[str, set[MentionStatement]] = {}
    for mention in document.mentions:
        found.setdefault(mention.entity_type, set()).add(mention_statement(mention))
    return found


def with_shared_types(gold: Sequence[Document], predicted: Sequence[Document]) -> tuple[list[Document], list[Document]]:
    """Return the documents of both sides with one name for an entity type that the predictions call another way.

    Predicted ``Gene`` and gold ``GeneOrGeneProduct`` mean one type, by `known_type`. Names stay as they are where gold
    has all names that the predictions use for a type: so two types that both sides keep apart stay apart.
    """
    gold_names, predicted_names = (
        {mention.entity_type for document in documents for mention in document.mentions}
        for documents in (gold, predicted)
    )
    renamed = {_meaning(name) for name in predicted_names - gold_names}
    names = {name: _meaning(name) for name in gold_names | predicted_names if _meaning(name) in renamed}
    return [_with_names(each, names) for each in gold], [_with_names(each, names) for each in predicted]


def _meaning(name: str) -> str:
    return known_type(name) or name


def _with_names(document: Document, names: dict[str, str]) -> Document:
    mentions = (replace(each, entity_type=names.get(each.entity_type, each.entity_type)) for each in document.mentions)
    return replace(document, mentions=tuple(mentions))


def unfound_types(pairs: Sequence[ComparedDocument], found_types: Iterable[str] | None = None) -> Counter[str]:
    """Return entity type -> number of gold mentions, of the types that no prediction can have: these count as missed.

    Args:
        found_types: the types that the model finds; None for those that the predictions have.
    """
    if found_types is None:
        found_types = [mention.entity_type for pair in pairs for mention in pair.predicted.mentions]
    known = set(found_types)
    gold = Counter(kind for pair in pairs for _, _, kind in {*map(mention_statement, pair.gold.mentions)})
    return Counter({kind: count for kind, count in sorted(gold.items()) if kind not in known})


def check_mentions(gold: Sequence[Document], predicted: Sequence[Document]) -> None:
    """Check that the predictions hold more than relations, and that their mentions are those of gold's texts.

    Raises:
        AnnotationError: no document has a text or a mention, or the text of gold differs at the span of one.
    """
    if not any(document.mentions or document.text for document in predicted):
        raise AnnotationError(
            "the predictions hold no mention, so those that were found in the texts cannot be scored; give documents "
            "with mentions, such as PubTator of `biodir predict --dialect bioredirect`, or JSON Lines with entities"
        )
    texts = {document.id: document.text for document in gold}
    for document in predicted:
        for index, mention in enumerate(document.mentions):
            found = texts[document.id][mention.start_char : mention.end_char]
            if found != mention.text:
                raise AnnotationError(
                    f"predictions: document {document.id}, mention {index}: [{mention.start_char}, {mention.end_char}) "
                    f"is {mention.text!r}, but in gold's text {found!r}; give predictions for the same texts"
                )
