"""Scores on corpora that judge a part of the pairs."""

import json
from dataclasses import replace

import pytest

from biodir.document_biodir import Relation
from biodir.evaluation.scores import Counts
from biodir.labels_biodir import CHEMICAL, DISEASE, ENTITY_TYPES, GENE, TASKS, bio_labels
from biodir.training.corpora import TrainingCorpus
from biodir.training.scopes import Judgement, Scope
from helpers.marked import marked_document
from helpers.script_module import script
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint

score = script("score_corpora")
BIND = Relation("Bind", "1", "2", subject_id="1")
DOCUMENT = marked_document("<C:1 Iron> binds <G:2 it>. <D:3 Pain> is.", relations=(BIND,))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A checkpoint that relates every pair: the None logit is far below all others."""
    return save_checkpoint(tmp_path_factory.mktemp("scored"), none_bias=-100.0, relation_threshold=0.0)


def counts_of(folder, scope, **changes) -> dict[str, Counts]:
    return score.corpus_counts(open_pipeline(folder), TrainingCorpus("a", (DOCUMENT,), scope=scope, **changes))


def test_only_judged_pairs_count(folder):
    everything = counts_of(folder, Scope())["entity_pair"]
    assert (everything.tp, everything.fp, everything.fn) == (1, 2, 0)
    judged = Judgement(complete=frozenset([frozenset((CHEMICAL, DISEASE))]))
    found = counts_of(folder, Scope({"7": judged}))["entity_pair"]
    assert (found.tp, found.fp, found.fn) == (1, 1, 0)
    partial = counts_of(folder, Scope(), is_partial=True)["entity_pair"]
    assert (partial.tp, partial.fp, partial.fn) == (1, 0, 0)
    others = Scope(pair_types=frozenset([frozenset((CHEMICAL, DISEASE))]))
    assert counts_of(folder, others, is_partial=True)["entity_pair"] == Counts()


def test_directions_do_not_count_where_no_relation_of_the_corpus_has_a_subject(folder, monkeypatch):
    monkeypatch.setattr(score, "decoded_documents", lambda *given: [DOCUMENT])
    gold = replace(DOCUMENT, relations=(replace(BIND, subject_id=None),))
    found = score.corpus_counts(open_pipeline(folder), TrainingCorpus("a", (gold,)))
    assert found["relation_type_direction"] == found["relation_type"] == Counts(tp=1)


def test_pair_that_is_not_learned_from_is_not_scored(folder):
    pair = frozenset("12")
    found = counts_of(folder, Scope({"7": Judgement(unknown=frozenset([pair]))}), excluded_pairs={"7": {pair}})
    assert found["entity_pair"] == Counts()


def test_corpora_of_a_list_are_scored_by_name_and_together(folder, tmp_path, capsys):
    text = "Iron binds it."
    entities = [{"start": 0, "end": 4, "type": CHEMICAL}, {"start": 11, "end": 13, "type": GENE}]
    line = {"id": "1", "text": text, "entities": entities, "annotated_types": [], "annotated_pairs": [[CHEMICAL, GENE]]}
    (tmp_path / "a.jsonl").write_text(json.dumps(line))
    (tmp_path / "list.yaml").write_text("- path: a.jsonl\n- {path: a.jsonl, name: b}\n- {path: c, name: c}")
    given = ["--corpora", str(tmp_path / "list.yaml"), "--data_dir", str(tmp_path)]
    score.main([str(folder), "a", "b", *given])
    found = {
        each["corpus"]: each["entity_pair"]["fp"] for each in map(json.loads, capsys.readouterr().out.splitlines())
    }
    assert found == {"a": 1, "b": 1, "all": 2}
    with pytest.raises(SystemExit, match=r"^score_corpora\.py: error: names: the list of corpora has no 'd'"):
        score.main([str(folder), "d", *given])
    for number in (0, -3):
        with pytest.raises(SystemExit, match=r"^2$"):
            score.main([str(folder), "a", *given, "--max_documents", str(number)])
        assert f"error: --max_documents is {number}; give 1 or more" in capsys.readouterr().err
    line["entities"][0]["type"] = "Food"
    (tmp_path / "a.jsonl").write_text(json.dumps(line | {"annotated_pairs": [["Food", GENE]]}))
    with pytest.raises(SystemExit, match=r"unknown entity types: 'Food' .*; map the types in the file of --corpora"):
        score.main([str(folder), "a", *given])


def test_tagger_without_relations_has_no_scores(tmp_path):
    lists = {f"{task}_labels": [] for task in TASKS} | {"pair_types": [], "generic_relation": None}
    tagger = save_checkpoint(tmp_path, **lists, tagger_labels=bio_labels(ENTITY_TYPES))
    (tmp_path / "list.yaml").write_text("- path: a.jsonl")
    with pytest.raises(SystemExit, match=r"^score_corpora\.py: error: .*: the model is a tagger without relations"):
        score.main([str(tagger), "a", "--corpora", str(tmp_path / "list.yaml")])
