"""Plain texts in the pipeline: what finds their entities, and what a result says of these."""

import json
from dataclasses import replace
from re import finditer

import pandas
import pytest
import torch
from transformers import AutoTokenizer, BertConfig, BertForTokenClassification, pipeline

from biodir import AnnotationError, CheckpointError, Document, Mention, ParseError, SettingError
from biodir.labels_biodir import CHEMICAL, DISEASE, ENTITY_TYPES, GENE, bio_labels
from biodir.pipeline_biodir import BioDirPipeline
from biodir.pipeline_entities_biodir import keep_identifiers, with_found, with_recognised
from biodir.pipeline_results_biodir import ResultWriter
from helpers.marked import marked_document
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint, save_encoder

ONE = marked_document("Too much <C:D4 iron> harms the <D:D5 liver>.", id="one")
DNA = "\N{DNA DOUBLE HELIX}"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_checkpoint(tmp_path_factory.mktemp("entities"))


@pytest.fixture(scope="module")
def extract(checkpoint) -> BioDirPipeline:
    """The pipeline over a model that relates every pair and has no tagger."""
    return open_pipeline(checkpoint)


def iron_and_liver(text: str) -> list[dict]:
    """What a recogniser finds in texts with these words."""
    words = [("iron", "Chemical"), ("liver", "Disease")]
    return [
        {"entity_group": kind, "start": text.index(word), "end": text.index(word) + len(word), "score": 0.75}
        for word, kind in words
        if word in text
    ]


# Which documents are plain.

PLAIN = {
    "text": ONE.text,
    "mapping": {"text": ONE.text},
    "title and abstract": {"title": "Iron?", "abstract": ONE.text},
    "entities are null": {"text": ONE.text, "entities": None},
    "keys that nobody knows": {"text": ONE.text, "year": 2024},
    "PubTator without mentions": f"1|t|Iron?\n1|a|{ONE.text}\n",
    "BioC without annotations": {"passages": [{"offset": 0, "infons": {}, "text": ONE.text, "annotations": []}]},
    "document": Document("7", ONE.text),
    "title in brackets": f"[A study]. {ONE.text}",
}


@pytest.mark.parametrize("name", PLAIN)
def test_entities_of_what_has_no_marks_are_found(name, extract):
    found = extract(PLAIN[name], ner=iron_and_liver, return_entities=True)
    kinds = {entity["text"]: entity["type"] for entity in found["entities"]}
    assert kinds == {"iron": CHEMICAL, "liver": DISEASE}
    (relation,) = found["relations"]
    assert {relation["subject"]["text"], relation["object"]["text"]} == {"iron", "liver"}


MARKED = {
    "no entities": {"text": ONE.text, "entities": []},
    "no annotations of BERN2": {"text": ONE.text, "annotations": []},
    "one unlinked": {"text": ONE.text, "entities": [{"start": 9, "end": 13, "type": "Chemical", "id": "-"}]},
    "only of a type that is no entity": f"1|t|Iron\n1|a|{ONE.text}\n1\t0\t4\tIron\tRefSeq\t5",
    "document that says so": Document("7", ONE.text, is_marked=True),
}


@pytest.mark.parametrize("name", MARKED)
def test_document_that_says_what_it_holds_is_left_as_it_is(name, extract):
    def ner(text):
        raise AssertionError(f"called with {text!r}")

    assert extract(MARKED[name], ner=ner) == []


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        (json.dumps({"text": "Iron"}), "parse it with json.loads"),
        (json.dumps([{"text": "Iron"}]), "parse it with json.loads"),
        ('{"text": "Iron"', "parse it with json.loads"),
        ('<?xml version="1.0"?><collection/>', "read that with biodir.formats.reading"),
        ('<!DOCTYPE collection SYSTEM "BioC.dtd">\n<collection>', "read that with biodir.formats.reading"),
        ("\ufeff<!-- made -->\n<collection>", "read that with biodir.formats.reading"),
        ("<!DOCTYPE html><p>Iron", "is a page of HTML; extract its text"),
        ("7\t0\t4\tIron\tChemical\tD7501\n", "is a mention without its title; pass documents"),
        ("7\t0\t4\tIron\tChemical", "is a mention without its title; pass documents"),
        ("7\t0\t4\tHeLa\tCell line\n7\t5\t9\tEGFR\tGene\n", "is a mention without its title; pass documents"),
        ("PMID- 7001\nOWN - NLM\nTI  - Iron.\n", "MEDLINE format of PubMed; get the article with `biodir fetch`"),
    ],
)
def test_string_of_another_format_is_no_plain_text(text, fix, extract):
    with pytest.raises(ParseError, match=fix):
        extract(text, ner=iron_and_liver)


