"""The parts of a document: Mention, Entity, Relation, Passage, and what holds for each of them.

Spans are half-open ``[start, end)`` and count Python characters of ``document.text``.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from .document_offsets_biodir import likely_cause
from .errors_biodir import AnnotationError, ErrorPolicy
from .labels_biodir import VARIANT, known_type

# [start, end): of characters in documents, of tokens in processing.
Span = tuple[int, int]
# BioRED and BC5CDR write these in the identifier column of a mention that is linked to no concept.
UNLINKED_IDENTIFIERS = ("-", "-1")
# What other tools write there, in lower case and without the prefix of a vocabulary.
_NO_IDENTIFIERS = frozenset(
    [
        *("", *UNLINKED_IDENTIFIERS, "-1.0", "0", "0.0", "none", "no_id", "null", "nil"),
        *("na", "n.a.", "n/a", "#n/a", "nan", "<na>"),
        *("cui-less", "cui_less", "cuiless", "unknown", "undefined", "missing", "unlinked", "?"),
    ]
)
# Vocabularies that stand before an identifier, as in "MESH:D000001", without regard to case and space.
_VOCABULARIES = (
    *("mesh", "omim", "ncbigene", "ncbi gene", "entrez", "entrezgene", "gene"),
    *("ncbitaxon", "taxonomy", "ncbi taxonomy"),
    *("umls", "cui", "dbsnp", "cellosaurus", "cvcl", "chebi"),
)
# Identifiers made for mentions that come without one start so; no database of the field uses this prefix.
TEXT_IDENTIFIER_PREFIX = "text:"
# Other names of a vocabulary, without spaces.
_VOCABULARY_OF = {
    **dict.fromkeys(("ncbigene", "entrez", "entrezgene"), "gene"),
    **dict.fromkeys(("ncbitaxon", "ncbitaxonomy"), "taxonomy"),
    "cellosaurus": "cvcl",
}
_VOCABULARY = re.compile(rf"(?:(?:{'|'.join(_VOCABULARIES)})\s*:|cvcl_)\s*", re.IGNORECASE)
_ANY_VOCABULARY = re.compile(rf"(?!{TEXT_IDENTIFIER_PREFIX})\w+:")
# Keys of the one long identifier that PubTator 3 gives a variant: "tmVar:p|SUB|V|600|E;HGVS:p.V600E;RS#:113488022".
_KEY_VALUE_IDENTIFIER = re.compile(
    r"(?:^|;)\s*(?:tmVar|HGVS|VariantGroup|OriginalGene|CorrespondingGene|CorrespondingSpecies|RS#|CA#):"
)
# Fields of a relation with the scores of its parts.
PART_SCORES = ("relation_score", "novelty_score", "direction_score")
# A wider gap between two passages is a broken offset, and filling it with spaces would fill the memory.
MAX_GAP_CHARS = 1_000_000


@dataclass(frozen=True)
class Mention:
    """A text span with an entity type; without identifiers it is not linked and takes part in no pair.

    `source_identifier` is the identifier column of the source file where biodir would write it in another way
    (``"-1"``, or another separator than ``";"``). Writing uses it, so that the file stays the same. A reader gives an
    empty one and no identifiers to a mention that is to be named by its text: see `is_unnamed`. `score` is that of the
    tagger that found the mention, in 0..1; None for mentions that were given.

    >>> Mention(0, 4, "Iron", "ChemicalEntity", ("D007501",))
    Mention(start_char=0, end_char=4, text='Iron', entity_type='ChemicalEntity', identifiers=('D007501',))
    """

    start_char: int
    end_char: int
    text: str
    entity_type: str
    identifiers: tuple[str, ...] = ()
    source_identifier: str | None = field(default=None, compare=False, repr=False)
    score: float | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Entity:
    """All mentions with one identifier and one type, in the order of the text.

    >>> mentions = (Mention(0, 4, "Iron", "ChemicalEntity"), Mention(9, 11, "Fe", "ChemicalEntity"))
    >>> Entity("D007501", "ChemicalEntity", mentions).name
    'Iron'
    """

    identifier: str
    entity_type: str
    mentions: tuple[Mention, ...]

    @property
    def name(self) -> str:
        """The text of the first mention."""
        return self.mentions[0].text

    @property
    def key(self) -> tuple[str, str]:
        """Identifier and type, which no other entity of the document has both."""
        return self.identifier, self.entity_type


@dataclass(frozen=True)
class Relation:
    """A relation between two entities; `subject_id` is one of the two, or None for a relation without direction.

    The order of `entity1_id` and `entity2_id` is that of the source file and carries no direction.
    Scores are between 0 and 1; gold relations have None.

    >>> relation = Relation("Bind", "D007501", "1956", subject_id="1956")
    >>> relation.pair == Relation("Association", "1956", "D007501").pair
    True
    """

    relation_type: str
    entity1_id: str
    entity2_id: str
    novelty: str | None = None
    subject_id: str | None = None
    relation_score: float | None = None
    novelty_score: float | None = None
    direction_score: float | None = None

    @property
    def pair(self) -> frozenset[str]:
        """The two identifiers without order: the same for every relation of two entities, in either direction."""
        return frozenset((self.entity1_id, self.entity2_id))


@dataclass(frozen=True)
class Passage:
    """A part of the text, such as the title; every sentence lies within one passage.

    `kind` is what the part is, such as "title" or "paragraph". `section` is that of the article, such as "METHODS", in
    the spelling of the source; empty where it names none, as for abstracts.

    >>> from biodir import Document
    >>> Document("7", "Title. Abstract.", passages=(Passage(0, 6, "title"),)).passages[0].kind
    'title'
    """

    start_char: int
    end_char: int
    kind: str
    section: str = ""


def check_score(score: Any, what: str) -> None:
    """Check that a score, if there is one, is a number in 0..1; else raise AnnotationError with what it is of.

    >>> check_score("0.9", "document 7: score of a relation Bind")
    Traceback (most recent call last):
    biodir.errors_biodir.AnnotationError: document 7: score of a relation Bind is '0.9'; scores lie in 0..1
    """
    is_number = isinstance(score, (int, float)) and not isinstance(score, bool)
    if score is not None and not (is_number and 0 <= score <= 1):
        raise AnnotationError(f"{what} is {score!r}; scores lie in 0..1")


def check_relation(relation: Relation, place: str) -> None:
    """Check that the subject is one of the two entities and that scores lie in 0..1; else raise AnnotationError."""
    if relation.subject_id not in (None, relation.entity1_id, relation.entity2_id):
        raise AnnotationError(
            f"{place}: subject {relation.subject_id!r} is neither {relation.entity1_id!r} nor "
            f"{relation.entity2_id!r}; the subject is one of the two related entities"
        )
    for name in PART_SCORES:
        what = f"{place}: {name} of {relation.entity1_id} - {relation.entity2_id}"
        check_score(getattr(relation, name), what)


def distinct_relations(relations: Iterable[Relation], policy: ErrorPolicy) -> list[Relation]:
    """Return each relation of the pairs of three and more mentions once, without those of an entity with itself.

    Two mentions of one entity are no pair, and give each of its pairs twice.
    """
    policy.note("relations of three and more entities, read as one of each pair")
    return list(dict.fromkeys(relation for relation in relations if len(relation.pair) == 2))


def check_mention(mention: Mention, text: str, place: str, passage_starts: Sequence[int] = ()) -> None:
    """Check that the mention agrees with the text.

    Raises:
        AnnotationError: it does not; with `place`, the value seen and the likely fix.
    """
    start, end = mention.start_char, mention.end_char
    if not (is_integer(start) and is_integer(end)):
        raise AnnotationError(
            f"{place}: offsets {start!r} and {end!r} are not whole numbers of characters", "offsets that are no numbers"
        )
    if start < 0:
        raise AnnotationError(f"{place}: starts at {start}; offsets count characters from 0", "span outside the text")
    if end <= start:
        raise AnnotationError(
            f"{place}: ends at {end} but starts at {start}; a span is half-open and not empty", "empty or inverted span"
        )
    if end > len(text):
        cause = likely_cause(text, start, end, mention.text, passage_starts)
        raise AnnotationError(
            f"{place}: ends at {end} but the text has {len(text)} characters; {cause}",
            "span outside the text",
        )
    if text[start:end] != mention.text:
        cause = likely_cause(text, start, end, mention.text, passage_starts)
        raise AnnotationError(
            f"{place}: says {mention.text!r} but the text at [{start}, {end}) is {text[start:end]!r}; {cause}",
            "mention differs from the text",
        )
    if mention.text.isspace():
        raise AnnotationError(
            f"{place}: the text at [{start}, {end}) is white space; a mention holds a word", "white space as mention"
        )
    identifiers = mention.identifiers
    if not isinstance(identifiers, tuple) or not all(isinstance(identifier, str) for identifier in identifiers):
        raise AnnotationError(f"{place}: identifiers {identifiers!r} are not a tuple of strings")
    if not all(identifier.strip() for identifier in identifiers):
        raise AnnotationError(f"{place}: an identifier in {identifiers!r} is empty; leave it out", "empty identifier")
    if not isinstance(mention.entity_type, str) or not mention.entity_type.strip():
        raise AnnotationError(f"{place}: entity type {mention.entity_type!r} is not a name; give a type as string")


def bare_identifier(identifier: str) -> str:
    """Return the identifier without the name of its vocabulary.

    >>> bare_identifier("MESH:D000001"), bare_identifier("rs121434568")
    ('D000001', 'rs121434568')
    """
    identifier = identifier.strip()
    found = _VOCABULARY.match(identifier)
    return identifier[found.end() :] if found else identifier


class IdentifierSet:
    """Identifiers that are found with and without the name of their vocabulary; those of names without ``text:``, too.

    >>> wanted = IdentifierSet(["C900001", "MESH:D000001"])
    >>> "MESH:C900001" in wanted, "D000001" in wanted, "OMIM:D000001" in wanted
    (True, True, False)
    >>> "text:imatinib" in IdentifierSet(["Imatinib"])
    True
    """

    def __init__(self, identifiers: Iterable[str]) -> None:
        self._given: dict[str, dict[str, str]] = {}  # bare identifier -> vocabulary -> identifier as given
        for identifier in identifiers:
            vocabulary, bare = _split_identifier(identifier)
            self._given.setdefault(bare, {})[vocabulary] = identifier
        self.found: set[str] = set()

    def __contains__(self, identifier: str) -> bool:
        matches = self.matches(identifier)
        self.found.update(matches)
        return bool(matches)

    def matches(self, identifier: str) -> list[str]:
        """Return the given identifiers that mean the same as this one."""
        vocabulary, bare = _split_identifier(identifier)
        known = self._given.get(bare, {})
        return list(known.values()) if not vocabulary else [known[key] for key in ("", vocabulary) if key in known]

    def missing(self) -> list[str]:
        """Return the identifiers that no question so far has found."""
        return [each for known in self._given.values() for each in known.values() if each not in self.found]


def _split_identifier(identifier: str) -> tuple[str, str]:
    """Return the vocabulary, by one name for all of its names, and the identifier without it."""
    bare = bare_identifier(identifier.removeprefix(TEXT_IDENTIFIER_PREFIX))
    vocabulary = re.sub(r"[\s:_]", "", identifier.strip().removesuffix(bare)).casefold()
    return _VOCABULARY_OF.get(vocabulary, vocabulary), bare.casefold()


def identifier_parts(identifier: str) -> list[str]:
    """Return the identifiers that one end of a relation names at once, as ``D1|D2`` does; of others the only one."""
    return [part.strip() for part in re.split("[;,|]", identifier)]


@lru_cache(maxsize=1024)  # most mentions have an identifier of another one
def is_unlinked(identifier: str) -> bool:
    """Return whether an identifier means "none", as ``-`` and ``-1`` do, and in other tools None, NA or MESH:-.

    So does one of several parts that all do, such as ``None;None``.
    """
    parts = map(bare_identifier, identifier_parts(identifier))
    return all(_ANY_VOCABULARY.sub("", part, count=1).casefold() in _NO_IDENTIFIERS for part in parts)


@lru_cache(maxsize=1024)  # the mentions of an entity have one column
def split_identifiers(column: str, entity_type: str) -> tuple[str, ...]:
    """Return the identifiers in the identifier column of a mention, each once; none for ``"-"``, ``"None"`` and such.

    ``;``, ``,`` and ``|`` separate identifiers. For a variant only ``;`` does, and the long ``tmVar:...;HGVS:...`` of
    PubTator 3 is one identifier.
    """
    is_variant = known_type(entity_type) == VARIANT
    if is_variant and _KEY_VALUE_IDENTIFIER.search(column):
        return (column.strip(),)
    parts: list[str] = []
    for part in column.split(";"):
        is_one = is_variant or part.strip().startswith(TEXT_IDENTIFIER_PREFIX)
        parts += [part] if is_one else re.split(r"[,|]", part)
    identifiers = dict.fromkeys(part.strip() for part in parts)
    return tuple(part for part in identifiers if part and not is_unlinked(part))


def read_identifiers(column: str, entity_type: str, text: str) -> tuple[tuple[str, ...], str | None]:
    """Return the identifiers in a string, and the string where it means none in a way that is not ours.

    DrugProt writes the name of a mention itself, whose commas separate nothing and whose "NA" is noradrenaline.

    >>> read_identifiers("D1; D2", "Chemical", "iron"), read_identifiers("1,2-a", "Chemical", "1,2-A")
    ((('D1', 'D2'), None), (('text:1,2-a',), None))
    """
    identifiers = split_identifiers(column, entity_type)
    is_name = column.casefold() == text.casefold() and column.strip() not in UNLINKED_IDENTIFIERS
    if len(identifiers) != 1 and is_name:
        return (text_identifier(text),), None
    return identifiers, None if identifiers or column in UNLINKED_IDENTIFIERS else column


def is_unnamed(mention: Mention) -> bool:
    """Return whether the source of a mention has nothing where its identifier belongs, not even ``-``."""
    source = mention.source_identifier
    return not mention.identifiers and source is not None and not source.strip(" ;,|")


def without_lost(
    relations: Iterable[Relation], named: Iterable[str], mentions: Iterable[Mention], policy: ErrorPolicy
) -> tuple[Relation, ...]:
    """Return the relations but those of identifiers that lost all their mentions, which are counted.

    Args:
        relations: of a document.
        named: identifiers of mentions before some of these were left out, at least of those.
        mentions: that are left.
        policy: counts the relations.
    """
    lost = set(named).difference(*(mention.identifiers for mention in mentions))
    kept = []
    for relation in relations:
        if relation.pair.isdisjoint(lost):
            kept.append(relation)
        else:
            names = f"{relation.relation_type} of {relation.entity1_id} and {relation.entity2_id}"
            policy.skip("relation", AnnotationError(names, "its entity has no mention left"))
    return tuple(kept)


def note_unlinked(mentions: Sequence[Mention], policy: ErrorPolicy) -> None:
    """Count the mentions with an identifier that means "none" without being ``-`` or ``-1``."""
    for mention in mentions:
        source = (mention.source_identifier or "").strip()
        if not mention.identifiers and source and source not in UNLINKED_IDENTIFIERS:
            policy.note(f"mentions whose identifier {source[:20]!r} means none: they are linked to nothing")


def text_identifier(text: str) -> str:
    """Return the identifier for a mention without one: its text without differences of case and spacing.

    Semicolons separate identifiers in PubTator files, so they are left out.
    """
    return TEXT_IDENTIFIER_PREFIX + " ".join(text.casefold().replace(";", " ").split())


def title_and_abstract(title: str, abstract: str) -> tuple[str, tuple[Passage, ...]]:
    """Return the text ``title + " " + abstract``, whose offsets PubTator counts, and its two passages."""
    abstract_start = len(title) + 1
    text = f"{title} {abstract}"
    return text, (Passage(0, len(title), "title"), Passage(abstract_start, len(text), "abstract"))


def is_given(value: Any) -> bool:
    """Return whether there is a value; pandas has NaN, NA or NaT where there is none."""
    is_missing = value is None or type(value).__name__ in ("NAType", "NaTType")
    return not is_missing and not (isinstance(value, float) and value != value)


def is_integer(value: Any) -> bool:
    """Return whether the value is an int, which a truth value is not here."""
    return isinstance(value, int) and not isinstance(value, bool)


def whole_number(value: Any) -> Any:
    """Return whole numbers of other libraries and of floats as int, and anything else unchanged for the checks.

    A column of pandas in which a value is missing has floats.
    """
    is_whole = hasattr(value, "__index__") or (hasattr(value, "is_integer") and value.is_integer())
    return int(value) if is_whole and not isinstance(value, bool) else value


def offset_number(value: Any) -> Any:
    """Return an offset as int, also one that a program wrote as a string; else as `whole_number` does."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else whole_number(value)


def shown(value: Any) -> str:
    shown = repr(value)
    return f"{type(value).__name__} {shown if len(shown) <= 60 else shown[:57] + '...'}"
