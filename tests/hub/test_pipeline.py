"""The pipeline keeps its promises over every kind of input, with a tiny random model."""

import importlib
import itertools
import json
import math
import sys
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas
import pytest
import torch
from datasets import Dataset, DatasetDict, IterableDataset
from transformers import AutoTokenizer
from transformers.pipelines.pt_utils import KeyDataset

from biodir import AnnotationError, BioDirError, CheckpointError, ParseError, SettingError, format_pubtator
from biodir.document_biodir import Passage
from biodir.labels_biodir import CHEMICAL, DISEASE, GENE
from biodir.modeling_biodir import BioDirForRelationExtraction
from biodir.pipeline_biodir import BioDirPipeline
from helpers.checkout import CHECKOUT
from helpers.marked import marked_document
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint

RESULT_KEYS = [
    "subject",
    "object",
    "relation",
    "directed",
    "novelty",
    "score",
    "relation_score",
    "novelty_score",
    "direction_score",
    "evidence",
    "cross_window",
]
# Three pairs, one pair, none.
THREE = marked_document("<C:D1 Aspirin> cures <D:D2 pain>. Through the <G:3 gene> comes <D:D2 pain>.", id="three")
ONE = marked_document("Too much <C:D4 iron> harms the <D:D5 liver>.", id="one")
NO_PAIR = marked_document("No <C:D1 drug> helped the <S:9606 patients>; <D:- pain> was not linked.", id="no pair")
NO_ENTITY = marked_document("Nothing here.", id="no entity")
DOCUMENTS = [NO_ENTITY, THREE, NO_PAIR, NO_ENTITY, ONE, THREE, NO_PAIR]
PAIRS = [0, 3, 0, 0, 1, 3, 0]
MAPPINGS = [document.to_dict() for document in DOCUMENTS]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    return save_checkpoint(tmp_path_factory.mktemp("pipeline"))


@pytest.fixture(scope="module")
def extract(checkpoint) -> BioDirPipeline:
    """The pipeline over a model that relates every pair."""
    return open_pipeline(checkpoint)


@pytest.fixture(scope="module")
def extract_none(checkpoint) -> BioDirPipeline:
    """The pipeline over a model that relates no pair."""
    return open_pipeline(checkpoint, relates_all=False)


@pytest.fixture
def batches(extract, monkeypatch) -> list[int]:
    """How many pairs each batch has that `extract` hands to its model during the test."""
    seen, forward = [], extract.model.forward

    def watched(**inputs):
        seen.append(len(inputs["pair_type_ids"]))
        return forward(**inputs)

    monkeypatch.setattr(extract.model, "forward", watched)
    return seen


def same(found, expected) -> bool:
    """Return whether the data are equal, scores within 1e-5."""
    if isinstance(expected, float):
        return math.isclose(found, expected, abs_tol=1e-5)
    if isinstance(expected, dict):
        return list(found) == list(expected) and all(same(found[key], expected[key]) for key in expected)
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    return found == expected


# One document, in every form.


def test_pubtator_text_gives_what_the_document_gives(extract):
    document = replace(THREE, passages=(Passage(0, 19, "title"), Passage(20, len(THREE.text), "abstract")))
    assert extract(format_pubtator(document)) == extract(document)


def test_document_is_read_as_a_call_reads_it(extract):
    value = {"text": "Iron.", "entities": [{"start": 0, "end": 4, "type": "Metal", "id": "D3"}]}
    document = extract.read_document(value, 7, type_map={"Metal": CHEMICAL}, top_k=1)
    assert (document.id, document.mentions[0].entity_type) == ("7", CHEMICAL)
    with pytest.raises(AnnotationError, match=r"document 7: mentions have unknown entity types: 'Metal' \(1\)"):
        extract.read_document(value, 7)
    with pytest.raises(SettingError, match="unknown parameter 'type_mop'"):
        extract.read_document(value, type_mop={})