def test_text_that_begins_with_a_sign_of_markup_is_plain_text(extract):
    starts = ("<5 % had too much. ", "[3H]thymidine? ", "<i>BRCA1</i> ", "<sup>18</sup>F-FDG ", "{Delta}9-THC ")
    assert [len(found) for found in extract([start + ONE.text for start in starts], ner=iron_and_liver)] == [1] * 5
    for start in starts:
        with pytest.raises(ParseError, match="is not PubTator text; the model has no tagger"):
            extract(start + ONE.text)


# Recognisers.


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    """A token-classification pipeline of transformers over a tiny BERT with random weights."""
    folder = tmp_path_factory.mktemp("tagger")
    save_encoder(folder)
    labels = dict(enumerate(["O", "B-Chemical", "I-Chemical", "B-Disease", "I-Disease"]))
    torch.manual_seed(6)
    config = BertConfig.from_pretrained(folder, id2label=labels, label2id={name: key for key, name in labels.items()})
    model, tokenizer = BertForTokenClassification(config).eval(), AutoTokenizer.from_pretrained(folder)
    return pipeline("token-classification", model, tokenizer=tokenizer, aggregation_strategy="simple", device="cpu")


def test_pipeline_of_transformers_is_a_recogniser(tagger, extract):
    text = "Aspirin and the drug; between filler, gene and the disease."
    expected = tagger(text)
    found = extract(text, ner=tagger, return_entities=True)
    kinds = {"Chemical": CHEMICAL, "Disease": DISEASE}
    assert [(each["start"], each["end"], each["type"]) for each in found["entities"]] == [
        (each["start"], each["end"], kinds[each["entity_group"]]) for each in expected
    ]
    assert [each["score"] for each in found["entities"]] == pytest.approx([each["score"] for each in expected])
    assert {each["entity_group"] for each in expected} == set(kinds)
    assert len(found["relations"]) > 0
    assert extract([text], ner=tagger) == [found["relations"]]
    assert json.loads(json.dumps(found)) == found


def test_spans_that_a_recogniser_finds_may_cut_words():
    found = with_recognised(Document("7", "Zelvorin"), lambda text: [{"entity": "Gene", "start": 1, "end": 4}])
    assert found.mentions == (Mention(1, 4, "elv", "Gene"),)


@pytest.mark.parametrize(
    "entry",
    [
        {"start": 0, "end": 4, "label": "chemical", "text": "Iron", "score": 0.9},  # GLiNER
        {"start_char": 0, "end_char": 4, "label": "chemical", "kb_id": "D1", "score": 0.9},
        {"start": 0.0, "end": 4.0, "type": "chemical", "entity_group": "", "score": 0.9},  # rows of pandas
        {"start": "0", "end": "4", "type": "chemical", "score": 0.9, "colour": "red"},
    ],
)
def test_results_of_a_recogniser_have_the_keys_of_mentions_of_documents(entry):
    found = with_recognised(Document("7", "Iron binds"), lambda text: [entry])
    assert found.mentions == (Mention(0, 4, "Iron", "chemical", ("D1",) if "kb_id" in entry else ()),)
    assert found.mentions[0].score == 0.9


@pytest.mark.parametrize("start", ["a", 0.5, -1])
def test_offset_of_a_recogniser_that_is_none_is_refused(start):
    with pytest.raises(AnnotationError, match=r"document 7, entities\[0\]"):
        with_recognised(Document("7", "Iron binds"), lambda text: [{"start": start, "end": 4, "type": "Gene"}])


def test_labels_of_single_tokens_are_named(extract):
    with pytest.raises(AnnotationError, match=r"'B-Drug' \(1\); .* labels of single tokens: .*aggregation_strategy"):
        extract(ONE.text, ner=lambda text: [{"start": 0, "end": 3, "entity": "B-Drug", "word": "too"}])


