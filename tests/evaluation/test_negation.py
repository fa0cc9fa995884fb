"""The texts of unrelated pairs, and how false positives on them are counted."""

import json
import lzma
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from biodir.document_biodir import Document, Relation
from biodir.document_candidates_biodir import candidate_pairs
from biodir.document_sentences_biodir import sentence_spans
from biodir.errors_biodir import AnnotationError
from biodir.evaluation.intervals import share_interval
from biodir.evaluation.model_scores import ProcessedDocuments
from biodir.evaluation.negation import (
    CONTROL,
    ScoredTexts,
    negation_report,
    pair_type_of,
    read_tested,
    report_with_settings,
)
from biodir.labels_biodir import PAIR_TYPES, RELATION_LABELS, type_pair
from biodir.pipeline_decoding_biodir import DecodingRule
from helpers.checkout import CHECKOUT
from helpers.marked import marked_document

TEXTS = CHECKOUT / "samples" / "negation.jsonl"
RULE = DecodingRule({"relation": ["None", "Association", "Bind"]}, "Association", relation_threshold=0.5, none_bias=0.0)
BIND = (Relation("Bind", "1", "2"),)


@pytest.fixture(scope="module")
def texts() -> list[Document]:
    return read_tested(TEXTS)


def test_there_are_sixty_unrelated_pairs_and_a_control_of_twenty(texts):
    kinds = Counter(each.id.rsplit("-", 1)[0] for each in texts)
    control = kinds.pop("control-negation") + kinds.pop("control-co-occurrence")
    assert (dict(kinds), control) == ({"negation": 30, "co-occurrence": 30}, 20)


def test_every_pair_type_is_tested_and_in_the_control(texts):
    for is_control in (False, True):
        found = {pair_type_of(each) for each in texts if each.id.startswith(CONTROL) is is_control}
        assert found == set(map(type_pair, PAIR_TYPES))


def test_control_relates_the_entities_of_its_counterpart(texts):
    by_id = {each.id: each for each in texts}
    controls = [each for each in texts if each.id.startswith(CONTROL)]
    for each in controls:
        (relation,) = each.relations
        counterpart = by_id[each.id.removeprefix(f"{CONTROL}-")]
        names = {(entity.identifier, entity.entity_type) for entity in each.entities()}
        assert names == {(entity.identifier, entity.entity_type) for entity in counterpart.entities()}
        assert relation.pair == {identifier for identifier, _ in names}
        assert relation.relation_type in RELATION_LABELS


def test_every_place_of_a_name_is_marked_as_complete_words(texts):
    for document in texts:
        for mention in document.mentions:
            assert document.text[mention.start_char : mention.end_char] == mention.text
            around = document.text[mention.start_char - 1 : mention.start_char], document.text[mention.end_char]
            assert not any(map(str.isalnum, around)), mention
            assert mention.identifiers == (mention.text.lower(),)
        places = Counter(mention.text.lower() for mention in document.mentions)
        assert dict(places) == {name: document.text.lower().count(name) for name in places}, document.id


def test_no_text_and_no_unrelated_pair_is_there_twice(texts):
    assert len({each.text for each in texts}) == len({each.id for each in texts}) == 80
    pairs = [frozenset(entity.identifier for entity in each.entities()) for each in texts]
    unrelated = [pair for pair, each in zip(pairs, texts, strict=True) if not each.id.startswith(CONTROL)]
    assert len(set(unrelated)) == 60


@pytest.mark.corpus
def test_no_sentence_is_from_a_corpus(texts, data_dir):
    files = [path for folder in ("bioredirect", "bc5cdr", "extra") for path in sorted((data_dir / folder).iterdir())]
    sentences = {each.text[start:end] for each in texts for start, end in sentence_spans(each)}
    assert files
    for path in files:
        content = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
        assert not [sentence for sentence in sentences if sentence.encode() in content], path


# The counts.


def text_of(kind: str, number: int, text: str = "<C:1 Iron> and <G:2 it>.", relations=()) -> Document:
    return marked_document(text, id=f"{kind}-{number:02}", relations=relations)


def scored(*logits_of: tuple[Document, list[float]], left_out=()) -> ScoredTexts:
    """Return texts with logits of None, Association and Bind."""
    features = []
    for document, _ in logits_of:
        (pair,) = candidate_pairs(document.entities(), PAIR_TYPES)
        features.append((SimpleNamespace(pairs=[SimpleNamespace(pair=pair)]),))
    data = ProcessedDocuments(tuple(document for document, _ in logits_of), tuple(features))
    return ScoredTexts(data, [{"relation": np.array(each)} for _, each in logits_of], left_out)