def test_document_of_another_copy_of_the_class_gives_what_ours_gives(extract, monkeypatch):
    package = types.ModuleType("another_copy")
    package.__path__ = [str(CHECKOUT)]
    monkeypatch.setitem(sys.modules, "another_copy", package)
    copied = importlib.import_module("another_copy.document_biodir").Document.from_dict(THREE.to_dict())
    assert type(copied) is not type(THREE)
    assert extract(copied) == extract(THREE)
    assert extract([copied]) == [extract(THREE)]


def test_result_holds_the_documented_keys(extract):
    results = extract(THREE)
    assert len(results) == 3
    for result in results:
        assert list(result) == RESULT_KEYS
        assert [list(result[role]) for role in ("subject", "object")] == [["id", "type", "text"]] * 2
        assert json.loads(json.dumps(result)) == result


def test_evidence_is_the_text_at_its_offsets(extract):
    results = extract(THREE)
    for result in results:
        assert result["evidence"]
        for part in result["evidence"]:
            assert THREE.text[part["start"] : part["end"]] == part["text"]
    of_gene = next(result for result in results if {result["subject"]["id"], result["object"]["id"]} == {"3", "D2"})
    assert [part["text"] for part in of_gene["evidence"]] == ["Through the gene comes pain."]


def test_pipeline_calls_a_model_in_training_without_dropout(checkpoint, extract):
    model = BioDirForRelationExtraction.from_pretrained(checkpoint).train()
    trained = BioDirPipeline(model, AutoTokenizer.from_pretrained(checkpoint), device="cpu")
    assert trained(THREE) == extract(THREE)


# Many documents, in every container.

