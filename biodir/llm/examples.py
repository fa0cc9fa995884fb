"""Examples for a question: training documents with entities of the same types and a similar text."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from biodir.document_biodir import Document
from biodir.document_candidates_biodir import CandidatePair, candidate_pairs
from biodir.errors_biodir import AnnotationError
from biodir.labels_biodir import PAIR_TYPES
from biodir.llm.prompts import Example
from biodir.llm.questions import NOVELTIES, Question, Statement
from biodir.pipeline_decoding_biodir import direction_label, relations_of_pairs

_WORD = re.compile(r"[a-z][a-z0-9]{2,}")
# How much the types of the candidate pairs count, against the words of the text.
TYPES_SHARE = 0.5

Vector = dict[str | int, float]


@dataclass(frozen=True)
class TrainingDocument:
    """A document with gold relations, as examples need it.

    Args:
        document: the document.
        pairs: its candidate pairs.
        statements: its relations, by candidate pair.

    With a `document` of Iron and EGFR without relations:

    >>> training = TrainingDocument.of(document)
    >>> len(training.pairs), training.statements
    (1, {})
    """

    document: Document
    pairs: Sequence[CandidatePair]
    statements: dict[CandidatePair, Statement]

    @classmethod
    def of(cls, document: Document) -> "TrainingDocument":
        """Return a document with its candidate pairs and relations.

        Raises:
            AnnotationError: a relation has no novelty.
        """
        pairs = list(candidate_pairs(document.entities(), PAIR_TYPES))
        relations = relations_of_pairs(document)
        statements = {}
        for pair in pairs:
            for relation in relations.get(pair.identifiers, ())[:1]:
                if relation.novelty is None or relation.novelty not in NOVELTIES.values():
                    raise AnnotationError(
                        f"document {document.id}: the novelty of a relation is {relation.novelty!r}; examples need "
                        "'Novel' or 'No'"
                    )
                label = direction_label(pair, relation)
                statements[pair] = Statement(pair, relation.relation_type, relation.novelty, label)
        return cls(document, pairs, statements)

    def example(self, question: Question, pair: CandidatePair | None = None) -> Example:
        """Return the document, or one of its pairs, as an example for a question."""
        pairs = self.pairs if pair is None else [pair]
        found = [self.statements[each] for each in pairs if each in self.statements]
        return Question(self.document, pairs, question.unit), found


class ExampleChooser:
    """Chooses the examples of questions.

    The similarity of two documents is the mean of two cosines: of the numbers of their candidate pairs of each pair
    type, and of their words, weighted by how few training documents have them (tf-idf).

    Args:
        documents: for training, with relations.
        number: of examples for a question.

    >>> ExampleChooser([], 3).examples(Question(Document("7", "Iron."), []))
    []
    """

    def __init__(self, documents: Iterable[Document], number: int) -> None:
        self._training = [each for each in map(TrainingDocument.of, documents) if each.pairs]
        self._number = number
        words = [_words(each.document) for each in self._training]
        counts = Counter(word for each in words for word in each)
        self._weights = {word: math.log((1 + len(words)) / (1 + count)) + 1 for word, count in counts.items()}
        self._vectors = [(self._text_vector(each), _types_vector(one.pairs)) for each, one in self._pairs(words)]
        self._last: tuple[Document, list[TrainingDocument]] | None = None

    def examples(self, question: Question) -> list[Example]:
        """Return the examples of a question, the most similar last, where it is next to the question.

        A pair gets pairs of its own types: as many that are related as are not, or one more.
        """
        ranked = self._ranked(question)
        if question.unit == "document":
            return [each.example(question) for each in ranked[: self._number]][::-1]
        wanted = {True: (self._number + 1) // 2, False: self._number // 2}
        chosen = []
        for training in ranked:
            for is_related in (True, False):
                pair = _first_pair(training, question.pairs[0].pair_type_id, is_related)
                if pair is not None and wanted[is_related]:
                    wanted[is_related] -= 1
                    chosen.append(training.example(question, pair))
        return chosen[::-1]

    def _ranked(self, question: Question) -> list[TrainingDocument]:
        """Return the training documents, the most similar first, without the document of the question."""
        document = question.document
        if self._last is None or self._last[0] is not document:
            text = self._text_vector(_words(document))
            types = _types_vector(candidate_pairs(document.entities(), PAIR_TYPES))
            scores = [
                TYPES_SHARE * _cosine(types, other_types) + (1 - TYPES_SHARE) * _cosine(text, other_text)
                for other_text, other_types in self._vectors
            ]
            order = sorted(range(len(scores)), key=lambda index: -scores[index])
            others = [self._training[index] for index in order]
            others = [
                each for each in others if document.id != each.document.id and document.text != each.document.text
            ]
            self._last = document, others
        return self._last[1]

    def _pairs(self, words: Sequence[Counter[str]]) -> Iterable[tuple[Counter[str], TrainingDocument]]:
        return zip(words, self._training, strict=True)

    def _text_vector(self, words: Counter[str]) -> Vector:
        return _unit({word: count * self._weights.get(word, 0.0) for word, count in words.items()})


def _first_pair(training: TrainingDocument, pair_type_id: int, is_related: bool) -> CandidatePair | None:
    found = (pair for pair in training.pairs if pair.pair_type_id == pair_type_id)
    return next((pair for pair in found if (pair in training.statements) == is_related), None)


def _words(document: Document) -> Counter[str]:
    return Counter(_WORD.findall(document.text.lower()))


def _types_vector(pairs: Iterable[CandidatePair]) -> Vector:
    return _unit({kind: float(count) for kind, count in Counter(pair.pair_type_id for pair in pairs).items()})


def _unit(vector: dict[str, float] | dict[int, float]) -> Vector:
    length = math.sqrt(sum(value * value for value in vector.values()))
    return {key: value / length for key, value in vector.items()} if length else {}


def _cosine(first: Vector, second: Vector) -> float:
    smaller, larger = sorted((first, second), key=len)
    return sum(value * larger.get(key, 0.0) for key, value in smaller.items())
