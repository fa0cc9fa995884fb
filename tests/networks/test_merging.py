"""Merging statements of documents to a network."""

import pytest

from biodir.document_biodir import Document, Mention, Relation
from biodir.errors_biodir import AnnotationError
from biodir.labels_biodir import CHEMICAL, DISEASE, GENE
from biodir.networks.merging import Edge, Network, merge

POSITIVE, NEGATIVE = "Positive_Correlation", "Negative_Correlation"
TEXT = "Iron raises EGFR. It is known that Iron is old. That EGFR falls is known."
MENTIONS = (
    Mention(0, 4, "Iron", "Chemical", ("MESH:D007501",)),
    Mention(12, 16, "EGFR", "Gene", ("1956",)),
    Mention(35, 39, "Iron", "Chemical", ("MESH:D007501",)),
    Mention(53, 57, "EGFR", "Gene", ("1956",)),
)
IRON, EGFR = "MESH:D007501", "1956"


def document(name: str, relation_type: str, subject: str | None = None, **values) -> Document:
    """Return a document with one relation of iron and EGFR."""
    return Document(name, TEXT, MENTIONS, (Relation(relation_type, IRON, EGFR, subject_id=subject, **values),))


def edge_of(network: Network, relation: str, subject: str | None = None) -> Edge:
    """Return the edge of a type, with a subject of that name or without direction."""
    (found,) = (
        edge
        for edge in network.edges
        if edge.relation == relation and (edge.subject.name if edge.directed else None) == subject
    )
    return found


def test_relation_type_and_direction_make_an_edge():
    documents = [
        document("1", "Bind"),
        document("2", POSITIVE, IRON),
        document("3", POSITIVE, EGFR),
        document("4", POSITIVE, IRON),
        document("5", POSITIVE),
    ]
    found = {(edge.relation, edge.directed and edge.subject.name, edge.documents) for edge in merge(documents).edges}
    assert found == {
        ("Bind", False, ("1",)),
        (POSITIVE, "Iron", ("2", "4")),
        (POSITIVE, "EGFR", ("3",)),
        (POSITIVE, False, ("5",)),
    }


def test_order_of_the_pair_in_the_file_makes_no_difference_without_direction():
    turned = Document("2", TEXT, MENTIONS, (Relation("Bind", EGFR, IRON),))
    assert [edge.documents for edge in merge([document("1", "Bind"), turned]).edges] == [("1", "2")]


def test_identifiers_with_and_without_vocabulary_are_one_node():
    plain = Document("2", "Fe", (Mention(0, 2, "Fe", CHEMICAL, ("D007501",)),))
    nodes = merge([document("1", "Bind"), plain]).nodes
    assert [(node.id, node.documents) for node in nodes] == [("MESH:D007501", 2), ("NCBIGene:1956", 1)]


def test_scores_are_those_of_type_and_direction_by_noisy_or_and_maximum():
    documents = [
        document("1", POSITIVE, IRON, relation_score=0.5, direction_score=0.8, novelty_score=0.1),
        document("2", POSITIVE, IRON, relation_score=0.5, direction_score=1.0, novelty_score=0.1),
        document("3", POSITIVE, IRON),
    ]
    (edge,) = merge(documents).edges
    assert (edge.score_noisy_or, edge.score_max) == (pytest.approx(1 - 0.6 * 0.5), 0.5)


def test_edge_without_scores_has_none():
    (edge,) = merge([document("1", "Bind")]).edges
    assert (edge.score_noisy_or, edge.score_max) == (None, None)


def test_novelty_is_counted():
    labels = ["Novel", "No", "Novel", None]
    documents = [document(str(number), "Bind", novelty=label) for number, label in enumerate(labels, start=1)]
    (edge,) = merge(documents).edges
    assert (edge.novel, edge.known, len(edge.documents)) == (2, 1, 4)


def test_documents_of_the_opposite_direction_are_counted():
    network = merge([document("1", POSITIVE, IRON), document("2", POSITIVE, EGFR), document("3", POSITIVE, EGFR)])
    assert edge_of(network, POSITIVE, "Iron").opposite_direction == 2
    assert edge_of(network, POSITIVE, "EGFR").opposite_direction == 1


def test_relation_of_an_entity_with_itself_is_not_its_own_opposite():
    mentions = (Mention(12, 16, "EGFR", GENE, (EGFR,)), Mention(53, 57, "EGFR", GENE, ("NCBIGene:1956",)))
    relation = Relation(POSITIVE, EGFR, "NCBIGene:1956", subject_id=EGFR)
    (edge,) = merge([Document("1", TEXT, mentions, (relation,))]).edges
    assert (edge.subject, edge.opposite_direction) == (edge.object, 0)


def test_documents_of_the_opposite_sign_are_counted_where_directions_agree():
    documents = [
        document("1", POSITIVE, IRON),
        document("2", NEGATIVE, IRON),
        document("3", NEGATIVE),
        document("4", NEGATIVE, EGFR),  # not what iron does
        document("5", POSITIVE),
    ]
    network = merge(documents)
    assert edge_of(network, POSITIVE, "Iron").opposite_sign == 2
    assert edge_of(network, POSITIVE).opposite_sign == 3
    assert edge_of(network, NEGATIVE, "EGFR").opposite_sign == 1


