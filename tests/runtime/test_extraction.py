"""The run-time gives what the pipeline gives: results, parameters, errors; also in threads and other processes."""

import json
import multiprocessing
import os
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import islice

import pytest

from biodir.configuration_biodir import PAIR_ENCODINGS
from biodir.errors_biodir import BioDirError, SettingError
from biodir.formats.reading import read_documents
from biodir.inference.loading import load_pipeline
from biodir.runtime import load
from helpers.checkout import CHECKOUT
from helpers.exported import LONG, SHORT
from helpers.published_model import run

TEXT = "aspirin causes pain and the gene stops it"
PARAMETERS = [
    {},
    {"threshold": 0.2},
    {"relation_types": ["Association"], "top_k": 2},
    {"pair_types": [("Chemical", "Disease")]},
    {"entity_ids": ["C1"]},
    {"novel_only": True, "directed_only": True},
    {"min_direction_score": 0.5},
    {"return_all_scores": True, "batch_size": 2},
    {"return_entities": True, "offsets": "bytes"},
    {"ner": lambda text: [{"start": 0, "end": 7, "entity": "Chemical"}, {"start": 15, "end": 19, "entity": "Disease"}]},
    {"type_map": {"ChemicalEntity": None}},
]
# Loads graphs in a process of its own, and has other processes compute.
CHILD = """
import json, multiprocessing, pickle, sys
from biodir.runtime import load

DOCUMENT = json.loads(sys.argv[2])

def of_pickle(content):
    return pickle.loads(content)(DOCUMENT)

def of_inherited(_):
    return extract(DOCUMENT)

if __name__ == "__main__":
    extract = load(sys.argv[1], threads=2, top_k=3)
    found = {"here": extract(DOCUMENT)}
    for method in ("spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            found[method] = pool.apply_async(of_pickle, (pickle.dumps(extract),)).get(200)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        found["fork"] = pool.map_async(of_inherited, range(2)).get(200)[1]
    print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def pairs(exported):
    """The run-time and the pipeline of a form, over one checkpoint."""
    return cache(lambda form: (load(exported(form)), load_pipeline(str(exported(form)), "cpu")))


def sample_documents():
    paths = sorted((CHECKOUT / "samples").glob("*.pubtator"))
    return [document for path in paths for document in read_documents(path)]


def assert_same(found, expected) -> None:
    """Check that results are equal, scores within 1e-4."""
    if isinstance(expected, float):
        assert found == pytest.approx(expected, abs=1e-4)
    elif isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            assert_same(found[key], value)
    elif isinstance(expected, (list, tuple)):
        assert len(found) == len(expected)
        for mine, value in zip(found, expected, strict=True):
            assert_same(mine, value)
    else:
        assert found == expected


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
@pytest.mark.parametrize("parameters", PARAMETERS, ids=lambda values: "-".join(values) or "none")
def test_results_are_those_of_the_pipeline(pairs, form, parameters):
    graphs, torch = pairs(form)
    inputs = [SHORT, TEXT, LONG]
    assert_same(graphs(inputs, **parameters), torch(inputs, **parameters))


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
def test_one_input_a_list_and_a_generator_are_read_as_by_the_pipeline(pairs, form):
    graphs, _ = pairs(form)
    one, several = graphs(SHORT), graphs([SHORT, TEXT])
    assert several[0] == one
    stream = graphs(iter([SHORT, TEXT]))
    assert next(stream) == one
    assert next(stream) == several[1]


@pytest.mark.parametrize(
    ("value", "parameters"),
    [
        (SHORT, {"threshold": 2}),
        (SHORT, {"relation_types": ["Bound"]}),
        (SHORT, {"pair_type": []}),
        (SHORT, {"batch_size": 0}),
        ({"text": 7}, {}),
        ([SHORT, {"text": "x", "entities": [{"start": 0, "end": 9, "type": "Gene"}]}], {}),
        ({**SHORT, "entities": [{"start": 0, "end": 4, "type": "Ore"}]}, {}),
    ],
)
def test_errors_are_those_of_the_pipeline(pairs, value, parameters):
    messages = []
    for extract in pairs("document"):
        with pytest.raises(BioDirError) as caught:
            extract(value, **parameters)
        messages.append((type(caught.value), str(caught.value)))
    assert messages[0] == messages[1]


def test_parameters_of_the_constructor_hold_for_every_call(exported):
    extract = load(exported("document"), top_k=1)
    assert len(extract(LONG)) == 1
    assert len(extract(LONG, top_k=2)) == 2
    with pytest.raises(SettingError, match="unknown parameter 'tresh'"):
        load(exported("document"), tresh=1)


def test_threads_find_what_one_finds(exported):
    extract = load(exported("document"), threads=1)
    expected = [extract(SHORT), extract(LONG), extract(TEXT, return_entities=True)]
    calls = [lambda: extract(SHORT), lambda: extract(LONG), lambda: extract(TEXT, return_entities=True)] * 8
    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(call) for call in calls]
        found = [future.result() for future in futures]
    assert found == expected * 8


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
def test_pickled_pipeline_keeps_its_parameters_and_finds_the_same(exported, form):
    extract = load(exported(form), "onnx-int8", top_k=2)
    extract(SHORT)  # with open graphs
    copy = pickle.loads(pickle.dumps(extract))
    assert copy.backend == "onnx-int8"
    assert copy(LONG) == extract(LONG)
    assert len(copy(LONG)) == 2


@pytest.mark.slow
@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
def test_other_processes_find_what_this_one_finds(exported, tmp_path):
    (tmp_path / "child.py").write_text(CHILD)
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT)}
    printed = run([sys.executable, "child.py", str(exported("document")), json.dumps(LONG)], environment, tmp_path)
    found = json.loads(printed)
    assert len(found["here"]) == 3
    assert found["spawn"] == found["forkserver"] == found["fork"] == found["here"]


def test_entities_of_plain_texts_are_those_of_the_pipeline(pairs):
    graphs, torch = pairs("document")
    found, expected = (list(extract.find_entities([TEXT, LONG["text"]])) for extract in (graphs, torch))
    assert [[mention.text for mention in document.mentions] for document in found] == [
        [mention.text for mention in document.mentions] for document in expected
    ]


@pytest.mark.slow
@pytest.mark.corpus
def test_shipped_checkpoint_finds_in_test_documents_what_the_pipeline_finds(data_dir, shipped_graphs):
    path = data_dir / "bioredirect" / "bioredirect_test.pubtator"
    documents = list(islice(read_documents(path), 20))
    graphs, torch = load(shipped_graphs), load_pipeline(str(CHECKOUT), "cpu")
    assert_same(graphs(documents), torch(documents))
    assert_same(graphs([documents[0].text], return_entities=True), torch([documents[0].text], return_entities=True))


@pytest.mark.slow
def test_shipped_checkpoint_finds_in_samples_what_the_pipeline_finds(shipped_graphs):
    documents = [
        document for path in sorted((CHECKOUT / "samples").glob("*.pubtator")) for document in read_documents(path)
    ]
    graphs, torch = load(shipped_graphs), load_pipeline(str(CHECKOUT), "cpu")
    assert len(documents) == 6
    assert_same(graphs(documents), torch(documents))


@pytest.mark.slow
def test_int8_scores_of_a_document_are_the_same_by_itself_and_among_others(shipped_graphs):
    documents = [
        document for path in sorted((CHECKOUT / "samples").glob("*.pubtator")) for document in read_documents(path)
    ]
    extract = load(shipped_graphs, "onnx-int8")
    together = extract(documents, return_all_scores=True)
    for document, among_others in zip(documents, together, strict=True):
        by_itself = extract(document, return_all_scores=True)
        for mine, other in zip(by_itself, among_others, strict=True):
            assert mine["score"] == pytest.approx(other["score"], abs=1e-6)
