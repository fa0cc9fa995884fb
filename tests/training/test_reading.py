"""Documents of the files of a run, and the types of their entities."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from biodir.document_biodir import Relation
from biodir.errors_biodir import ErrorPolicy, SettingError
from biodir.labels_biodir import CHEMICAL, ENTITY_TYPES
from biodir.training.reading import known_documents
from helpers.marked import marked_document

BIORED = SimpleNamespace(entity_types=ENTITY_TYPES, type_map={"Drugs": "Chemical"})


def typed(marked, *types, **fields):
    """The document of a marked text, its mentions with other types."""
    document = marked_document(marked, **fields)
    mentions = [replace(each, entity_type=kind) for each, kind in zip(document.mentions, types, strict=True)]
    return replace(document, mentions=tuple(mentions))


DOCUMENTS = [
    typed(
        "<C:1 Iron> <S:2 skin> <G:3 it>", "Drugs", "Tissue", "RefSeq", id="1", relations=(Relation("Bind", "1", "2"),)
    ),
    typed("<C:1 Iron> <S:2 skin> <D:4 red>", "Chemical", "Tissue", "Dye", id="2"),
]


def known(policy, documents=DOCUMENTS):
    logged = []
    found = known_documents("a", documents, BIORED, policy, logged.append)
    return [[mention.entity_type for mention in document.mentions] for document in found], logged


def test_unknown_types_are_all_named_at_once_with_their_numbers():
    with pytest.raises(SettingError, match=r"^a: mentions have unknown entity types: 'Tissue' \(2\), 'Dye' \(1\); the"):
        known(ErrorPolicy())


def test_mentions_of_unknown_types_are_left_out_and_those_of_no_entity_counted():
    types, logged = known(ErrorPolicy("skip-mention"))
    assert types == [[CHEMICAL], [CHEMICAL]]
    assert logged == [
        "a: left out: 3 mentions (unknown entity type 'Tissue': 2, unknown entity type 'Dye': 1)",
        "a: left out: 1 relation (its entity has no mention left)",
        "a: mentions of the type 'RefSeq', which is no entity type here, left out: 1",
    ]


def test_documents_with_unknown_types_are_left_out():
    plain = marked_document("<C:1 Iron> binds.", id="3")
    assert known(ErrorPolicy("skip-document"), [*DOCUMENTS, plain])[0] == [[CHEMICAL]]


def test_pairs_with_several_types_are_counted():
    relations = Relation("Bind", "1", "2"), Relation("Association", "2", "1"), Relation("Bind", "2", "1")
    document = marked_document("<C:1 Iron> binds <G:2 it>.", id="7", relations=relations)
    _, logged = known(ErrorPolicy(), [document])
    assert logged == [
        "a: 1 pairs have several relation types (7: Bind and Association of 1 and 2): all are learned, but a model "
        "returns one type for a pair"
    ]
