"""Which pairs a document judges, and which labels of a pair teach nothing."""

from dataclasses import replace

import pytest

from biodir.configuration_biodir import BioDirConfig
from biodir.document_biodir import Relation
from biodir.document_candidates_biodir import candidate_pairs
from biodir.errors_biodir import SettingError
from biodir.labels_biodir import CHEMICAL, DISEASE, GENE, PAIR_TYPES
from biodir.pipeline_decoding_biodir import UNANNOTATED
from biodir.training.scopes import Judgement, Scope, known_scope, pair_counts
from helpers.marked import marked_document

DOCUMENT = marked_document("<C:1 Iron> binds <G:2 it> and <G:3 her2>. <D:4 Pain> is.")
RELATED = marked_document(
    "<C:1 Iron> binds <G:2 it>. <D:3 Pain> is.", relations=(Relation("Bind", "1", "2", subject_id="1"),)
)
CHEMICAL_GENE = frozenset((CHEMICAL, GENE))
TARGETS = {"relation": [1.0, 0.0, 0.0], "novelty": [1.0, 0.0], "direction": [1.0, 0.0]}
LABELS = ["None", "Association", "Bind"]


def pair_of(*identifiers: str):
    pairs = candidate_pairs(DOCUMENT.entities(), PAIR_TYPES)
    return next(pair for pair in pairs if pair.identifiers == frozenset(identifiers))


@pytest.mark.parametrize(
    ("pair", "is_related", "expected"),
    [("12", False, True), ("13", False, False), ("14", False, False), ("14", True, True), ("34", False, True)],
)
def test_pairs_of_complete_types_judged_pairs_and_related_ones_are_learned_from(pair, is_related, expected):
    judgement = Judgement(
        complete=frozenset([CHEMICAL_GENE]),
        unrelated=frozenset([frozenset("34")]),
        unknown=frozenset([frozenset("13")]),
    )
    assert judgement.judges(pair_of(*pair), is_related) is expected
    assert Scope({"7": judgement}).judges("7", pair_of(*pair), is_related) is expected
    assert Scope({"7": judgement}).judges("8", pair_of(*pair), is_related)


def test_pair_of_a_type_that_the_corpus_leaves_out_is_not_learned_from():
    scope = Scope(pair_types=frozenset([frozenset((CHEMICAL, DISEASE))]))
    assert [scope.judges("7", pair_of(*pair), True) for pair in ("12", "14")] == [False, True]


def test_scope_gets_the_entity_types_of_the_model():
    given = frozenset([frozenset(("Chemical", "gene"))])
    found = known_scope(Scope({"7": Judgement(complete=given)}, pair_types=given), BioDirConfig(), "a")
    assert found.pair_types == found.judgements["7"].complete == {CHEMICAL_GENE}


@pytest.mark.parametrize(
    ("scope", "message"),
    [
        (
            {"known_types": frozenset(["Positive_Corelation"])},
            "known_types names 'Positive_Corelation', .*mean 'Positive_C",
        ),
        ({"unsure": {"Binds": ["Association"]}}, "unsure names 'Binds', no relation type of .*; did you mean 'Bind'"),
        ({"unsure": {"Bind": ["Associatio"]}}, "unsure names 'Associatio', no relation type of BioRED or of this run;"),
        ({"pair_types": frozenset([frozenset(("Chemikal", GENE))])}, "pair_types names 'Chemikal', no entity type of"),
    ],
)
def test_names_that_neither_biored_nor_the_run_has_are_refused(scope, message):
    with pytest.raises(SettingError, match=f"^list of corpora, a: {message}"):
        known_scope(Scope(**scope), BioDirConfig(), "a")
    own = {"relation_labels": ["None", "Positive_Corelation", "Binds", "Associatio"], "generic_relation": None}
    own |= {"entity_types": ["Chemikal"], "pair_types": [["Chemikal", "Chemikal"]]}
    assert known_scope(Scope(**scope), BioDirConfig(**own), "a").known_types == scope.get("known_types")


def test_document_without_relation_and_judged_pair_says_nothing():
    assert not Judgement(entity_types=frozenset([GENE])).says_anything(DOCUMENT)
    assert Judgement(complete=frozenset([CHEMICAL_GENE])).says_anything(DOCUMENT)


def test_everything_is_annotated_by_default():
    for types in ((), ("Bind",)):
        assert Scope().masked(TARGETS, LABELS, types) == TARGETS


def test_unrelated_pair_has_targets_of_the_known_types_only():
    found = Scope(known_types=frozenset(["Bind"])).masked(TARGETS, LABELS, types=())
    unknown = [UNANNOTATED, UNANNOTATED]
    assert found == {"relation": [*unknown, 0.0], "novelty": unknown, "direction": unknown}


def test_related_pair_has_no_targets_of_types_that_may_be_meant_but_of_all_others():
    scope = Scope(known_types=frozenset(["Bind"]), unsure={"Association": ["Bind", "Association"]})
    targets = {"relation": [0.0, 1.0, 0.0], "direction": [0.0, 1.0]}
    assert scope.masked(targets, LABELS, ["Association"]) == {**targets, "relation": [0.0, 1.0, UNANNOTATED]}
    assert scope.masked(targets, LABELS, ["Association"], directed=False)["direction"] == [UNANNOTATED] * 2
    targets = {"relation": [0.0, 0.0, 1.0], "direction": [0.0, 1.0]}
    assert scope.masked(targets, LABELS, ["Bind"]) == targets


def test_pairs_are_counted_by_the_labels_that_hold():
    targets = [{"relation": [0.0, 1.0, -1.0]}, {"relation": [0.0, 1.0, 1.0]}, {"relation": [-1.0] * 3}]
    counts = pair_counts(targets, {"relation": LABELS, "novelty": []})
    assert counts == {"relation": {"Association": 2, "Bind": 1, "not annotated": 1}}


def test_unknown_types_and_directions_of_predictions_do_not_count():
    relations = (Relation("Bind", "1", "2", subject_id="1"), Relation("Association", "1", "3", subject_id="3"))
    document = replace(RELATED, relations=relations)
    scope = Scope({"7": Judgement(undirected=frozenset([frozenset("12")]))}, known_types=frozenset(["Bind"]))
    found = scope.comparable(document, RELATED)
    assert found.relations == (Relation("Bind", "1", "2"),)


def test_related_pairs_keep_types_that_the_corpus_does_not_know_or_is_unsure_of():
    gold = replace(RELATED, relations=(Relation("Association", "1", "2"), Relation("Association", "1", "3")))
    found = (Relation("Association", "1", "2"), Relation("Negative_Correlation", "1", "3"))
    scope = Scope(known_types=frozenset(["Bind"]), unsure={"Association": ["Negative_Correlation"]})
    compared = scope.comparable(replace(RELATED, relations=found), gold)
    assert compared.relations == gold.relations
