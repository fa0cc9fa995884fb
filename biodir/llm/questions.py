"""Questions to a language model: a document with its candidate pairs, or one of them, and the schema of the answer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from biodir.document_biodir import Document, Entity
from biodir.document_candidates_biodir import CandidatePair
from biodir.labels_biodir import ENTITY1_IS_SUBJECT, ENTITY2_IS_SUBJECT, RELATION_LABELS, UNDIRECTED, UNRELATED
from biodir.pipeline_decoding_biodir import subject_and_object

Unit = Literal["document", "pair"]
UNITS = ("document", "pair")
# What a model reads and writes for the labels of novelty, of which "No" would be read as "no relation".
NOVELTIES = {"Novel": "Novel", "Known": "No"}
# Keys of an answer.
RELATIONS, RELATION, REASONING = "relations", "relation", "reasoning"


@dataclass(frozen=True)
class Statement:
    """What a model states of a candidate pair; the labels are those of BioREDirect.

    With a `document` of Iron and EGFR:

    >>> from biodir.document_candidates_biodir import candidate_pairs
    >>> (pair,) = candidate_pairs(document.entities(), [("ChemicalEntity", "GeneOrGeneProduct")])
    >>> Statement(pair, "Bind", "Novel", "Left_to_Right").subject.name
    'Iron'
    """

    pair: CandidatePair
    relation_type: str
    novelty: str
    direction: str

    @property
    def subject(self) -> Entity:
        """The acting entity; of an undirected relation the first of the pair."""
        return subject_and_object(self.pair, self.direction)[0]

    @property
    def object(self) -> Entity:
        """The other entity."""
        return subject_and_object(self.pair, self.direction)[1]


@dataclass(frozen=True)
class Question:
    """A document and the candidate pairs that a model judges in one answer.

    Args:
        document: as it is read.
        pairs: all of the document, or one.
        unit: "document" if the answer lists relations, "pair" if it judges the only pair.
        reasons: whether the answer begins with its reasons.

    With a `document` of Iron and EGFR:

    >>> from biodir.document_candidates_biodir import candidate_pairs
    >>> pairs = list(candidate_pairs(document.entities(), [("ChemicalEntity", "GeneOrGeneProduct")]))
    >>> {key: entity.name for key, entity in Question(document, pairs).entities.items()}
    {'E1': 'Iron', 'E2': 'EGFR'}
    """

    document: Document
    pairs: Sequence[CandidatePair]
    unit: Unit = "document"
    reasons: bool = False

    @cached_property
    def entities(self) -> Mapping[str, Entity]:
        """Key -> entity, for the entities of the pairs in the order of the text."""
        wanted = {entity.key for pair in self.pairs for entity in (pair.entity1, pair.entity2)}
        named = [entity for entity in self.document.entities() if entity.key in wanted]
        return {f"E{number}": entity for number, entity in enumerate(named, start=1)}

    @cached_property
    def keys(self) -> Mapping[tuple[str, str], str]:
        """Identifier and type -> the key of the entity."""
        return {entity.key: key for key, entity in self.entities.items()}

    @cached_property
    def pair_of(self) -> Mapping[frozenset[str], CandidatePair]:
        """Two keys -> their candidate pair."""
        return {frozenset((self.keys[pair.entity1.key], self.keys[pair.entity2.key])): pair for pair in self.pairs}

    @property
    def wanted_key(self) -> str:
        """The key that an answer must have."""
        return RELATIONS if self.unit == "document" else RELATION

    def statement(self, subject: str, other: str, relation: str, novelty: str, directed: bool) -> Statement:
        """Return what an answer states in these words, of two keys that are a candidate pair."""
        pair = self.pair_of[frozenset((subject, other))]
        acting = ENTITY1_IS_SUBJECT if self.keys[pair.entity1.key] == subject else ENTITY2_IS_SUBJECT
        return Statement(pair, relation, NOVELTIES[novelty], acting if directed else UNDIRECTED)

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of an answer, in the part of the language that all servers know."""
        if self.unit == "document":
            parts = {RELATIONS: {"type": "array", "items": _object(self._relation_parts())}}
        else:
            parts = {
                RELATION: _choice(RELATION_LABELS),
                "subject": _choice([*self.entities], is_optional=True),
                "novelty": _choice([*NOVELTIES], is_optional=True),
            }
        return _object({**({REASONING: {"type": "string"}} if self.reasons else {}), **parts})

    def _relation_parts(self) -> dict[str, Any]:
        keys = [*self.entities]
        return {
            "subject": _choice(keys),
            "object": _choice(keys),
            "relation": _choice(RELATION_LABELS[1:]),
            "directed": {"type": "boolean"},
            "novelty": _choice([*NOVELTIES]),
        }

    def answer(self, statements: Iterable[Statement]) -> dict[str, Any]:
        """Return the right answer where these statements hold: the inverse of reading one, for examples."""
        written = {label: name for name, label in NOVELTIES.items()}
        found = [
            {
                "subject": self.keys[each.subject.key],
                "object": self.keys[each.object.key],
                "relation": each.relation_type,
                "directed": each.direction != UNDIRECTED,
                "novelty": written[each.novelty],
            }
            for each in statements
        ]
        if self.unit == "document":
            return {RELATIONS: found}
        if not found:
            return {RELATION: UNRELATED, "subject": None, "novelty": None}
        (only,) = found
        subject = only["subject"] if only["directed"] else None
        return {RELATION: only["relation"], "subject": subject, "novelty": only["novelty"]}


def questions_of(document: Document, pairs: Sequence[CandidatePair], unit: Unit, reasons: bool) -> list[Question]:
    """Return the questions on the candidate pairs of a document; none without any pair."""
    if unit == "pair":
        return [Question(document, [pair], unit, reasons) for pair in pairs]
    return [Question(document, pairs, unit, reasons)] if pairs else []


def _object(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(parts), "required": [*parts], "additionalProperties": False}


def _choice(values: Sequence[str], is_optional: bool = False) -> dict[str, Any]:
    if is_optional:
        return {"type": ["string", "null"], "enum": [*values, None]}
    return {"type": "string", "enum": [*values]}
