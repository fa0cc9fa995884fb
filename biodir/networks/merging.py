"""Merging: the statements of many documents to a network, whose edges know all documents that state them."""

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from math import isnan, nan, prod

from biodir.document_biodir import Document
from biodir.networks.curies import curie
from biodir.networks.statements import DocumentStatements, Evidence, NodeKey, Statement, statements_of

__all__ = ["Edge", "Evidence", "Merger", "Network", "Node", "merge"]

# Documents of an edge of which the sentences are kept, if the caller does not say how many.
EVIDENCE_DOCUMENTS = 10
# The labels of novelty, see `labels_biodir.NOVELTY_LABELS`.
NOVEL, KNOWN = "Novel", "No"
_NOVELTIES = (None, NOVEL, KNOWN)
OPPOSITE_SIGN = {
    "Positive_Correlation": "Negative_Correlation",
    "Negative_Correlation": "Positive_Correlation",
}
# Digits to which scores are rounded, so that the order of documents makes no difference.
SCORE_DIGITS = 6
_PMID = re.compile("[1-9][0-9]{0,8}")


@dataclass(frozen=True)
class Node:
    """An entity of a network. Identifier and type together are its key; an identifier with two types has two nodes.

    Args:
        id: its CURIE, such as ``NCBIGene:1956``; else the identifier of the documents, as ``text:tnf`` for an entity
            that is known by its name.
        entity_type: of BioRED, where the documents have one that biodir knows.
        name: the most frequent mention.
        synonyms: all other mentions, the most frequent first.
        documents: how many documents mention it.

    >>> Node("NCBIGene:1956", "GeneOrGeneProduct", "EGFR", ("ErbB1",), documents=3).key
    ('NCBIGene:1956', 'GeneOrGeneProduct')
    """

    id: str
    entity_type: str
    name: str
    synonyms: tuple[str, ...] = ()
    documents: int = 0

    @property
    def key(self) -> NodeKey:
        """Identifier and type, which no other node of the network has both."""
        return self.id, self.entity_type

    @property
    def is_linked(self) -> bool:
        """Whether its id is a CURIE, which means the same in other networks."""
        return curie(self.id, self.entity_type) is not None


@dataclass(frozen=True)
class Edge:
    """All statements of one relation between two entities in one direction.

    Args:
        subject, object: the ends. Without direction they are in the order of their keys.
        relation: the relation type.
        directed: whether subject and object are what their names say.
        documents: the ids of all documents that state it, each once, shorter ids first.
        evidence: sentences of the documents with the best scores; their number is limited, see `merge`.
        scores: of the documents, in their order; None for one that gives none.
        novelties: of the documents, in their order: `NOVEL`, `KNOWN` or None.
        opposite_direction: how many documents state the relation from object to subject.
        opposite_sign: how many documents state a negative where this is a positive correlation, or the other way
            round, in the same direction or where one of the two has none.
        opposite_sign_either_way: the same, in whatever direction.

    >>> iron, egfr = Node("MESH:D007501", "ChemicalEntity", "iron"), Node("NCBIGene:1956", "GeneOrGeneProduct", "EGFR")
    >>> edge = Edge(iron, egfr, "Bind", False, documents=("notes.txt", "7000001"), scores=(0.5, 0.8))
    >>> edge.pmids, edge.score_max, edge.score_noisy_or
    (('7000001',), 0.8, 0.9)
    """

    subject: Node
    object: Node
    relation: str
    directed: bool
    documents: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    scores: tuple[float | None, ...] = ()
    novelties: tuple[str | None, ...] = ()
    opposite_direction: int = 0
    opposite_sign: int = 0
    opposite_sign_either_way: int = 0

    @property
    def pmids(self) -> tuple[str, ...]:
        """The ids of documents that are PMIDs: numbers of at most nine digits."""
        return tuple(filter(is_pmid, self.documents))

    @property
    def score_noisy_or(self) -> float | None:
        """That at least one document is right, if they err independently; None if no document gives a score."""
        return noisy_or(self.scores)

    @property
    def score_max(self) -> float | None:
        """The best score of a document; None if no document gives one."""
        return score_max(self.scores)

    @property
    def novel(self) -> int:
        """How many documents call it new."""
        return self.novelties.count(NOVEL)

    @property
    def known(self) -> int:
        """How many documents call it known."""
        return self.novelties.count(KNOWN)

    def stated(self) -> Iterator[tuple[str, float | None, str | None]]:
        """Return each document with its score and novelty."""
        return zip_longest(self.documents, self.scores, self.novelties)


