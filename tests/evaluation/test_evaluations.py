"""A model is scored with gold's mentions and on the plain texts, as far as it has heads and gold has relations."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from biodir import write_pubtator
from biodir.document_biodir import Document, Relation
from biodir.document_inputs_biodir import with_known_types
from biodir.errors_biodir import ERRORS, STRICT, AnnotationError, ErrorPolicy, SettingError
from biodir.evaluation.evaluations import evaluate_model, evaluate_predictions, with_comparison
from biodir.evaluation.intervals import Resampling
from biodir.evaluation.predictions import found_documents, read_predictions
from biodir.labels_biodir import CHEMICAL, DISEASE, ENTITY_TYPES, LEVELS, TASKS, bio_labels
from helpers.marked import marked_document
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint

FEW = Resampling(resamples=20)
BIND = Relation("Bind", "1", "5", "Novel", "1")
TEXT = "<C:1 Iron> binds <G:5 EGFR> and <D:9 pain>"
ONE = marked_document(TEXT, relations=(BIND,))
# Grouped as a tagger's mentions are, with one mention fewer.
FOUND = marked_document("<C:text:iron Iron> binds <G:text:egfr EGFR> and pain")


class Extract:
    """A pipeline that finds the mentions of `found` and relates the first two entities of a document, in this order."""

    def __init__(self, found=FOUND, tagged=(CHEMICAL,), tasks=TASKS):
        labels = [label for kind in tagged for label in (f"B-{kind}", f"I-{kind}")]
        settings = {"pair_types": None, "labels": dict.fromkeys(tasks, ()), "calibrated_on": [], "name_or_path": "m"}
        config = SimpleNamespace(tagger_labels=["O", *labels] if tagged else [], tasks=tasks, **settings)
        self.config, self.found, self.texts = config, found, []

    def check_document(self, document, type_map=None, policy=STRICT):
        return with_known_types(document, ENTITY_TYPES, type_map or {}, policy)

    def find_entities(self, documents):
        for document in documents:
            assert (document.mentions, document.relations) == ((), ()), "the tagger sees the text only"
            yield replace(document, mentions=self.found.mentions if document.text == self.found.text else ())

    def __call__(self, documents):
        scores = dict.fromkeys(("relation_score", "novelty_score", "direction_score"), 0.5)
        for document in documents:
            subject, object_ = ({"id": entity.identifier} for entity in document.entities()[:2])
            relation = {"subject": subject, "object": object_, "relation": "Bind", "novelty": "Novel", "directed": True}
            yield [relation | scores]


def evaluate(extract, gold=ONE, **settings):
    return evaluate_model(extract, [gold], settings.pop("policy", STRICT), FEW, **settings)


def test_unsure_directions_of_a_model_count_as_undirected():
    for least, right in ((0.5, 1.0), (0.6, 0.0)):
        report = evaluate(Extract(tagged=(CHEMICAL, DISEASE)), min_direction_score=least).report
        for part in (report, report["end_to_end"]):
            assert (part["relation_type"]["f1"], part["relation_type_direction"]["f1"]) == (1.0, right)


def test_model_with_a_tagger_is_scored_on_plain_texts_too():
    found = evaluate(Extract(tagged=(CHEMICAL, DISEASE)))
    report = found.report
    assert [part[level]["f1"] for part in (report, report["end_to_end"]) for level in LEVELS] == [1] * 10
    assert report["end_to_end"]["share_of_f1"] == dict.fromkeys(LEVELS, 1)
    assert report["end_to_end"]["entities"] == {"predicted": 2, "matched": 2, "gold": 3, "found": 2}
    assert (report["mentions"]["tp"], report["mentions"]["fn"]) == (2, 1)
    assert report["mentions"]["by_type"][DISEASE]["f1"] == 0
    assert found.predicted[0].mentions == ONE.mentions, "pictures and comparisons are those of gold's mentions"


def test_types_that_the_tagger_does_not_know_count_as_missed_with_a_note():
    report = evaluate(Extract(tagged=(CHEMICAL,))).report
    assert report["mentions"]["unfound_types"] == {DISEASE: 1, "GeneOrGeneProduct": 1}
    assert report["mentions"]["found_types_only"]["f1"] == 1
    assert report["notes"][-1] == (
        "2 gold mentions have types that the predictions cannot have (DiseaseOrPhenotypicFeature 1, GeneOrGeneProduct "
        "1): counted as missed; F1 of the mentions of other types is 100.00"
    )


def test_gold_types_are_read_as_the_model_reads_them():
    renamed = [replace(ONE.mentions[0], entity_type="Drug"), replace(ONE.mentions[2], entity_type="RefSeq")]
    gold = replace(ONE, mentions=(renamed[0], ONE.mentions[1], renamed[1]))
    mentions = evaluate(Extract(), gold).report["mentions"]
    assert (mentions["tp"], mentions["fn"]) == (2, 0), "a type that is no entity type here is not looked for"
    strange = replace(gold, mentions=(*ONE.mentions[:2], replace(ONE.mentions[2], entity_type="Tissue")))
    with pytest.raises(AnnotationError, match="unknown entity types: 'Tissue'"):
        evaluate(Extract(tasks=()), strange)
    mentions = evaluate(Extract(tasks=()), strange, policy=ErrorPolicy("skip-mention")).report["mentions"]
    assert (mentions["tp"], mentions["fn"]) == (2, 0)


@pytest.mark.parametrize("errors", ERRORS)
def test_policy_changes_no_score_where_there_is_no_error(errors):
    drug, rest = replace(ONE.mentions[0], entity_type="Drug"), replace(ONE.mentions[2], entity_type="RefSeq")
    gold = replace(ONE, mentions=(drug, ONE.mentions[1], rest), relations=(BIND, Relation("Bind", "5", "9", "No")))
    policy = ErrorPolicy(errors)
    report = evaluate(Extract(), gold, policy=policy).report
    assert [(report["all"][key], report["end_to_end"]["all"][key]) for key in ("tp", "fp", "fn")] == [
        *((1, 1), (0, 0), (1, 1)),
    ]
    assert {name: figures["fn"] for name, figures in report["by_pair_type"].items()} == {
        "ChemicalEntity-GeneOrGeneProduct": 0, "no mention": 1
    }  # fmt: skip
    assert policy.summary() == ["mentions of the type 'RefSeq', which is no entity type here, left out: 1"]


@pytest.mark.parametrize("settings", [{"plain_text": False}, {}])
def test_without_tagger_or_wish_there_is_the_report_with_gold_mentions_only(settings):
    report = evaluate(Extract(tagged=(CHEMICAL,) if settings else ()), **settings).report
    assert "mentions" not in report
    assert report["all"]["f1"] == 1


@pytest.mark.parametrize(("tasks", "gold"), [((), ONE), (TASKS, replace(ONE, relations=()))])
def test_mentions_are_all_where_model_or_gold_has_no_relations(tasks, gold):
    found = evaluate(Extract(tasks=tasks), gold)
    assert (found.has_relations, found.report["end_to_end"]) == (False, None)
    assert found.report["mentions"]["tp"] == 2
    compared = with_comparison(found, [ONE], Path("other")).report["comparison"]
    assert compared["all"] is None
    assert compared["mentions"]["difference"] == pytest.approx(4 / 5 - 1)


@pytest.mark.parametrize("plain_text", [False, True])
def test_comparison_notes_what_the_other_system_does_not_predict(plain_text):
    found = evaluate_predictions(Path("one"), [ONE], [ONE], FEW, plain_text)
    other = replace(ONE, relations=(replace(BIND, novelty=None),))
    assert with_comparison(found, [other], Path("other")).report["notes"] == [
        "other: no predicted relation has a novelty: scores that need it do not describe the predictions"
    ]


def test_what_a_model_cannot_do_is_refused():
    with pytest.raises(SettingError, match=r"m: the model has no tagger, .*; train one with .* or leave out --plain"):
        evaluate(Extract(tagged=()), plain_text=True)
    with pytest.raises(SettingError, match=r"m: the model is a tagger without relations, .* leave out --no-plain-text"):
        evaluate(Extract(tasks=()), plain_text=False)
    with pytest.raises(AnnotationError, match="gold: 1 document without any relation; gold documents have relations"):
        evaluate(Extract(tagged=()), replace(ONE, relations=()))


# With a real pipeline.


@pytest.fixture(scope="module")
def tagging(tmp_path_factory):
    """A pipeline over a model that relates every pair and has a tagger, with random weights."""
    folder = tmp_path_factory.mktemp("tagging")
    return open_pipeline(save_checkpoint(folder, tagger_labels=bio_labels(ENTITY_TYPES), tagger_layers=1))


def test_what_a_model_finds_is_right_against_itself(tagging):
    texts = "Aspirin and the drug; gene and disease.", "Aspirin and the drug; disease and gene."
    gold = found_documents(tagging, [Document(str(index), text) for index, text in enumerate(texts)])
    assert [len(document.relations) > 0 for document in gold] == [True, True]
    report = evaluate_model(tagging, gold, STRICT, FEW).report
    parts = [report["mentions"], *(part[level] for part in (report, report["end_to_end"]) for level in LEVELS)]
    assert [part["f1"] for part in parts] == [1] * 11
    # Nothing is found in place of gold mentions that a document does not have.
    empty = Document("no mention", texts[0])
    more = evaluate_model(tagging, [*gold, empty], STRICT, FEW).report
    assert more["all"] == report["all"]
    assert more["mentions"]["fp"] == len(gold[0].mentions)
    assert more["end_to_end"]["all"]["fp"] == len(gold[0].relations)


def test_file_of_what_a_model_found_has_its_scores(tagging, tmp_path):
    (document,) = found_documents(tagging, [Document("1", "Aspirin and the drug; gene and disease.")])
    write_pubtator([document], tmp_path / "found.pubtator")
    gold = [replace(document, mentions=document.mentions[1:])]
    of_model = evaluate_model(tagging, gold, STRICT, FEW).report
    path = tmp_path / "found.pubtator"
    found = read_predictions(path, gold, own_entities=True)
    of_file = evaluate_predictions(path, found, gold, FEW, plain_text=True).report
    assert of_file["mentions"] == {**of_model["mentions"], "unfound_types": of_file["mentions"]["unfound_types"]}
    assert of_file["end_to_end"].items() <= of_model["end_to_end"].items()
    assert 0 < of_file["end_to_end"]["all"]["f1"] < 1


def test_each_pass_over_the_documents_is_shown():
    passes = []
    evaluate(Extract(), progress=lambda documents: passes.append(len(documents)) or documents)
    assert passes == [1, 1, 1]