NONE, ASSOCIATION, BINDS = [3.0, -3.0, -3.0], [-3.0, 1.0, -3.0], [-3.0, -3.0, 2.0]
SCORED = scored(
    (text_of("negation", 1), NONE),
    (text_of("negation", 2, "<C:1 Iron> and <D:2 pain>."), ASSOCIATION),
    (text_of("negation", 3), BINDS),
    (text_of("co-occurrence", 1), NONE),
    (text_of("control-negation", 1, relations=BIND), BINDS),
    (text_of("control-negation", 2, "<C:1 Iron> and <D:2 pain>.", BIND), ASSOCIATION),
    (text_of("control-negation", 3, relations=BIND), BINDS),
    (text_of("control-co-occurrence", 1, relations=BIND), NONE),
)


def test_false_positives_are_counted_by_kind_and_pair_type():
    report = negation_report(SCORED, RULE)
    found = report["false_positives"]
    assert (found["found"], found["of"], found["share"]) == (2, 4, 0.5)
    assert found["interval"] == share_interval(2, 4)
    counts = {
        name: (each["found"], each["of"]) for part in ("by_kind", "by_pair_type") for name, each in report[part].items()
    }
    assert counts == {
        "co-occurrence": (0, 1),
        "negation": (2, 3),
        "ChemicalEntity-DiseaseOrPhenotypicFeature": (1, 1),
        "ChemicalEntity-GeneOrGeneProduct": (1, 3),
    }
    assert [(each["id"], each["relation"]) for each in report["errors"]] == [
        ("negation-03", "Bind"),  # the higher score first
        ("negation-02", "Association"),
    ]


def test_control_counts_found_pairs_right_types_and_pairs_found_only_there():
    report = negation_report(SCORED, RULE)
    assert [report[name]["found"] for name in ("control", "control_type", "separated")] == [3, 2, 1]
    assert all(report[name]["of"] == 4 for name in ("control", "control_type", "separated"))
    assert report["missed"] == ["control-co-occurrence-01"]


def test_bias_and_lowest_score_leave_relations_out():
    low = negation_report(SCORED, RULE, min_score=0.8)  # that of Bind is 0.88, that of Association 0.73
    assert (low["false_positives"]["found"], low["control"]["found"]) == (1, 2)
    biased = negation_report(SCORED, replace(RULE, none_bias=4.5))
    assert (biased["false_positives"]["found"], biased["none_bias"]) == (1, 4.5)


def test_biases_are_not_tried_where_each_type_has_a_threshold():
    calibrated = replace(RULE, relation_thresholds={"Association": 0.8, "Bind": 0.8})
    for rule, biases in ((RULE, [0.0, 4.5, 0.0]), (calibrated, [0.0, 0.0])):
        tried = report_with_settings(SCORED, rule, none_biases=[4.5], min_scores=[0.9])["tried"]
        assert [each["none_bias"] for each in tried] == biases
        assert [each["min_score"] for each in tried][-1] == 0.9


def test_nothing_scored_has_no_share():
    report = negation_report(scored(left_out=("negation-01",)), RULE)
    assert report["false_positives"] == {"found": 0, "of": 0, "share": None, "interval": None}
    assert report["left_out"] == ["negation-01"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (text_of("negated", 1), "the id does not begin with negation, co-occurrence, control and a hyphen; rename it"),
        (text_of("negation", 1, "<C:1 Iron>, <C:3 zinc> and <G:2 it>."), "has 3 entities; mark two"),
        (text_of("negation", 1, "<C:1 Iron> and <G:1 it>."), "its two entities have one identifier; give each its own"),
        (text_of("negation", 1, relations=BIND), "has 1 relations; a negation has no relation"),
        (text_of("control-negation", 1), "has 0 relations; a control has a relation"),
    ],
)
def test_text_that_is_no_test_is_refused(tmp_path, document, message):
    (tmp_path / "a.jsonl").write_text(json.dumps(document.to_dict()))
    with pytest.raises(AnnotationError, match=message):
        read_tested(tmp_path / "a.jsonl")


def test_file_without_texts_is_refused(tmp_path):
    (tmp_path / "a.jsonl").touch()
    with pytest.raises(AnnotationError, match=r"a\.jsonl: has no document"):
        read_tested(tmp_path / "a.jsonl")
