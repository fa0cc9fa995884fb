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
from biodir.training.data import LabelledPairs, is_related
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
        ("{", "Expecting property name"),
        ({"pair": GENES}, "string indices"),
        ([{"pair": GENES}], "'counts'"),
        ([{"pair": [GENE], "counts": {}}], "are not two entity types"),
        ([{"pair": GENES, "counts": {"Bind": {"Bind": 0.5}}}], "0.5 pairs of Bind are Bind"),
        ([{"pair": GENES, "counts": {"Bind": {"Bind": -1}}}], "-1 pairs of Bind are Bind"),
        ([{"pair": GENES, "counts": {"Bind": {"Bind": 0}}}], "Bind has no pair"),
        ([{"pair": GENES, "counts": ["Bind"]}], "has no attribute"),
    ],
)
def test_file_of_another_form_is_refused(tables, reason, tmp_path):
    with pytest.raises(SettingError, match=rf"counts\.json: holds no counts of relation types \(.*{reason}"):
        read(tmp_path, tables)
    with pytest.raises(SettingError, match=r"absent\.json: holds no counts"):
        read_confusion(str(tmp_path / "absent.json"))


def test_targets_are_the_row_of_pair_type_and_relation_type(tmp_path):
    tables = read(tmp_path, COUNTS)
    hard = [[0.0, 0.0, 1.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [0.0, 1.0, 1.0], [-1.0, 0.0, 0.0]]
    types = [GENES, CHEMICAL_GENE[::-1], GENES, GENES, GENES]
    pairs = LabelledPairs(
        SimpleNamespace(pairs=[pair_of(*each) for each in types]),
        tuple({"relation": values, "direction": [0.0, 1.0]} for values in hard),
    )
    found = with_soft_relations(replace(pairs, swapped=pairs), tables, LABELS)
    expected = [pytest.approx([0.25, 0.375, 0.375]), pytest.approx([0.625, 0.0375, 0.3375]), *hard[2:]]
    assert [each["relation"] for each in found.targets] == expected
    assert found.swapped.targets == found.targets
    assert all(each["direction"] == [0.0, 1.0] for each in found.targets)
    # Of the second pair gold more often has no relation.
    assert found.related == (True, False, True, True, False)
    assert with_soft_relations(pairs, {}, LABELS) is with_soft_relations(pairs, tables, {"novelty": ["None"]}) is pairs


def test_run_learns_from_soft_targets_of_the_corpus_that_has_counts(tmp_path):
    document = marked_document("<C:1 iron> binds <G:2 it> and <D:3 pain>.", relations=(Relation("Bind", "1", "2"),))
    tables = [{"pair": CHEMICAL_GENE, "counts": {"Bind": {"Bind": 3, "Association": 1}}}]
    trusted = TrainingCorpus("a", (document,), name="a")
    doubted = TrainingCorpus("b", (replace(document, id="8"),), name="b", scope=Scope(confusion=read(tmp_path, tables)))
    assert not doubted.is_complete
    settings = TrainingSettings(train=["a"], encoder="bert", output_dir="run", direction_smoothing=0.5)

    def targets(config) -> dict:
        pairs = pairs_to_learn([trusted, doubted], make_processor(), config, settings, log=lambda line: None)
        found = {(each.group.name, scored.pair.identifiers): (values["relation"], is_related(values)) for each in pairs
                 for scored, values in zip(each.features.pairs, each.targets, strict=True)}  # fmt: skip
        return {name: found[name, frozenset("12")] for name in "ab"} | {"other": found["b", frozenset("13")]}

    bind, association = (RELATION_LABELS.index(name) for name in ("Bind", "Association"))
    found = targets(BioDirConfig())
    assert [found["a"][0][place] for place in (bind, association)] == [1.0, 0.0]
    assert [found["b"][0][place] for place in (bind, association)] == [0.75, 0.25]
    assert (found["b"][1], found["other"]) == (True, ([1.0, *[0.0] * 8], False))
    with pytest.raises(SettingError, match=r"^list of corpora, b: confusion makes .* relation_loss is softmax"):
        targets(BioDirConfig(relation_loss="softmax"))