CONTAINERS = {
    "list": list,
    "tuple": tuple,
    "generator": lambda values: (value for value in values),
    "iterator": iter,
    "pandas.DataFrame": lambda values: pandas.DataFrame(list(values)),
    "column of it": lambda values: pandas.Series(list(values), dtype=object),
    "array": lambda values: np.array(list(values), dtype=object),
    "collection": lambda values: {"documents": list(values)},
    "datasets.Dataset": Dataset.from_list,
    "datasets.IterableDataset": lambda values: IterableDataset.from_generator(lambda: iter(values)),
    "sequence without iterator": lambda values: KeyDataset([{"document": value} for value in values], "document"),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_gives_the_results_of_its_documents_in_order(name, extract):
    assert list(extract(CONTAINERS[name]([]))) == []
    results = list(extract(CONTAINERS[name](MAPPINGS)))
    assert [len(result) for result in results] == PAIRS
    assert same(results, [extract(mapping) for mapping in MAPPINGS])


@pytest.mark.parametrize("name", ["list", "tuple", "pandas.DataFrame", "column of it", "array", "collection"])
def test_what_is_in_memory_gives_a_list_and_other_containers_an_iterator(name, extract):
    assert extract(CONTAINERS[name]([])) == []
    assert extract(CONTAINERS[name](MAPPINGS[:2])) == list(extract(iter(MAPPINGS[:2])))
    assert iter(iterator := extract(iter([NO_ENTITY]))) is iterator


def test_rows_of_a_dataset_may_lack_what_others_have(extract):
    without_key = {"id": "x", "text": "No entities."}
    rows = Dataset.from_list([THREE.to_dict(), without_key, ONE.to_dict()])
    assert rows[1]["entities"] is None
    assert same(list(extract(rows)), [extract(THREE), [], extract(ONE)])


def test_mapping_of_splits_is_refused(extract):
    split = Dataset.from_list(MAPPINGS)
    with pytest.raises(AnnotationError, match=r"set of splits \(train, test\); pass one of them"):
        extract(DatasetDict({"train": split, "test": split}))
    streamed = IterableDataset.from_generator(lambda: iter(MAPPINGS))
    with pytest.raises(AnnotationError, match="set of splits"):
        extract({"train": streamed})


# Batches.


def test_pairs_of_several_documents_share_a_batch(extract, batches):
    extract([ONE, THREE, ONE])
    assert batches == [5]


def test_batch_size_counts_pairs(extract, batches):
    extract([ONE, THREE, ONE, THREE], batch_size=3)
    assert batches == [3, 3, 2]


@pytest.mark.parametrize("batch_size", [1, 2, 3, 100, None])
def test_batch_size_changes_neither_scores_nor_order(batch_size, extract):
    expected = [extract(document) for document in DOCUMENTS]
    assert same(extract(DOCUMENTS, batch_size=batch_size), expected)
    assert same(list(extract(iter(DOCUMENTS), batch_size=batch_size, num_workers=0)), expected)


# Parameters.


def test_threshold_leaves_out_lower_scores(extract):
    best, middle, _ = extract(THREE)
    assert same(extract(THREE, threshold=middle["score"]), [best, middle])
    assert extract(THREE, threshold=np.float32(1)) == []


def test_flags_choose_novel_and_directed_results(extract, monkeypatch):
    forward = extract.model.forward

    def mixed(**inputs):
        """The output of the model, the first pair novel, the second directed, the third both."""
        novelty = torch.tensor([[0.0, 9, 0], [0, 0, 8], [0, 7, 0]])
        direction = torch.tensor([[0.0, 0, 0, 9], [0, 8, 0, 0], [0, 0, 7, 0]])
        return replace(forward(**inputs), novelty_logits=novelty, direction_logits=direction)

    monkeypatch.setattr(extract.model, "forward", mixed)
    everything = extract(THREE)
    found = sorted((each["novelty"], each["directed"]) for each in everything)
    assert found == [("No", True), ("Novel", False), ("Novel", True)]
    assert extract(THREE, novel_only=True) == [each for each in everything if each["novelty"] == "Novel"]
    assert extract(THREE, directed_only=True) == [each for each in everything if each["directed"]]
    assert len(extract(THREE, novel_only=True, directed_only=True)) == 1
    with pytest.raises(ValueError, match="novel_only is 1; it is True or False"):
        extract(THREE, novel_only=1)


def test_unsure_directions_are_left_open(extract):
    everything = extract(THREE)
    scores = [each["direction_score"] for each in everything if each["directed"]]
    assert scores, "the test needs a directed relation"
    assert same(extract(THREE, min_direction_score=0.0), everything)
    assert same(extract(THREE, min_direction_score=min(scores)), everything)
    found = extract(THREE, min_direction_score=1)
    assert [each["directed"] for each in found] == [False] * len(everything)
    given = [each for each in found if each["direction_score"] is not None]
    assert len(found) - len(given) == len(scores), "an undirected relation keeps the score of that"
    assert extract(THREE, min_direction_score=1, directed_only=True) == []


def test_relation_types_choose_results(extract):
    wanted = extract(THREE)[0]["relation"]
    expected = [result for result in extract(THREE) if result["relation"] == wanted]
    assert extract(THREE, relation_types=[wanted]) == expected
    assert extract(THREE, relation_types=iter([wanted])) == expected
    assert extract(THREE, relation_types=[]) == []


def test_pair_types_choose_pairs_before_the_model(extract, batches):
    for pair_type in ((GENE, DISEASE), (DISEASE, GENE)):
        (result,) = extract(THREE, pair_types=iter([pair_type]))
        assert {result["subject"]["type"], result["object"]["type"]} == {GENE, DISEASE}
    assert batches == [1, 1]
    assert extract(THREE, pair_types=[]) == []


def test_entity_ids_choose_pairs_before_the_model(extract, batches):
    results = extract(THREE, entity_ids={"D1", "unknown"})
    assert len(results) == 2
    assert all("D1" in (result["subject"]["id"], result["object"]["id"]) for result in results)
    assert batches == [2]
    assert extract(THREE, entity_ids=[]) == []


def test_top_k_keeps_the_best_of_each_document(extract):
    results = extract([THREE, ONE], top_k=np.int64(2))
    assert same(results, [extract(THREE)[:2], extract(ONE)])


def test_return_all_scores_gives_every_pair_with_the_score_of_every_label(extract_none):
    results = extract_none(THREE, return_all_scores=True)
    labels = extract_none.model.config.labels
    assert len(results) == 3
    for result in results:
        assert list(result) == [*RESULT_KEYS, "scores"]
        assert {task: list(scores) for task, scores in result["scores"].items()} == labels
        assert result["relation"] == "None"
        assert result["relation_score"] == result["scores"]["relation"]["None"]
        assert result["novelty_score"] == max(list(result["scores"]["novelty"].values())[1:])
        assert result["direction_score"] == max(list(result["scores"]["direction"].values())[1:])


def test_call_parameters_join_those_of_the_constructor(checkpoint, extract):
    lowest = extract(THREE)[-1]["score"]
    narrow = open_pipeline(checkpoint, top_k=1, threshold=lowest + 1e-3, batch_size=2)
    assert len(narrow(THREE)) == 1
    assert len(narrow(THREE, top_k=3)) == 2, "the call changes top_k, the threshold of the constructor stays"
    assert len(narrow(THREE, top_k=None)) == 1, "None is no value"
    assert len(narrow(THREE)) == 1, "a call leaves no trace"


def test_unknown_parameter_is_refused_with_the_name_that_was_meant(checkpoint, extract):
    with pytest.raises(SettingError, match="unknown parameter 'thresholds'; did you mean 'threshold'"):
        extract(THREE, thresholds=0.5)
    with pytest.raises(SettingError, match=r"unknown parameter 'xyz'; known are pair_types, .*, batch_size") as caught:
        extract(THREE, xyz=1)
    assert str(caught.value).count("offsets") == 1
    with pytest.raises(SettingError, match="did you mean 'top_k'"):
        open_pipeline(checkpoint, topk=1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("threshold", 1.5),
        ("threshold", float("nan")),
        ("threshold", True),
        ("min_direction_score", -0.1),
        ("top_k", 0),
        ("batch_size", 2.5),
        ("return_all_scores", "no"),
        ("relation_types", "Bind"),
        ("relation_types", ["Binds"]),
        ("pair_types", (GENE, DISEASE)),
        ("pair_types", [(GENE, "Organ")]),
        ("entity_ids", "D1"),
        ("entity_ids", [6331]),
        ("type_map", [("Compound", CHEMICAL)]),
        ("type_map", {"Compound": "Chemistry"}),
        ("ner", "model"),
        ("num_workers", 2),
    ],
)
def test_wrong_value_of_a_parameter_is_refused(name, value, checkpoint, extract, batches):
    for documents in ([THREE], iter([THREE])):
        with pytest.raises(SettingError, match=name.removesuffix("s").replace("_", "[_ ]") + "|entity type"):
            extract(documents, **{name: value})
    with pytest.raises(SettingError):
        open_pipeline(checkpoint, **{name: value})
    assert batches == []


