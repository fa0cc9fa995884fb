"""Properties of nodes and edges."""

from biodir.networks.merging import Edge, Node
from biodir.networks.properties import EDGE_PROPERTIES, NODE_PROPERTIES, node_key, values_of
from helpers.networks import BINDS, EGFR, IRON, RAISES


def values(owner, properties) -> dict:
    return {each.name: value for each, value in values_of(owner, properties)}


def test_edge_has_all_that_the_network_knows():
    assert values(RAISES, EDGE_PROPERTIES) == {
        "relation": "Positive_Correlation",
        "directed": True,
        "documents": 3,
        "pmids": ["7000001"],
        "other_documents": ["PMC12", "notes.txt:3"],
        "evidence": ['Iron; | "raises",\nEGFR', "Iron"],
        "evidence_location": ["PMID:7000001#char=0,17", "notes.txt:3#char=5,9"],
        "score_noisy_or": 0.75,
        "score_max": 0.5,
        "novel": 2,
        "known": 1,
        "opposite_direction": 4,
        "opposite_sign": 5,
    }


def test_what_is_unknown_or_empty_is_left_out_but_not_zero_and_false():
    found = values(BINDS, EDGE_PROPERTIES)
    assert (found["directed"], found["novel"]) == (False, 0)
    assert not {"score_max", "score_noisy_or", "evidence", "other_documents"} & found.keys()
    assert values(EGFR, NODE_PROPERTIES).keys() == {"identifier", "type", "name", "documents"}


def test_half_characters_are_replaced():
    odd = Node("text:a", "Gene", "a\ud800b", ("\udc00",))
    assert (values(odd, NODE_PROPERTIES)["name"], values(odd, NODE_PROPERTIES)["synonyms"]) == ("a\ufffdb", ["\ufffd"])


def test_key_of_a_node_is_one_of_its_own():
    nodes = [IRON, EGFR, *(Node(*pair, "") for pair in (("b:c", "a"), ("c", "a:b"), ("c", "a%3Ab"), ("b c", "a")))]
    nodes += [Node(f"b{each}c", "a", "") for each in "\v\n\ud800\ufffe%"] + [Node("b%0Ac", "a", "")]
    assert len({node_key(node) for node in nodes}) == len(nodes)
    assert all(node_key(node).isprintable() for node in nodes)


def test_every_field_of_an_edge_is_a_property():
    others = {"subject", "object", "scores", "novelties"}  # of each document; their sums are properties
    others.add("opposite_sign_either_way")  # for KGX, which has edges without order
    assert set(Edge.__dataclass_fields__) - others <= {each.name for each in EDGE_PROPERTIES}
    assert set(Node.__dataclass_fields__) - {"id", "entity_type"} <= {each.name for each in NODE_PROPERTIES}
