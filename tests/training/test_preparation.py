"""The dev documents of a run, and the configuration of its model."""

import json
from dataclasses import replace
from itertools import combinations

import pytest
from transformers import BertConfig

from biodir.configuration_biodir import PAIR_ENCODINGS, BioDirConfig
from biodir.document_biodir import Relation
from biodir.errors_biodir import AnnotationError, SettingError
from biodir.labels_biodir import CHEMICAL, GENE, MENTIONS, TASKS
from biodir.training import preparation
from biodir.training.corpora import TrainingCorpus
from biodir.training.labels import LabelLists, lists_of_run
from biodir.training.preparation import dev_documents, run_config
from biodir.training.settings import TrainingSettings
from helpers.marked import make_processor, marked_document

FROZEN = {"tasks": ["mentions"], "freeze_relations": True, "tagger_layers": 1}
SETTINGS = TrainingSettings(train=["a"], dev="dev", encoder="bert", output_dir="run")
TYPED = marked_document("<C:1 iron> binds <G:2 it>.", relations=(Relation("Bind", "1", "2", "No"),))
OWN = replace(TYPED, id="8", relations=(Relation("bind", "1", "2", "New"),))


def log_of_dev(monkeypatch, *documents, **settings):
    monkeypatch.setattr(preparation, "corpus_to_score", lambda *given: TrainingCorpus("dev", documents))
    lines = []
    dev_documents(replace(SETTINGS, **settings), make_processor(), BioDirConfig(), lines.append)
    return lines


def test_labels_of_dev_that_the_model_lacks_are_named_with_their_numbers(monkeypatch):
    assert log_of_dev(monkeypatch, TYPED) == []
    (line,) = log_of_dev(monkeypatch, TYPED, OWN)
    assert line == (
        "dev: relation type 'bind' (1; did you mean 'Bind'?); novelty 'New' (1): the model has no "
        "such label, so these relations count as missed where it is needed"
    )


def test_dev_without_any_relation_type_of_the_model_is_refused_unless_pairs_are_scored(monkeypatch):
    with pytest.raises(SettingError, match=r"^dev: the model has none of its relation types: relation type 'bind' \("):
        log_of_dev(monkeypatch, OWN)
    assert log_of_dev(monkeypatch, OWN, metric_for_best_model="entity_pair")


def test_entity_types_that_kept_relations_lack_are_named(tmp_path):
    BioDirConfig(entity_types=["ChemicalEntity"], pair_types=[["ChemicalEntity", "ChemicalEntity"]]).save_pretrained(
        tmp_path
    )
    frozen, corpora = replace(SETTINGS, **FROZEN, encoder=str(tmp_path)), [TrainingCorpus("a", (TYPED,))]
    with pytest.raises(SettingError, match=r"^a: freeze_relations keeps .* lacks 'GeneOrGeneProduct' \(1\); map the"):
        lists_of_run(frozen, corpora)
    assert lists_of_run(replace(frozen, errors="skip-mention"), corpora).source == "the checkpoint"


def config_of_run(encoder, **settings) -> BioDirConfig:
    changes = {"pair_encoding": "pairwise", "metric_for_best_model": "entity_pair", "encoder": str(encoder), **settings}
    return run_config(replace(SETTINGS, **changes), LabelLists("BioRED"), [])


@pytest.mark.parametrize("tasks", [tasks for size in (1, 2, 3) for tasks in combinations(TASKS, size)])
def test_weights_of_a_recipe_fit_any_of_its_tasks(tmp_path, tasks):
    BertConfig().save_pretrained(tmp_path)
    weights = {"novelty": 0.5, "direction": 0.25}
    given = [f"{task}={weight}" for task, weight in weights.items()]
    for further in ([], [MENTIONS]):
        config = config_of_run(tmp_path, tasks=[*tasks, *further], task_weights=given)
        assert config.task_weights == {task: weight for task, weight in weights.items() if task in tasks[1:]}


def test_weight_of_relations_is_refused(tmp_path):
    BertConfig().save_pretrained(tmp_path)
    with pytest.raises(SettingError, match="give one for each of direction, novelty"):
        config_of_run(tmp_path, task_weights=["relation=1", "novelty=1", "direction=1"])


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
def test_run_keeps_what_no_setting_names_of_a_checkpoint_of_its_form(tmp_path, form):
    kept = {"chunk_pooling": "mean", "hard_prompt": "{tasks} of {entity1} and {entity2}", "max_name_tokens": 10}
    kept |= {"token_budget": 1000, "initializer_range": 0.05}
    BioDirConfig(**kept).save_pretrained(tmp_path)
    start = BioDirConfig(**kept) if form == "pairwise" else BioDirConfig()
    config = config_of_run(tmp_path, pair_encoding=form)
    assert {name: getattr(config, name) for name in kept} == {name: getattr(start, name) for name in kept}