# Other names of types, and texts without entities.


def test_type_map_names_types_or_leaves_them_out(checkpoint, extract):
    mapping = ONE.to_dict()
    mapping["entities"][0]["type"] = "Metal"
    assert extract(mapping, type_map={"Metal": CHEMICAL}) == extract(ONE)
    assert extract(mapping, type_map={"Metal": None}) == []
    assert open_pipeline(checkpoint, type_map={"Metal": CHEMICAL})(mapping) == extract(ONE)


@pytest.mark.parametrize("type_map", [{"Drug": CHEMICAL, CHEMICAL.lower(): None}, {DISEASE: "Gene", GENE: DISEASE}])
def test_type_map_is_applied_once_to_a_document(checkpoint, extract, type_map):
    mapping = THREE.to_dict()
    mapping["entities"][0]["type"] = "Drug"
    expected = extract(mapping, type_map=type_map)
    assert len(expected) == 3
    for read in (extract.read_document(mapping, type_map=type_map), *extract.with_entities(mapping, type_map=type_map)):
        assert extract(read, type_map=type_map) == expected
    mapped = open_pipeline(checkpoint, type_map=type_map)
    assert mapped(mapped.read_document(mapping)) == mapped(mapping) == expected
    if "Drug" in type_map:
        mapping["entities"][0]["type"] = CHEMICAL
        assert len(extract(mapping, type_map=type_map)) == 1, "of the gene and the disease"
        assert extract(extract.read_document(mapping), type_map={CHEMICAL: None}) == extract(mapping, type_map=type_map)


def test_type_map_may_name_types_as_pubtator_does(extract):
    mapping = ONE.to_dict()
    mapping["entities"][0]["type"] = "Metal"
    for target in ("Chemical", "chemical", "drug", CHEMICAL):
        assert extract(mapping, type_map={"metal": target}) == extract(ONE)