def test_plain_documents_are_completed_together_and_in_order():
    documents = [replace(ONE, id=str(number), mentions=(() if number % 3 else ONE.mentions)) for number in range(20)]
    calls, read = [], []

    def find(plain):
        calls.append(len(plain))
        return [replace(each, mentions=(Mention(0, 3, "Too", GENE),)) for each in plain]

    def source():
        for document in documents:
            read.append(document.id)
            yield document

    found = with_found(source(), find, together=4)
    assert next(found).mentions == ONE.mentions
    assert read == ["0"], "what is marked does not wait"
    assert next(found).mentions[0].text == "Too"
    assert len(read) == 6
    rest = list(found)
    assert [each.id for each in rest] == [str(number) for number in range(2, 20)]
    assert [each.mentions for each in rest if int(each.id) % 3 == 0] == [ONE.mentions] * 6
    assert calls == [4, 4, 4, 1]


def test_documents_before_a_bad_one_are_completed():
    def source():
        yield replace(ONE, mentions=())
        raise AnnotationError("bad")

    found = with_found(source(), lambda plain: [replace(each, is_marked=True) for each in plain])
    assert next(found).is_marked
    with pytest.raises(AnnotationError, match="bad"):
        next(found)


# Identifiers.


def test_found_entities_are_joined_by_abbreviations_unless_they_are_linked_to_nothing(extract):
    text = "Warfarin sodium (WS) harms the liver, and WS harms the heart."
    words = [("Warfarin sodium", None), ("WS", None), ("liver", None), ("heart", "-")]

    def ner(given):
        kinds = {"liver": "Disease", "heart": "Disease"}
        starts = [(word, identifier, found.start()) for word, identifier in words for found in finditer(word, given)]
        return [
            {"start": start, "end": start + len(word), "type": kinds.get(word, "Drug"), "id": identifier}
            for word, identifier, start in starts
        ]

    found = extract(text, ner=ner, return_entities=True)
    identifiers = {entity["text"]: tuple(entity["id"]) for entity in found["entities"]}
    assert identifiers["Warfarin sodium"] == identifiers["WS"] != identifiers["liver"]
    assert identifiers["heart"] == ()
    assert len(found["relations"]) == 1


def test_link_sees_every_document_and_names_entities_before_they_are_grouped(extract):
    seen = []

    def link(document):
        seen.append([mention.identifiers for mention in document.mentions])
        named = (replace(each, identifiers=("D4",)) if each.text == "iron" else each for each in document.mentions)
        return replace(document, mentions=tuple(named))

    found = extract([ONE.text, ONE, Document("9", "", is_marked=True)], ner=iron_and_liver, link=link)
    assert seen == [[(), ()], [("D4",), ("D5",)], []]
    assert [{each["subject"]["id"], each["object"]["id"]} for each in found[0]] == [{"D4", "text:liver"}]
    assert found[1:] == extract([ONE.text, ONE, Document("9", "", is_marked=True)], ner=iron_and_liver)[1:]
    with pytest.raises(SettingError, match="link is 'x'; pass a callable that takes a document"):
        extract(ONE, link="x")


def test_link_that_returns_no_document_is_named(extract):
    for value in (ONE, ONE.text):
        with pytest.raises(SettingError, match=r"link returned NoneType None; let it return the document with"):
            extract(value, ner=iron_and_liver, link=lambda document: None)


def test_documents_that_are_linked_need_no_link_again(checkpoint):
    seen = []
    linking = open_pipeline(checkpoint, ner=iron_and_liver, link=lambda document: seen.append(document) or document)
    completed = list(linking.with_entities([ONE.text, ONE]))
    assert len(linking(completed, link=keep_identifiers)[1]) == 1
    assert len(seen) == 2


def test_documents_with_entities_are_related_as_a_call_relates_the_inputs(extract):
    inputs = [ONE.text, ONE.to_dict(), {"text": "Nothing."}]
    completed = list(extract.with_entities(inputs, ner=iron_and_liver, type_map={"Chemical": "Drug"}))
    assert [len(document.mentions) for document in completed] == [2, 2, 0]
    assert all(document.is_marked for document in completed)
    assert extract(completed) == extract(inputs, ner=iron_and_liver)