# A dev file that says what it annotates.

JUDGED = {
    "id": "s1",
    "unit": "sentence",
    "text": "iron binds it, not her2.",
    "entities": [
        {"mention": "a", "start": 0, "end": 4, "type": CHEMICAL},
        {"mention": "b", "start": 11, "end": 13, "type": GENE},
        {"mention": "c", "start": 19, "end": 23, "type": GENE},
        {"mention": "d", "start": 5, "end": 10, "type": None},
    ],
    "relations": [{"head": "a", "tail": "b", "source_type": "INHIBITOR", "proposed": "Bind", "subject": None}],
    "annotated_types": [CHEMICAL],
    "judged_pairs": [["a", "c"]],
}


def dev_of(tmp_path, *lines, **settings):
    (tmp_path / "dev.jsonl").write_text("\n".join(map(json.dumps, lines)))
    logged = []
    given = replace(SETTINGS, dev=str(tmp_path / "dev.jsonl"), **settings)
    return dev_documents(given, make_processor(), BioDirConfig(), logged.append), logged


def test_dev_file_is_scored_on_the_pairs_and_types_that_it_annotates(tmp_path):
    dev, logged = dev_of(tmp_path, JUDGED)
    (found,) = dev.pairs.features
    assert {scored.pair.identifiers for each in found for scored in each.pairs} == {
        frozenset(("text:iron", "text:it")),
        frozenset(("text:iron", "text:her2")),
    }
    assert logged == [f"{tmp_path / 'dev.jsonl'}: its documents judge 2 of 3 candidate pairs; the others do not count"]
    assert dev.mentions.annotated == (frozenset([CHEMICAL]),)
    assert [each.entity_type for each in dev.mentions.documents[0].mentions] == [CHEMICAL, GENE, GENE, "?"]
    assert dev.scope.undirected_pairs("s1") == {frozenset(("text:iron", "text:it"))}


def test_pair_that_dev_relates_in_contradictory_ways_is_not_scored(tmp_path):
    signs = ("Positive_Correlation", "Negative_Correlation")
    signed = [{**JUDGED["relations"][0], "head": "c", "proposed": sign} for sign in signs]
    dev, _ = dev_of(tmp_path, {**JUDGED, "relations": [*JUDGED["relations"], *signed], "judged_pairs": []})
    assert dev.pairs.documents[0].relations == (Relation("Bind", "text:iron", "text:it"),)


def test_dev_without_mentions_that_it_annotates_cannot_choose_by_mentions(tmp_path):
    mentions = {"tasks": [MENTIONS], "metric_for_best_model": MENTIONS}
    dev, _ = dev_of(tmp_path, JUDGED, JUDGED, **mentions)
    assert len(dev.mentions.documents) == 2
    with pytest.raises(SettingError, match=r"dev\.jsonl: no mention of the types that its documents annotate"):
        dev_of(tmp_path, {**JUDGED, "annotated_types": ["DiseaseOrPhenotypicFeature"]}, **mentions)


@pytest.mark.parametrize("lines", [(JUDGED, JUDGED), (TYPED.to_dict(), TYPED.to_dict())])
def test_dev_document_that_occurs_twice_is_refused_before_the_first_epoch(tmp_path, lines):
    with pytest.raises(AnnotationError, match=r"dev\.jsonl:2: document (s1|7) occurs twice; keep one"):
        dev_of(tmp_path, *lines)
    dev, logged = dev_of(tmp_path, *lines, errors="skip-mention")
    assert len(dev.pairs.documents) == 1
    assert f"{tmp_path / 'dev.jsonl'}: left out: 1 document (document that occurs twice)" in logged


def test_dev_relations_that_contradict_each_other_are_refused_or_left_out(tmp_path):
    line = replace(TYPED, relations=(*TYPED.relations, Relation("Bind", "1", "2", "Novel"))).to_dict()
    with pytest.raises(AnnotationError, match=r"dev\.jsonl:1: .*document 7 has Bind between 1 and 2 in contradictory"):
        dev_of(tmp_path, line)
    dev, _ = dev_of(tmp_path, line, errors="skip-mention")
    assert dev.pairs.documents[0].relations == TYPED.relations