@pytest.mark.parametrize("prefix", ["", "MESH:", "mesh: "])
@pytest.mark.parametrize("wanted", ["D4", "MESH:D4"])
def test_identifiers_are_found_with_and_without_vocabulary(prefix, wanted, extract, caplog):
    mapping = ONE.to_dict()
    mapping["entities"][0]["id"] = f"{prefix}D4"
    assert len(extract(mapping, entity_ids=[wanted])) == 1
    assert caplog.messages == []
    assert extract(mapping, entity_ids=[f"OMIM:{wanted}".replace("MESH:", "")]) == ([] if prefix else extract(mapping))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"entity_ids": ["D4", "D99"]}, "entity_ids that no candidate pair of the documents has: D99"),
        ({"pair_types": [("Gene", "Gene")]}, f"pair_types that no document has: {GENE}-{GENE}"),
        ({"relation_types": ["Bind", "Comparison"]}, "relation_types that were not found in any document: "),
    ],
)
def test_filter_that_nothing_passes_is_named_once_at_the_end(parameters, message, extract, caplog):
    list(extract(iter([ONE, NO_PAIR, ONE]), **parameters))
    (line,) = caplog.messages
    assert line.startswith(message)


def test_identifiers_that_mean_none_are_no_entity_and_are_said_once(extract, caplog):
    mapping = THREE.to_dict()
    for entity in mapping["entities"]:
        entity["id"] = "CUI-less"
    assert extract([mapping, mapping]) == [[], []]
    assert caplog.messages == [
        "mentions whose identifier 'CUI-less' means none: they are linked to nothing: 8",
        "documents with fewer than two different identifiers, in which nothing can be related: 2",
    ]


def test_offsets_of_other_units_are_converted(extract):
    text = "\U0001f9ec " + ONE.text
    mapping = {**ONE.to_dict(), "text": text}
    moved = [{**entity, "start": entity["start"] + 3, "end": entity["end"] + 3} for entity in mapping["entities"]]
    (found,) = extract({**mapping, "entities": moved}, offsets="utf-16")
    assert found["subject"]["text"] in ("iron", "liver")
    with pytest.raises(AnnotationError, match='offsets="utf-16"'):
        extract({**mapping, "entities": moved})


def test_pair_types_may_have_the_names_that_documents_may_use(checkpoint, extract):
    expected = extract(THREE, pair_types=[(GENE, DISEASE)])
    assert len(expected) == 1
    assert extract(THREE, pair_types=[("Gene", "Disease")]) == expected
    locus = {"pair_types": [("Locus", DISEASE)]}
    assert extract(THREE, type_map={"Locus": GENE}, **locus) == expected
    assert open_pipeline(checkpoint, type_map={"Locus": GENE})(THREE, **locus) == expected
    with pytest.raises(SettingError, match=r"unknown pair type \('Locus', 'DiseaseOr.*'\); known are \('Chemical"):
        extract(THREE, type_map={"Locus": None}, **locus)


def find_iron_and_liver(key):
    """What a token-classification pipeline finds in the text of `ONE`: NumPy scores, sometimes NumPy offsets."""

    def ner(text):
        places = [(text.index("iron"), 4, "Chemical"), (text.index("liver"), 5, "Disease")]
        return [
            {key: kind, "score": np.float32(0.9), "word": "w", "start": np.int64(start), "end": start + length}
            for start, length, kind in places
        ]

    return ner


@pytest.mark.parametrize("key", ["entity_group", "entity", "type"])
def test_ner_marks_a_plain_text(key, checkpoint, extract):
    (result,) = extract(ONE.text, ner=find_iron_and_liver(key))
    assert {result["subject"]["id"], result["object"]["id"]} == {"text:iron", "text:liver"}
    assert json.loads(json.dumps(result)) == result
    assert open_pipeline(checkpoint, ner=find_iron_and_liver(key))([ONE.text]) == [[result]]


def test_ner_keeps_identifiers_that_it_gives(extract):
    def linked(text):
        found = find_iron_and_liver("entity_group")(text)
        return [{**entry, "id": ["D4", "D5"][index]} for index, entry in enumerate(found)]

    assert extract({"text": ONE.text}, ner=linked) == extract(ONE)