@dataclass(frozen=True)
class Network:
    """The merged relations of documents.

    Args:
        nodes: the entities that have a relation, those of most documents first.
        edges: those of most documents first.
        documents: how many documents were merged, also those without relations.

    >>> len(Network((), (), documents=0).edges)
    0
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    documents: int = 0


def merge(documents: Iterable[Document | DocumentStatements], evidence_documents: int = EVIDENCE_DOCUMENTS) -> Network:
    """Return the network of the relations of documents.

    Statements with the same entities, relation type and direction are one edge. Where several documents have one id, or
    one document states a relation twice, the first statement counts. The order of documents makes no other difference.

    Args:
        documents: with relations, gold or predicted. They are read one at a time and not kept.
        evidence_documents: of so many documents an edge keeps the sentences; all documents are counted and named.

    Raises:
        AnnotationError: a relation has an entity without mention.

    >>> mentions = [{"start": 0, "end": 4, "type": "Chemical", "id": "D007501"},
    ...             {"start": 11, "end": 15, "type": "Gene", "id": "1956"}]
    >>> relation = {"relation": "Bind", "entity1": "1956", "entity2": "D007501", "novelty": "Novel"}
    >>> document = {"text": "Iron binds EGFR.", "entities": mentions, "relations": [relation]}
    >>> network = merge(Document.from_dict(document, default_id=name) for name in ("31", "32"))
    >>> [(edge.subject.name, edge.object.name, edge.pmids, edge.novel) for edge in network.edges]
    [('Iron', 'EGFR', ('31', '32'), 2)]
    """
    merger = Merger(evidence_documents)
    for document in documents:
        merger.add(document)
    return merger.network()


class Merger:
    """Merges documents one by one; `merge` does so for an iterable.

    Memory grows with the number of different entities, names, edges and evidence, by four bytes for each document of an
    entity, and by 13 for each document of an edge.

    Args:
        evidence_documents: see `merge`.

    >>> merger = Merger()
    >>> merger.add(Document("7", "Iron."))
    >>> merger.network()
    Network(nodes=(), edges=(), documents=1)
    """

    def __init__(self, evidence_documents: int = EVIDENCE_DOCUMENTS) -> None:
        self._evidence_documents = evidence_documents
        self._repeated = 0
        self._number_of: dict[str, int] = {}  # id of a document -> its number in the order of reading
        self._nodes: dict[NodeKey, _NodeCounts] = {}
        self._edges: dict[_EdgeKey, _EdgeCounts] = {}

    def add(self, document: Document | DocumentStatements) -> None:
        """Add what a document states.

        Raises:
            AnnotationError: a relation has an entity without mention; nothing of the document is added.
        """
        found = statements_of(document) if isinstance(document, Document) else document
        is_repeated = found.id in self._number_of
        self._repeated += is_repeated
        number = self._number_of.setdefault(found.id, len(self._number_of))
        for key, names in found.names.items():
            node = self._nodes.setdefault(key, _NodeCounts(key))
            if node.documents.add(number, is_repeated):
                node.names.update(names)
            else:  # the document comes again; another part of it may have further names
                node.names |= names
        for statement in found.statements:
            ends = self._nodes[statement.subject].key, self._nodes[statement.object].key
            edge_key = (*ends, statement.relation, statement.directed)
            edge = self._edges.get(edge_key)
            if edge is None:
                edge = self._edges[edge_key] = _EdgeCounts()
            if edge.documents.add(number, is_repeated):
                edge.add(statement, found.id, self._evidence_documents)

    def notes(self) -> list[str]:
        """Return a line for the user on documents with the id of an earlier one."""
        if not self._repeated:
            return []
        return [
            f"documents with the id of an earlier one, read as the same document: {self._repeated}; are ids unique?"
        ]

    @property
    def is_empty(self) -> bool:
        """Whether no document so far states a relation."""
        return not self._edges

    def network(self) -> Network:
        """Return the network of the documents so far."""
        related = {key for edge_key in self._edges for key in edge_key[:2]}
        nodes = {key: counts.node() for key, counts in self._nodes.items() if key in related}
        ids = tuple(self._number_of)
        edges = (self._edge(key, counts, nodes, ids) for key, counts in self._edges.items())
        return Network(
            tuple(sorted(nodes.values(), key=lambda node: (-node.documents, node.key))),
            tuple(sorted(edges, key=_edge_order)),
            len(ids),
        )

    def _edge(self, key: "_EdgeKey", counts: "_EdgeCounts", nodes: dict[NodeKey, Node], ids: Sequence[str]) -> Edge:
        subject, object_, relation, directed = key
        stated = sorted(counts.stated(ids), key=lambda each: id_order(each[0]))
        documents, scores, novelties = zip(*stated, strict=True)
        return Edge(
            nodes[subject],
            nodes[object_],
            relation,
            directed,
            documents,
            counts.best_evidence(self._evidence_documents),
            scores,
            novelties,
            self._document_count([(object_, subject, relation, True)] if directed and subject != object_ else []),
            self._document_count(_opposite_signs(key)),
            self._document_count(_opposite_signs((subject, object_, relation, False))),
        )

    def _document_count(self, keys: Iterable["_EdgeKey"]) -> int:
        """Return how many documents state at least one of the edges."""
        found = [self._edges[key].documents.numbers for key in keys if key in self._edges]
        return len(found[0]) if len(found) == 1 else len(set().union(*found))


# Subject, object, relation type and whether it has a direction.
_EdgeKey = tuple[NodeKey, NodeKey, str, bool]


class _DocumentNumbers:
    """Numbers of documents, each once."""

    __slots__ = ("numbers",)

    def __init__(self) -> None:
        self.numbers = array("I")

    def add(self, number: int, is_repeated: bool) -> bool:
        """Add a number and return whether it is a new one; that of a repeated document may be anywhere in them."""
        is_last = bool(self.numbers) and self.numbers[-1] == number
        if is_last or (is_repeated and number in self.numbers):
            return False
        self.numbers.append(number)
        return True


class _NodeCounts:
    """The documents of an entity and its names with their numbers."""

    __slots__ = ("documents", "key", "names")

    def __init__(self, key: NodeKey) -> None:
        self.key = key
        self.documents = _DocumentNumbers()
        self.names: Counter[str] = Counter()

    def node(self) -> Node:
        name, *synonyms = sorted(self.names, key=lambda name: (-self.names[name], name))
        return Node(*self.key, name, tuple(synonyms), len(self.documents.numbers))


class _EdgeCounts:
    """What the documents of an edge add up to."""

    __slots__ = ("_evidence", "_novelties", "_scores", "documents")

    def __init__(self) -> None:
        self.documents = _DocumentNumbers()
        self._scores = array("d")  # of the documents; not a number where there is none
        self._novelties = array("b")  # of the documents, as places in _NOVELTIES
        self._evidence: list[tuple[float, tuple[int, str], tuple[Evidence, ...]]] = []

    def add(self, statement: Statement, document_id: str, evidence_documents: int) -> None:
        self._scores.append(nan if statement.score is None else statement.score)
        self._novelties.append(_NOVELTIES.index(statement.novelty) if statement.novelty in _NOVELTIES else 0)
        if statement.evidence and evidence_documents:
            self._evidence.append((-(statement.score or 0.0), id_order(document_id), statement.evidence))
            if len(self._evidence) >= 2 * evidence_documents:
                self._evidence = self._best(evidence_documents)

    def stated(self, ids: Sequence[str]) -> Iterator[tuple[str, float | None, str | None]]:
        """Yield the id, score and novelty of each document."""
        for number, score, novelty in zip(self.documents.numbers, self._scores, self._novelties, strict=True):
            yield ids[number], None if isnan(score) else score, _NOVELTIES[novelty]

    def best_evidence(self, evidence_documents: int) -> tuple[Evidence, ...]:
        return tuple(sentence for *_, sentences in self._best(evidence_documents) for sentence in sentences)

    def _best(self, number: int) -> list[tuple[float, tuple[int, str], tuple[Evidence, ...]]]:
        return sorted(self._evidence, key=lambda entry: entry[:2])[:number]


def _opposite_signs(key: _EdgeKey) -> list[_EdgeKey]:
    """Return the edges that contradict the sign of an edge: no direction agrees with each of the two."""
    subject, object_, relation, directed = key
    if relation not in OPPOSITE_SIGN:
        return []
    opposite = OPPOSITE_SIGN[relation]
    without = (min(subject, object_), max(subject, object_), opposite, False)
    same = (subject, object_, opposite, True)
    return [without, same] if directed else [without, same, (object_, subject, opposite, True)]


def noisy_or(scores: Iterable[float | None]) -> float | None:
    """Return 1 - product of (1 - score); None if there is no score.

    >>> noisy_or([0.5, None, 0.5]), noisy_or([None])
    (0.75, None)
    """
    given = [score for score in scores if score is not None]
    return round(1 - prod(1 - score for score in given), SCORE_DIGITS) if given else None


def score_max(scores: Iterable[float | None]) -> float | None:
    """Return the best score; None if there is none."""
    given = [score for score in scores if score is not None]
    return round(max(given), SCORE_DIGITS) if given else None


def id_order(document_id: str) -> tuple[int, str]:
    """Return the key that sorts ids; numbers by their value."""
    return len(document_id), document_id


def is_pmid(document_id: str) -> bool:
    """Return whether the id of a document is a PMID: a number of at most nine digits."""
    return _PMID.fullmatch(document_id) is not None


def _edge_order(edge: Edge) -> tuple[int, NodeKey, NodeKey, str, bool]:
    return -len(edge.documents), edge.subject.key, edge.object.key, edge.relation, edge.directed