def test_document_with_several_opposite_statements_counts_once():
    both = Document(
        "2", TEXT, MENTIONS, (Relation(NEGATIVE, IRON, EGFR, subject_id=IRON), Relation(NEGATIVE, IRON, EGFR))
    )
    network = merge([document("1", POSITIVE, IRON), both])
    assert edge_of(network, POSITIVE, "Iron").opposite_sign == 1


def test_evidence_are_the_sentences_of_the_closest_mentions():
    (edge,) = merge([document("7", "Bind")]).edges
    assert [(each.document, each.start, each.end, each.text) for each in edge.evidence] == [
        ("7", 0, 17, "Iron raises EGFR.")
    ]


def test_evidence_in_two_sentences_is_both_of_them():
    apart = Document("7", "Iron is old. Now EGFR.", (MENTIONS[0], Mention(17, 21, "EGFR", "Gene", (EGFR,))))
    (edge,) = merge([Document(**{**vars(apart), "relations": (Relation("Bind", IRON, EGFR),)})]).edges
    assert [each.text for each in edge.evidence] == ["Iron is old.", "Now EGFR."]


def test_evidence_is_of_the_documents_with_the_best_scores_and_counts_stay_complete():
    scores = [0.3, 0.9, 0.1, 0.7, 0.9]
    documents = [document(str(number), "Bind", relation_score=score) for number, score in enumerate(scores, start=1)]
    (edge,) = merge(documents, evidence_documents=3).edges
    assert [each.document for each in edge.evidence] == ["2", "5", "4"]
    assert len(edge.documents) == 5
    assert merge(documents, evidence_documents=0).edges[0].evidence == ()


def test_name_is_the_most_frequent_mention_and_all_others_are_synonyms():
    text = "Fe Fe ferrum\nFe iron Iron  salt"
    spans = [(0, 2), (3, 5), (6, 12), (13, 15), (16, 20), (21, 31)]
    mentions = tuple(Mention(start, end, text[start:end], CHEMICAL, (IRON,)) for start, end in spans)
    node = merge([document("1", "Bind"), Document("2", text, mentions)]).nodes[0]
    assert (node.name, node.synonyms) == ("Fe", ("Iron", "Iron salt", "ferrum", "iron"))


def test_entities_without_relation_are_no_nodes():
    lonely = Document("2", "Asthma", (Mention(0, 6, "Asthma", DISEASE, ("D001249",)),))
    network = merge([document("1", "Bind"), lonely])
    assert {node.name for node in network.nodes} == {"Iron", "EGFR"}
    assert network.documents == 2


def test_identifier_with_two_types_is_taken_with_that_of_most_mentions():
    text = "Iron Iron Iron EGFR"
    mentions = (
        Mention(0, 4, "Iron", DISEASE, (IRON,)),
        Mention(5, 9, "Iron", CHEMICAL, (IRON,)),
        Mention(10, 14, "Iron", CHEMICAL, (IRON,)),
        Mention(15, 19, "EGFR", GENE, (EGFR,)),
    )
    (edge,) = merge([Document("1", text, mentions, (Relation("Bind", IRON, EGFR),))]).edges
    assert edge.subject.key == ("MESH:D007501", CHEMICAL)


def test_document_that_comes_twice_counts_once():
    once = merge([document("1", "Bind", relation_score=0.5), document("2", "Bind", relation_score=0.5)])
    twice = merge(2 * [document("1", "Bind", relation_score=0.5), document("2", "Bind", relation_score=0.5)])
    assert twice == once


def test_names_of_a_document_that_comes_twice_count_once():
    mentions = (Mention(0, 2, "Fe", CHEMICAL, (IRON,)), Mention(3, 7, "EGFR", GENE, (EGFR,)))
    other = Document("2", "Fe EGFR", mentions)
    documents = [other, document("1", "Bind")]
    assert [(node.name, node.synonyms) for node in merge([*documents, *4 * [other]]).nodes] == [
        ("Iron", ("Fe",)),
        ("EGFR", ()),
    ]


def test_second_part_of_a_document_adds_its_relations():
    network = merge([document("1", "Bind"), document("2", "Bind"), document("1", "Association")])
    assert [(edge.relation, edge.documents) for edge in network.edges] == [
        ("Bind", ("1", "2")),
        ("Association", ("1",)),
    ]


def test_order_of_documents_makes_no_difference():
    kinds = [POSITIVE, NEGATIVE, "Bind"]
    documents = [
        document(str(number), kinds[number % 3], (IRON, EGFR, None)[number % 2], relation_score=number / 40)
        for number in range(1, 40)
    ]
    assert merge(reversed(documents), evidence_documents=3) == merge(documents, evidence_documents=3)


def test_pmids_are_the_ids_that_are_numbers():
    documents = [document(name, "Bind") for name in ("notes.txt:3", "7000001", "PMC123")]
    (edge,) = merge(documents).edges
    assert (edge.pmids, edge.documents) == (("7000001",), ("PMC123", "7000001", "notes.txt:3"))


def test_relation_of_an_entity_without_mention_is_an_error():
    with pytest.raises(AnnotationError, match="document 7: '5' of a relation Bind has no mention"):
        merge([Document("7", TEXT, MENTIONS, (Relation("Bind", IRON, "5"),))])