def test_ner_is_not_called_where_entities_are_annotated(extract):
    def ner(text):
        raise AssertionError(f"called with {text!r}")

    assert extract(THREE, ner=ner) == extract(THREE)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ("iron", "document 0: ner returned 'iron'"),
        (["iron"], "document 0, ner result 0: 'iron' lacks start, end or a type"),
        ([{"entity": "B-Chemical", "word": "iron"}], "aggregation_strategy"),
        ([{"entity_group": "Organ", "start": 0, "end": 3}], "unknown entity types: 'Organ'"),
        ([{"entity_group": "Gene", "start": 0, "end": 300}], "ends at 300 but the text has"),
    ],
)
def test_unusable_answer_of_ner_is_refused(found, message, extract):
    with pytest.raises(AnnotationError, match=message):
        extract(ONE.text, ner=lambda text: found)


def test_plain_text_without_ner_is_refused(extract):
    with pytest.raises(ParseError, match=r"document 1: 'Aspirin cures pain\.' is not PubTator text; .*ner="):
        extract([THREE, "Aspirin cures pain."])


# Bad input.

IRON = {"start": 9, "end": 13, "type": CHEMICAL}
BAD_DOCUMENTS = {
    "offset outside the text": ({"text": ONE.text, "entities": [{**IRON, "end": 99}]}, "ends at 99 but the text has"),
    "unknown type": ({"text": ONE.text, "entities": [{**IRON, "type": "Organ"}]}, "unknown entity types: 'Organ'"),
    "type is no number of a type": (
        {"text": ONE.text, "entities": [{**IRON, "type": 6}]},
        "numbers its entity types 0 to 5",
    ),
    "half a character": ({"text": "a \ud83d"}, "half of a surrogate pair"),
    "half a character in an identifier": ({"text": ONE.text, "entities": [{**IRON, "id": "\ud83d"}]}, "surrogate"),
    "no text": ({"id": "x"}, "document x: has none of 'text'"),
    "number": (5, "a document is a mapping, a PubTator string or a Document, not int 5"),
    "list": ([THREE], "not list"),
    "malformed PubTator": ("1|t|Iron\n1|a|x\n1\tzero\t4\tIron\tGene\t3", r"document \d:3: score '3'"),
    "two PubTator documents": ("1|t|Iron\n1|a|x\n\n2|t|Iron\n2|a|x", "holds 2 documents"),
}


@pytest.mark.parametrize("name", BAD_DOCUMENTS)
def test_bad_document_in_a_list_is_found_before_the_model_runs(name, extract, batches):
    bad, message = BAD_DOCUMENTS[name]
    with pytest.raises(BioDirError, match=message):
        extract([ONE, bad, ONE])
    assert batches == []


@pytest.mark.parametrize("name", BAD_DOCUMENTS)
def test_bad_document_in_a_generator_costs_none_of_those_before_it(name, extract):
    bad, message = BAD_DOCUMENTS[name]
    results = extract(value for value in (THREE, NO_ENTITY, ONE, bad, ONE))
    assert same(list(itertools.islice(results, 3)), [extract(THREE), [], extract(ONE)])
    with pytest.raises(BioDirError, match=message):
        next(results)


@pytest.mark.parametrize("value", [None, 5, b"1|t|x"])
def test_input_that_holds_no_documents_is_refused_at_once(value, extract):
    with pytest.raises(AnnotationError, match="neither a document nor a sequence of documents"):
        extract(value)


# Checkpoints that do not fit.


def test_pipeline_needs_a_tokenizer(extract):
    with pytest.raises(CheckpointError, match="no tokenizer"):
        BioDirPipeline(extract.model, device="cpu")


def test_tokenizer_with_more_tokens_than_embeddings_is_refused(checkpoint, extract):
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    tokenizer.add_tokens(["extra"])
    with pytest.raises(CheckpointError, match=r"has \d+ tokens but the model's embeddings have \d+ rows"):
        BioDirPipeline(extract.model, tokenizer, device="cpu")
