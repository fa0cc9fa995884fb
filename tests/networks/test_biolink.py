"""The rules of Biolink, and their table in docs/networks.md."""

import pytest

from biodir.labels_biodir import CHEMICAL, DISEASE, GENE, RELATION_LABELS, VARIANT
from biodir.networks.biolink import ANY, DIRECTED, RULES, SYMMETRIC, is_turned, rule_of
from biodir.networks.merging import Edge, Node
from helpers.checkout import CHECKOUT

POSITIVE, NEGATIVE = "Positive_Correlation", "Negative_Correlation"


def edge(subject: str, object_: str, relation: str, directed: bool = True) -> Edge:
    """Return an edge between two entities of these types."""
    return Edge(Node("1", subject, "one"), Node("2", object_, "two"), relation, directed)


@pytest.mark.parametrize(
    ("subject", "object_", "relation", "directed", "predicate", "qualifier"),
    [
        (CHEMICAL, GENE, POSITIVE, True, "affects", "increased"),
        (CHEMICAL, GENE, NEGATIVE, True, "affects", "decreased"),
        (GENE, GENE, POSITIVE, True, "regulates", "increased"),
        (GENE, CHEMICAL, NEGATIVE, True, "affects", "decreased"),
        (CHEMICAL, CHEMICAL, NEGATIVE, True, "affects", "decreased"),
        (CHEMICAL, DISEASE, POSITIVE, True, "contributes_to", None),
        (CHEMICAL, DISEASE, NEGATIVE, True, "ameliorates_condition", None),
        (GENE, DISEASE, POSITIVE, True, "contributes_to", None),
        (GENE, DISEASE, NEGATIVE, True, "associated_with", None),
        (DISEASE, GENE, POSITIVE, True, "associated_with", None),
        (DISEASE, CHEMICAL, NEGATIVE, True, "associated_with", None),
        (VARIANT, DISEASE, POSITIVE, True, "contributes_to", None),
        (GENE, GENE, POSITIVE, False, "positively_correlated_with", None),
        (CHEMICAL, DISEASE, NEGATIVE, False, "negatively_correlated_with", None),
        (GENE, DISEASE, "Association", True, "associated_with", None),
        (GENE, GENE, "Bind", True, "directly_physically_interacts_with", None),
        (CHEMICAL, VARIANT, POSITIVE, True, "associated_with_response_to", None),
        (VARIANT, CHEMICAL, "Association", False, "associated_with_response_to", None),
        (CHEMICAL, CHEMICAL, "Drug_Interaction", False, "pharmacologically_interacts_with", None),
        (CHEMICAL, GENE, "Drug_Interaction", False, "related_to", None),
        (CHEMICAL, CHEMICAL, "Cotreatment", False, "related_to", None),
        (CHEMICAL, CHEMICAL, "Comparison", True, "related_to", None),
        (CHEMICAL, CHEMICAL, "Conversion", True, "related_to", None),
        ("Tissue", "Tissue", "of_another_model", True, "related_to", None),
    ],
)
def test_edge_has_the_predicate(subject, object_, relation, directed, predicate, qualifier):
    rule = rule_of(edge(subject, object_, relation, directed))
    assert (rule.predicate, rule.object_direction) == (f"biolink:{predicate}", qualifier)


def test_directed_correlations_have_no_predicate_of_a_correlation():
    types = (CHEMICAL, DISEASE, GENE, VARIANT, "Tissue")
    found = {
        rule_of(edge(first, second, relation)).predicate
        for first in types
        for second in types
        for relation in RELATION_LABELS
    }
    assert not {name for name in found if "correlated" in name}
    assert not found & {"biolink:treats", "biolink:causes", "biolink:binds"}


@pytest.mark.parametrize(
    ("subject", "object_", "directed", "expected"),
    [
        (CHEMICAL, VARIANT, True, True),
        (CHEMICAL, VARIANT, False, True),
        (VARIANT, CHEMICAL, False, False),
        (CHEMICAL, GENE, True, False),
    ],
)
def test_predicate_with_an_order_goes_from_the_first_type_of_its_rule(subject, object_, directed, expected):
    found = edge(subject, object_, POSITIVE, directed)
    assert is_turned(found, rule_of(found)) is expected


def test_symmetric_predicate_goes_from_the_first_key():
    node1, node2 = Node("1", GENE, "one"), Node("2", DISEASE, "two")
    for subject, object_, expected in ((node1, node2, False), (node2, node1, True)):
        found = Edge(subject, object_, "Association", directed=True)
        assert is_turned(found, rule_of(found)) is expected


def test_rules_without_direction_have_predicates_without_order_or_name_both_types():
    for rule in RULES:
        assert rule.direction == DIRECTED or rule.predicate in SYMMETRIC or ANY not in (rule.first, rule.second)


def test_table_of_the_documentation_is_that_of_the_code():
    section = (CHECKOUT / "docs" / "networks.md").read_text("utf-8").split("\n## KGX\n")[1]
    table = section.split("|---|---|---|---|---|---|---|\n")[1].split("\n\n")[0]
    rows = [tuple(cell.strip(" `") for cell in line.split("|")[1:-1]) for line in table.splitlines()]
    assert rows == [
        (
            *(rule.first, rule.direction, rule.second, rule.relation, rule.predicate.removeprefix("biolink:")),
            *(rule.object_direction or "", rule.association.removeprefix("biolink:")),
        )
        for rule in RULES
    ]