# What a result says of entities.


def test_entities_of_a_result_give_the_same_relations_again(extract):
    for value in (ONE, ONE.to_dict(), marked_document("<C:D1;D2 Iron>, <D:- pain> and <G:3 EGFR>.")):
        found = extract(value, return_entities=True)
        text = value["text"] if isinstance(value, dict) else value.text
        assert found["relations"] == extract(value)
        keys = {tuple(entity) for entity in found["entities"]}
        assert keys == {("start", "end", "text", "type", "id", "score")}
        assert {entity["score"] for entity in found["entities"]} == {None}
        assert extract({"text": text, "entities": found["entities"]}, return_entities=True) == found
    assert extract([], return_entities=True) == []


@pytest.mark.parametrize(("unit", "shift"), [("characters", 2), ("utf-16", 3), ("bytes", 5)])
def test_offsets_of_results_count_what_those_of_the_input_count(unit, shift, extract):
    plain = extract(ONE, return_entities=True)
    moved = extract(f"{DNA} {ONE.text}", ner=iron_and_liver, offsets=unit, return_entities=True)
    assert [entity["start"] for entity in moved["entities"]] == [each["start"] + shift for each in plain["entities"]]
    assert [entity["end"] for entity in moved["entities"]] == [each["end"] + shift for each in plain["entities"]]
    (relation,) = moved["relations"]
    (sentence,) = relation["evidence"]
    assert (sentence["start"], sentence["end"]) == (0, len(ONE.text) + shift)
    again = {"text": f"{DNA} {ONE.text}", "entities": moved["entities"]}
    assert extract(again, offsets=unit, return_entities=True)["relations"] == moved["relations"]


def test_flag_of_entities_is_true_or_false(extract):
    with pytest.raises(SettingError, match="return_entities is 'yes'; it is True or False"):
        extract(ONE, return_entities="yes")


# The tagger of the model.

TEXTS = ["Aspirin and the drug; gene and disease labels.", "", "What are the labels?"]
TEXTS = [*TEXTS, "Filler of aspirin. " * 40, " "] * 9


@pytest.fixture(scope="module", params=["document", "pairwise"])
def tagging(request, tmp_path_factory) -> BioDirPipeline:
    """The pipeline over a model that relates every pair and has a tagger, with random weights."""
    settings = {"pair_encoding": request.param, "tagger_labels": bio_labels(ENTITY_TYPES), "tagger_layers": 1}
    return open_pipeline(save_checkpoint(tmp_path_factory.mktemp("tagging"), **settings))


def test_entities_are_found_in_whatever_a_call_takes(tagging):
    given = [TEXTS[0], {"text": TEXTS[0], "entities": []}, Document("0", TEXTS[0])]
    found = [document.mentions for document in tagging.find_entities(iter(given))]
    assert found[0]
    assert found == found[:1] * 3


def test_entities_are_found_whatever_was_marked_and_ner_and_link_see_none_of_it(tagging, monkeypatch):
    seen = []
    monkeypatch.setitem(tagging._preprocess_params, "ner", seen.append)
    marked = {"text": TEXTS[0], "entities": [{"start": 0, "end": 7, "type": "Foo", "id": "1"}]}
    found = list(tagging.find_entities([marked, TEXTS[0]], link=lambda document: seen.append(document) or document))
    assert found[0].mentions == found[1].mentions
    assert [len(document.mentions) for document in seen] == [len(found[0].mentions)] * 2
    with pytest.raises(AnnotationError, match="half of a surrogate pair"):
        next(tagging.find_entities(Document("0", "\ud800 iron")))


ROW = pandas.Series({"text": TEXTS[0], "mentions": []}, dtype=object)


@pytest.mark.parametrize("one", [TEXTS[0], {"text": TEXTS[0]}, Document("0", TEXTS[0]), ROW], ids=type)
def test_entities_of_one_document_are_those_of_a_list_of_it(tagging, one):
    assert list(tagging.find_entities(one)) == list(tagging.find_entities([one]))
    assert list(tagging.with_entities(one)) == list(tagging.with_entities([one]))


