"""Targets from how often a better annotation has which type where a corpus has one."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from biodir.configuration_biodir import BioDirConfig
from biodir.document_biodir import Relation
from biodir.errors_biodir import SettingError
from biodir.labels_biodir import CHEMICAL, GENE, RELATION_LABELS
from biodir.training.confusion import read_confusion, with_soft_relations
from biodir.training.corpora import TrainingCorpus
from biodir.training.data import LabelledPairs
from biodir.training.preparation import pairs_to_learn
from biodir.training.scopes import Scope
from biodir.training.settings import TrainingSettings
from helpers.marked import make_processor, marked_document

GENES, CHEMICAL_GENE = [GENE, GENE], [CHEMICAL, GENE]
COUNTS = [
    {"pair": GENES, "counts": {"Bind": {"Bind": 4, "Association": 6}, "None": {"None": 10}}},
    {"pair": CHEMICAL_GENE, "counts": {"Bind": {"Bind": 10, "None": 20}}},
]
LABELS = {"relation": ["None", "Association", "Bind"], "direction": ["None", "Left"]}


def read(tmp_path, tables) -> dict:
    path = tmp_path / "counts.json"
    path.write_text(json.dumps(tables) if not isinstance(tables, str) else tables)
    return read_confusion(str(path))


def pair_of(*types):
    return SimpleNamespace(pair=SimpleNamespace(entity1=SimpleNamespace(entity_type=types[0]),
                                                entity2=SimpleNamespace(entity_type=types[1])))  # fmt: skip


def test_row_is_the_share_of_its_pairs_and_of_ten_like_those_of_all_pair_types(tmp_path):
    found = read(tmp_path, COUNTS)
    # Bind of all pair types: 14 Bind, 6 Association, 20 None, so that ten pairs are 3.5, 1.5 and 5 of these.
    assert found[frozenset(GENES)]["Bind"] == {
        "Bind": pytest.approx(7.5 / 20),
        "Association": pytest.approx(7.5 / 20),
        "None": pytest.approx(5 / 20),
    }
    assert found[frozenset(CHEMICAL_GENE)]["Bind"]["None"] == pytest.approx(25 / 40)
    assert found[frozenset(GENES)]["None"] == {"None": 1.0}


@pytest.mark.parametrize(
    ("tables", "reason"),
    [
        ("{", r": cannot be read as JSON: Expecting property name"),
        ([], ": holds no list of pair types"),
        ({"pair": GENES}, ": holds no list of pair types"),
        ([*COUNTS, {"pair": GENES}], ", pair type 3: .* has not the keys pair and counts"),
        ([{"pair": [GENE], "counts": {}}], r", pair type 1: pair is \['Gene.*; write two entity types"),
        ([{"pair": GENES, "counts": {}}], r", pair type 1: counts is \{\}; write a mapping"),
        ([{"pair": GENES, "counts": {"Bind": 4}}], ", pair type 1: counts is .*; write a mapping"),
        ([{"pair": GENES, "counts": {"Bind": {"Bind": 0.5}}}], ", pair type 1: Bind: Bind has the count 0.5; write"),
        ([{"pair": GENES, "counts": {"Bind": {"Bind": -1}}}], ", pair type 1: Bind: Bind has the count -1; write"),
        ([{"pair": GENES, "counts": {"Bind": {"Bind": 0}}}], ", pair type 1: Bind has no pair; leave it out"),
        ([*COUNTS, {**COUNTS[1], "pair": CHEMICAL_GENE[::-1]}], ", pair type 3: the list has these two types before"),
    ],
)
def test_file_of_another_form_is_refused_with_the_place(tables, reason, tmp_path):
    with pytest.raises(SettingError, match=rf"counts\.json{reason}"):
        read(tmp_path, tables)
    with pytest.raises(SettingError, match=r"absent\.json: there is no such file; `confusion` starts from --data_dir"):
        read_confusion(str(tmp_path / "absent.json"))


def test_targets_are_the_row_of_pair_type_and_relation_type(tmp_path):
    tables = read(tmp_path, COUNTS)
    hard = [[0.0, 0.0, 1.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.0, 1.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 1.0]]
    types = [GENES, CHEMICAL_GENE[::-1], GENES, GENES, GENES, GENES]
    pairs = LabelledPairs(
        SimpleNamespace(pairs=[pair_of(*each) for each in types]),
        tuple({"relation": values, "direction": [0.0, 1.0]} for values in hard),
    )
    found = with_soft_relations(replace(pairs, swapped=pairs), tables, LABELS)
    expected = [pytest.approx([0.25, 0.375, 0.375]), pytest.approx([0.625, 0.0375, 0.3375]), *hard[2:5]]
    expected.append(pytest.approx([0.25, -1.0, 0.375]))
    assert [each["relation"] for each in found.targets] == expected
    assert found.swapped.targets == found.targets
    assert all(each["direction"] == [0.0, 1.0] for each in found.targets)
    # Of the second pair gold more often has no relation.
    assert found.related == (True, False, True, True, False, True)
    assert with_soft_relations(pairs, {}, LABELS) is with_soft_relations(pairs, tables, {"novelty": ["None"]}) is pairs


def test_unrelated_pair_that_becomes_related_says_nothing_of_the_other_tasks(tmp_path):
    tables = read(tmp_path, [{"pair": GENES, "counts": {"None": {"Bind": 3, "None": 1}}}])
    targets = ({"relation": [1.0, 0.0, 0.0], "direction": [1.0, 0.0]},)
    pairs = LabelledPairs(SimpleNamespace(pairs=[pair_of(*GENES)]), targets)
    assert with_soft_relations(pairs, tables, LABELS).targets == (
        {"relation": [0.25, 0.0, 0.75], "direction": [-1.0, -1.0]},
    )


IRON = marked_document("<C:1 iron> binds <G:2 it> and <D:3 pain>.", relations=(Relation("Bind", "1", "2", None, "1"),))


@pytest.fixture
def doubted(tmp_path):
    def corpus(**counts) -> TrainingCorpus:
        tables = read(tmp_path, [{"pair": CHEMICAL_GENE, "counts": counts}])
        return TrainingCorpus("b", (replace(IRON, id="8"),), name="b", scope=Scope(confusion=tables))

    return corpus


def learned(corpora, config=None):
    """Corpus and pair -> its targets, and the log."""
    settings = TrainingSettings(train=["a"], encoder="bert", output_dir="run", direction_smoothing=0.5)
    lines = []
    pairs = pairs_to_learn(corpora, make_processor(), config or BioDirConfig(), settings, lines.append)
    found = {}
    for each in pairs:
        for scored, values in zip(each.features.pairs, each.targets, strict=True):
            found[each.group.name, "".join(sorted(scored.pair.identifiers))] = values
    return found, lines


def test_run_learns_from_probabilities_in_the_corpus_that_has_counts(doubted):
    corpus = doubted(Bind={"Bind": 3, "Association": 1})
    assert not corpus.is_complete
    # The direction is smoothed by the type that the corpus has: one of four of Bind are undirected.
    undirected = replace(IRON, id="9", relations=(Relation("Bind", "1", "2"),))
    trusted = TrainingCorpus("a", (IRON, replace(IRON, id="7"), undirected), name="a")
    found, lines = learned([trusted, corpus])
    bind, association = (RELATION_LABELS.index(name) for name in ("Bind", "Association"))
    assert [found["a", "12"]["relation"][place] for place in (bind, association)] == [1.0, 0.0]
    assert [found["b", "12"]["relation"][place] for place in (bind, association)] == [0.75, 0.25]
    assert max(found["b", "12"]["direction"]) == 0.875
    assert found["b", "13"]["relation"] == [1.0, *[0.0] * 8]
    assert lines[-1] == (
        "b: confusion gives 1 of 3 pairs the probabilities of their types; 1 pairs are related by these, 1 without"
    )


def test_corpus_whose_relations_are_all_improbable_is_logged(doubted):
    found, lines = learned([TrainingCorpus("a", (IRON,)), doubted(Bind={"Bind": 1, "None": 9})])
    assert found["b", "12"]["relation"][0] == 0.9
    assert lines[-1].startswith("b: so it teaches nothing of pairs, since unrelated ones are drawn for related ones")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"relation_loss": "softmax"}, "confusion makes targets between 0 and 1, but relation_loss is softmax; leave"),
        ({"relation_loss": "adaptive_threshold"}, "confusion makes .* but relation_loss is adaptive_threshold; leave"),
        ({"relation_labels": []}, "confusion is of relation types, but --tasks lacks relation; leave out one of both"),
        ({"relation_labels": ["None", "Association"]}, "confusion names 'Bind', no relation type of this run; "),
    ],
)
def test_run_that_learns_no_probabilities_is_refused(changes, message, doubted):
    with pytest.raises(SettingError, match=rf"^list of corpora, b: {message}"):
        learned([TrainingCorpus("a", (IRON,)), doubted(Bind={"Bind": 1})], BioDirConfig(**changes))
