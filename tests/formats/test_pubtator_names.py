"""Relation types by the names of PubTator 3."""

import pytest

from biodir.document_biodir import Document, Mention
from biodir.formats.pubtator_names import biored_relation, pubtator3_relation, with_names_of_pubtator3
from biodir.labels_biodir import CHEMICAL, DISEASE, ENTITY_TYPES, GENE, RELATION_LABELS, UNRELATED, VARIANT
from helpers.checkout import CHECKOUT

POSITIVE, NEGATIVE = "Positive_Correlation", "Negative_Correlation"
# What PubTator 3 calls its relations.
NAMES = {
    *("associate", "cause", "compare", "convert", "cotreat", "drug_interact", "inhibit", "interact"),
    *("negative_correlate", "positive_correlate", "prevent", "stimulate", "treat"),
}
PAIRS = [(first, second) for first in ENTITY_TYPES for second in ENTITY_TYPES]


@pytest.mark.parametrize(
    ("types", "positive", "negative"),
    [
        ((CHEMICAL, DISEASE), "cause", "treat"),
        ((DISEASE, VARIANT), "cause", "prevent"),
        ((DISEASE, GENE), "stimulate", "inhibit"),
        ((CHEMICAL, GENE), "positive_correlate", "negative_correlate"),
        ((GENE, GENE), "positive_correlate", "negative_correlate"),
        (("Chemical", "Disease"), "cause", "treat"),
    ],
)
def test_correlations_are_named_by_the_types_in_either_order(types, positive, negative):
    for ordered in (types, types[::-1]):
        assert [pubtator3_relation(relation, ordered) for relation in (POSITIVE, NEGATIVE)] == [positive, negative]


def test_names_are_those_of_pubtator3_and_mean_one_relation_each():
    labels = [label for label in RELATION_LABELS if label != UNRELATED]
    assert {pubtator3_relation(label, pair) for label in labels for pair in PAIRS} == NAMES
    for label in labels:
        assert {biored_relation(pubtator3_relation(label, pair)) for pair in PAIRS} == {label}


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [("C000657245", "MESH:C000657245"), ("C046498", "MESH:C046498"), ("C0004096", "C0004096")],
)
def test_identifiers_of_mesh_get_its_name_and_those_of_umls_do_not(identifier, expected):
    document = Document("7", "Iron", (Mention(0, 4, "Iron", CHEMICAL, (identifier,)),))
    assert with_names_of_pubtator3(document).mentions[0].identifiers == (expected,)


def test_relation_of_another_model_keeps_its_name():
    assert pubtator3_relation("cures", (CHEMICAL, DISEASE)) == biored_relation("cures") == "cures"


def test_table_of_the_documentation_is_that_of_the_code():
    section = (CHECKOUT / "docs" / "networks.md").read_text("utf-8").split("\n## Names of PubTator 3\n")[1]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in section.splitlines() if line.startswith("| `")]
    assert len(rows) == 14
    for relation, pair, name in rows:
        types = (GENE, VARIANT) if pair == "any" else [kind.strip("`") for kind in pair.split(", ")]
        assert pubtator3_relation(relation.strip("`"), types) == name.strip("`")