def test_plain_text_is_tagged_and_its_entities_give_the_same_relations(tagging):
    found = tagging(TEXTS[0], return_entities=True)
    assert found["relations"]
    assert {entity["text"] for entity in found["entities"]} > {"Aspirin"}
    assert all(0 < entity["score"] <= 1 and entity["id"] for entity in found["entities"])
    again = tagging({"text": TEXTS[0], "entities": found["entities"]}, return_entities=True)
    assert again["relations"] == found["relations"]
    (document,) = tagging.find_entities([Document("0", TEXTS[0])])
    assert ResultWriter(document).entities() == found["entities"]
    assert tagging(document) == found["relations"]


def test_texts_are_tagged_together_with_the_results_of_each(tagging, monkeypatch):
    single = [tagging(text, return_entities=True, top_k=3) for text in TEXTS[:5]] * 9
    calls, find = [], tagging._finder.find
    monkeypatch.setattr(tagging._finder, "find", lambda plain: calls.append(len(plain)) or find(plain))
    marked = [ONE, *TEXTS, ONE]
    for values in (marked, iter(marked)):
        results = list(tagging(values, return_entities=True, top_k=3))
        for result, expected in zip(results[1:-1], single, strict=True):
            assert result["entities"] == [
                {**each, "score": pytest.approx(each["score"], abs=1e-5)} for each in expected["entities"]
            ]
            assert len(result["relations"]) == len(expected["relations"])
        assert {entity["score"] for result in (results[0], results[-1]) for entity in result["entities"]} == {None}
    assert calls == [16, 16, 13] * 2


def test_iterator_reads_plain_texts_no_further_ahead_than_a_batch(tagging):
    read = []

    def source():
        for text in TEXTS * 20:
            read.append(text)
            yield text

    next(tagging(source()))
    assert len(read) < 100


def test_recogniser_of_the_caller_is_used_in_place_of_the_tagger(tagging):
    found = tagging(ONE.text, ner=iron_and_liver, return_entities=True)
    assert [entity["text"] for entity in found["entities"]] == ["iron", "liver"]


@pytest.mark.parametrize("name", MARKED)
def test_tagger_leaves_documents_that_say_what_they_hold(name, tagging):
    assert tagging(MARKED[name]) == []


def test_found_entities_are_linked_before_they_are_grouped(tagging):
    def link(document):
        assert {mention.identifiers for mention in document.mentions} == {()}
        return replace(document, mentions=tuple(replace(each, identifiers=("D1",)) for each in document.mentions))

    found = tagging(TEXTS[0], link=link, return_entities=True)
    assert {tuple(entity["id"]) for entity in found["entities"]} == {("D1",)}


def test_type_map_leaves_found_entities_out(tagging, monkeypatch):
    found = Document("0", ONE.text, tuple(replace(each, identifiers=()) for each in ONE.mentions))
    monkeypatch.setattr(tagging._finder, "find", lambda plain: [found for _ in plain])
    linked = []
    parameters = {"type_map": {CHEMICAL: None}, "link": lambda document: linked.append(document) or document}
    (entity,) = tagging(ONE.text, **parameters, return_entities=True)["entities"]
    assert (entity["text"], entity["type"]) == ("liver", DISEASE)
    (document,) = tagging.with_entities(ONE.text, **parameters)
    assert [each.text for given in (*linked, document) for each in given.mentions] == ["liver"] * 3
    monkeypatch.setitem(tagging._preprocess_params, "type_map", {CHEMICAL: None})
    assert [each.text for document in tagging.find_entities(ONE.text) for each in document.mentions] == ["liver"]


def test_model_with_a_tagger_only_finds_entities_and_no_relations(tmp_path):
    labels = dict.fromkeys(("relation_labels", "novelty_labels", "direction_labels"), ())
    tagging = open_pipeline(save_checkpoint(tmp_path, **labels, tagger_labels=bio_labels(ENTITY_TYPES)))
    first, second = tagging([TEXTS[0], ONE], return_entities=True)
    assert len(first["entities"]) > 2
    assert first["relations"] == second["relations"] == []


def test_model_without_a_tagger_finds_no_entities(extract):
    assert not extract.finds_entities
    with pytest.raises(CheckpointError, match="take a checkpoint with a tagger"):
        next(extract.find_entities([ONE]))
