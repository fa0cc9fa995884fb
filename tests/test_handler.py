"""handler.py: limits and errors in this process, requests by HTTP to a container in another."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from biodir.formats.pubtator_writer import format_pubtator
from biodir.labels_biodir import ENTITY_TYPES, bio_labels
from biodir.publishing.checking import clean_environment
from helpers.checkout import CHECKOUT
from helpers.marked import marked_document
from helpers.script_module import script
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint

DOCUMENT = marked_document("<C:D1 Aspirin> cures <D:D2 pain>. The <G:3 gene> causes <D:D2 pain>.", id="7").to_dict()
OTHER = marked_document("<C:D3 Iron> raises <G:4 EGFR>.", id="8").to_dict()
handler = script("handler", ".")
LIMIT_NAMES = ("DOCUMENTS", "CHARACTERS", "MENTIONS", "IDENTIFIERS", "PAIRS", "EVIDENCE")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return save_checkpoint(tmp_path_factory.mktemp("handler"), pair_encoding="document")


@pytest.fixture(scope="module")
def pipe(folder):
    return open_pipeline(folder)


@pytest.fixture
def endpoint(pipe, monkeypatch):
    """A handler over the installed code, with small limits."""
    monkeypatch.setattr("transformers.pipeline", lambda task, model, trust_remote_code: pipe)
    for name, value in zip(LIMIT_NAMES, (3, 200, 5, 4, 18, 400), strict=True):
        monkeypatch.setenv(f"BIODIR_MAX_{name}", str(value))
    return handler.EndpointHandler("somewhere")


def refused(endpoint, data) -> dict:
    """Return the error that the handler raises, as the client reads it."""
    with pytest.raises(ValueError, match=r"^\{") as caught:
        endpoint(data)
    error = json.loads(str(caught.value))
    assert list(error) == ["status", "field", "message", "fix"]
    assert all(error.values())
    return error


def place_of(error: dict) -> tuple[int, str]:
    return error["status"], error["field"]


def test_answer_is_that_of_the_pipeline_and_json(endpoint, pipe):
    assert endpoint({"inputs": DOCUMENT}) == pipe(DOCUMENT)
    assert len(pipe(DOCUMENT)) == 3
    assert endpoint({"inputs": []}) == []
    found = endpoint({"inputs": [DOCUMENT, OTHER], "parameters": {"return_all_scores": True}})
    assert found == pipe([DOCUMENT, OTHER], return_all_scores=True)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    text = format_pubtator(marked_document("<C:D3 Iron> raises <G:4 EGFR>.", id="8"))
    assert endpoint({"inputs": text}) == pipe(text)
    assert len(pipe(text)) == 1


@pytest.fixture
def tagging_endpoint(tmp_path_factory, monkeypatch):
    """A handler over a model with a tagger, that takes few mentions."""
    folder = save_checkpoint(tmp_path_factory.mktemp("tagging"), tagger_labels=bio_labels(ENTITY_TYPES))
    monkeypatch.setattr("transformers.pipeline", lambda task, model, trust_remote_code: open_pipeline(folder))
    monkeypatch.setenv("BIODIR_MAX_MENTIONS", "20")
    return handler.EndpointHandler("somewhere")


def test_plain_text_is_tagged_unless_that_gives_too_many_mentions(tagging_endpoint):
    text, asked = "Aspirin and the drug; gene, disease.", {"return_entities": True, "top_k": 2}
    (found, marked) = tagging_endpoint({"inputs": [text, {**DOCUMENT, "entities": []}], "parameters": asked})
    assert [len(found["relations"]), marked] == [2, {"entities": [], "relations": []}]
    assert {entity["text"] for entity in found["entities"]} > {"Aspirin"}
    again = tagging_endpoint({"inputs": {"text": text, "entities": found["entities"]}, "parameters": {"top_k": 2}})
    assert again == found["relations"]
    error = refused(tagging_endpoint, {"inputs": [text, f"{text} " * 9]})
    assert place_of(error) == (413, "inputs[1]")
    assert "mentions; a document has at most 20" in error["message"]


SPANS = [{"begin": 0, "end": 4, "label": "Drug", "cui": "D3"}, {"begin": 12, "end": 16, "label": "Gene", "cui": "4"}]
BIOC_MARKS = [
    {"text": "Iron EGFR"[start : start + 4], "infons": {"type": kind, "identifier": name}, "locations": [location]}
    for start, kind, name, location in (
        (0, "Chemical", "D3", {"offset": 0, "length": 4}),
        (5, "Gene", "4", {"offset": 12, "length": 4}),
    )
]
BIOC = {"id": "8", "passages": [{"offset": 0, "text": OTHER["text"], "annotations": BIOC_MARKS}]}


@pytest.mark.parametrize(
    "inputs",
    [
        *({"text": OTHER["text"], key: SPANS} for key in ("entities", "mentions", "annotations", "spans", "ents")),
        {"abstract": OTHER["text"], "entities": SPANS},
        BIOC,
        {"documents": [BIOC]},
        {"PubTator3": [BIOC]},
        [{"documents": [BIOC]}],
    ],
)
def test_shapes_of_other_tools_are_answered(endpoint, pipe, inputs):
    found = endpoint({"inputs": inputs})
    (relation,) = found[0] if isinstance(found[0], list) else found
    (expected,) = pipe(OTHER)
    assert [relation[key] for key in ("relation", "subject", "object", "score")] == [
        expected[key] for key in ("relation", "subject", "object", "score")
    ]


SWAPPED = {"ChemicalEntity": "Disease", "DiseaseOrPhenotypicFeature": "Chemical"}


def test_type_map_is_applied_once(endpoint, pipe):
    answer = endpoint({"inputs": DOCUMENT, "parameters": {"type_map": SWAPPED, "return_entities": True}})
    assert answer == pipe(DOCUMENT, type_map=SWAPPED, return_entities=True)
    kinds = ["DiseaseOrPhenotypicFeature", "ChemicalEntity", "GeneOrGeneProduct", "ChemicalEntity"]
    assert [entity["type"] for entity in answer["entities"]] == kinds


def test_entities_that_are_found_are_left_out_by_a_type_map(tagging_endpoint):
    text, pipe = "Aspirin and the drug; gene, disease.", tagging_endpoint.pipeline
    kinds = {entity["type"] for entity in pipe(text, return_entities=True)["entities"]}
    asked = {"type_map": dict.fromkeys(kinds), "return_entities": True}
    answer = tagging_endpoint({"inputs": text, "parameters": asked})
    assert kinds
    assert answer == pipe(text, **asked) == {"entities": [], "relations": []}


@pytest.mark.parametrize("given", [7, 7.0, float("nan"), None])
def test_ids_of_tables_are_answered(endpoint, pipe, given):
    assert endpoint({"inputs": {**OTHER, "id": given}}) == pipe(OTHER)


def test_parameters_reach_the_pipeline(endpoint, pipe):
    assert endpoint({"inputs": DOCUMENT, "parameters": {"top_k": 1}}) == pipe(DOCUMENT, top_k=1)
    assert endpoint({"inputs": DOCUMENT, "parameters": None}) == pipe(DOCUMENT)
    only = {"entity_ids": ["3"], "pair_types": [["GeneOrGeneProduct", "DiseaseOrPhenotypicFeature"]]}
    assert endpoint({"inputs": DOCUMENT, "parameters": only}) == pipe(DOCUMENT, **only)
    passages = [{**BIOC["passages"][0], "infons": {"section_type": "METHODS"}}]
    for chosen in ({"sections": ["METHODS"]}, {"skip_sections": ["METHODS"]}):
        found = endpoint({"inputs": {"passages": passages}, "parameters": chosen})
        assert found == pipe({"passages": passages}, **chosen)
        assert len(found) == len(chosen.get("sections", ()))
    middle = str(pipe(DOCUMENT)[1]["score"])  # a string, as in the query of an address
    data = {"inputs": dict(DOCUMENT), "parameters": {"threshold": middle}}
    assert endpoint(data) == pipe(DOCUMENT)[:2]
    surest = {"inputs": DOCUMENT, "parameters": {"min_direction_score": "0.99"}}
    assert endpoint(surest) == pipe(DOCUMENT, min_direction_score=0.99)
    assert data == {"inputs": DOCUMENT, "parameters": {"threshold": middle}}, "the request stays as it was"


@pytest.mark.parametrize(
    ("data", "status", "field", "message"),
    [
        ({}, 400, "inputs", "the body has no key 'inputs'"),
        ({"inputs": DOCUMENT, "top_k": 3}, 400, "top_k", "unknown key 'top_k'; known are inputs, parameters"),
        ({"inputs": 7}, 400, "inputs", "int 7 is no document"),
        ({"inputs": [DOCUMENT, [OTHER]]}, 400, "inputs[1]", "list "),
        ({"inputs": DOCUMENT, "parameters": [1]}, 400, "parameters", "list [1] is no mapping"),
        ({"inputs": DOCUMENT, "parameters": {"ner": "x"}}, 400, "parameters.ner", "unknown parameter 'ner'"),
    ],
)
def test_malformed_request_is_a_400(endpoint, data, status, field, message):
    error = refused(endpoint, data)
    assert place_of(error) == (status, field)
    assert message in error["message"]


@pytest.mark.parametrize(
    ("inputs", "field", "message"),
    [
        ([OTHER] * 4, "inputs", "4 documents; at most 3 are answered at once"),
        ([OTHER, {"text": "x" * 201}], "inputs[1]", "201 characters; a document has at most 200"),
        ({"title": "x" * 100, "abstract": "y" * 101}, "inputs", "201 characters"),
        ({"passages": [{"text": "x" * 100}, {"text": "y" * 101}]}, "inputs", "201 characters"),
        ({"passages": [{"text": "x"}, {"text": "y", "offset": 10**12}]}, "inputs", "1000000000001 characters"),
        ("x" * 201, "inputs", "201 characters"),
        ({"passages": [{"text": ["x" * 201], "offsets": [[0, 201]]}]}, "inputs", "201 characters"),
        ({"passages": [{"sentences": [{"text": "x", "offset": 200}]}]}, "inputs", "201 characters"),
        ({"passages": [{"text": ["x"], "offsets": [[200, 201]]}]}, "inputs", "201 characters"),
        ({"passages": [{"text": "x", "offset": "200"}, {"text": "y", "offset": 0}]}, "inputs", "202 characters"),
        ([{"documents": [{"text": "x" * 201}]}], "inputs[0]", "201 characters"),
        ({"documents": [OTHER] * 4}, "inputs", "4 documents; at most 3 are answered at once"),
        ({"text": "x", "spans": [{}] * 6}, "inputs", "6 mentions; a document has at most 5"),
        ({"text": "x", "entities": [{}] * 6}, "inputs", "6 mentions; a document has at most 5"),
    ],
)
def test_limits_are_a_413_before_anything_is_read(endpoint, inputs, field, message):
    error = refused(endpoint, {"inputs": inputs})
    assert place_of(error) == (413, field)
    assert message in error["message"]


def mentions_of(*identifiers) -> dict:
    """A document with a chemical for each identifier, or list of them."""
    entities = [
        {"start": index, "end": index + 1, "type": "ChemicalEntity", "id": identifier, "text": "x"}
        for index, identifier in enumerate(identifiers)
    ]
    return {"text": "x" * 20, "entities": entities}


def pubtator_of(*columns: str, kind: str = "Chemical") -> str:
    """The same as PubTator text, a line for each identifier column."""
    rows = [f"1\t{index}\t{index + 1}\tx\t{kind}\t{column}\n" for index, column in enumerate(columns)]
    return "1|t|xxxxxx\n1|a|x\n" + "".join(rows)


MANY = [f"D{number}" for number in range(4)]


@pytest.mark.parametrize(
    ("inputs", "field", "message"),
    [
        (pubtator_of(*"abcdef"), "inputs", "6 mentions; a document has at most 5"),
        ([OTHER, "1|t|xx\n1|a|x\n" + "1\t +0\t1\tx\tGene\n" * 6], "inputs[1]", "6 mentions"),
        ([OTHER, mentions_of([*MANY, "D4"], "D9")], "inputs[1]", "5 identifiers of one mention; at most 4 are read"),
        (mentions_of(MANY, [identifier + "0" for identifier in MANY]), "inputs", "28 pairs of mentions; at most 18"),
        ([mentions_of(*"abcde"), OTHER, mentions_of(*"abcde")], "inputs", "21 pairs of mentions"),
    ],
)
def test_what_would_run_too_long_is_a_413_before_the_model_runs(endpoint, pipe, monkeypatch, inputs, field, message):
    monkeypatch.setattr(pipe, "forward", None)
    error = refused(endpoint, {"inputs": inputs})
    assert place_of(error) == (413, field)
    assert message in error["message"]


def test_answer_with_too_much_evidence_is_a_413(endpoint):
    marks = mentions_of(*"abcd")
    fitting, longer = ({**marks, "text": "x" * length} for length in (133, 134))  # two mentions a pair, one sentence
    asked = {"return_all_scores": True, "top_k": 3}
    assert sum(len(each["evidence"]) for each in endpoint({"inputs": fitting, "parameters": asked})) == 3
    error = refused(endpoint, {"inputs": [OTHER, longer], "parameters": asked})
    assert place_of(error) == (413, "inputs")
    assert "characters of evidence; at most 400 are sent" in error["message"]
    assert "top_k" in error["fix"]


def test_what_just_fits_is_answered(endpoint):
    assert endpoint({"inputs": [{"text": "x" * 200}] * 3}) == [[], [], []]
    passages = [{"text": "x" * 49, "offset": offset, "infons": {}} for offset in (0, 50, 100, 151)]
    assert endpoint({"inputs": {"passages": passages}}) == []
    halves = {"title": "x" * 99, "abstract": "y" * 100}
    assert endpoint({"inputs": {"text": " ".join(halves.values()), **halves}}) == []
    assert len(endpoint({"inputs": mentions_of(MANY, "D9", "D10")})) == 15
    column = "tmVar:p|SUB|V|600|E;HGVS:p.V600E;VariantGroup:0;CorrespondingGene:673;RS#:113488022"  # one identifier
    assert len(endpoint({"inputs": pubtator_of(column, "p|SUB|T|790|M", kind="SequenceVariant")})) == 1
    relations = (f"1\tBind\t{number}\t2\n1\t{number}\t2\tSubject:2\n" for number in range(3, 8))
    assert endpoint({"inputs": pubtator_of("D0") + "".join(relations)}) == [], "relation lines are no mentions"


@pytest.mark.parametrize(
    ("data", "field", "message", "fix"),
    [
        ({"inputs": {"entities": []}}, "inputs", "document 0: has none of 'text'", "give the text"),
        ({"inputs": [OTHER, {"text": 5}]}, "inputs[1]", "document 1", ""),
        ({"inputs": {"text": "Iron", "id": 7.5}}, "inputs", "the id is float 7.5, not a string", "give a string"),
        (
            {"inputs": {"text": "Iron", "entites": []}},
            "inputs",
            "the unknown key 'entites'",
            "did you mean 'entities'?",
        ),
        ({"inputs": [{"documents": [OTHER] * 2}]}, "inputs[0]", "is a collection of 2 documents", "pass these"),
        ({"inputs": [OTHER, "no PubTator"]}, "inputs[1]", "'no PubTator' is not PubTator text", "mark them"),
        ({"inputs": DOCUMENT, "parameters": {"threshold": 2}}, "parameters.threshold", "threshold is 2", "in 0..1"),
        ({"inputs": DOCUMENT, "parameters": {"threshold": "hi"}}, "parameters.threshold", "'hi'", "in 0..1"),
    ],
)
def test_what_the_model_cannot_take_is_a_422_with_its_place(endpoint, data, field, message, fix):
    error = refused(endpoint, data)
    assert place_of(error) == (422, field)
    assert message in error["message"]
    assert fix in error["fix"]


def test_names_of_a_type_map_may_occur_in_pair_types(endpoint):
    parameters = {"pair_types": [["Drug", "Gene"]], "type_map": {"Drug": "ChemicalEntity"}, "top_k": 0}
    assert place_of(refused(endpoint, {"inputs": [], "parameters": parameters})) == (422, "parameters.top_k")


@pytest.mark.parametrize("fault", [RuntimeError("not enough memory: 9 bytes\nmore"), ValueError("shapes differ; pad")])
def test_error_that_no_part_of_the_request_explains_is_a_500(endpoint, pipe, monkeypatch, fault):
    def call(inputs, **parameters):
        if inputs:
            raise fault
        return pipe(inputs, **parameters)

    endpoint.pipeline = type("Other", (), {"__call__": staticmethod(call)})()
    endpoint.pipeline.read_document, endpoint.pipeline.with_entities = pipe.read_document, pipe.with_entities
    error = refused(endpoint, {"inputs": DOCUMENT, "parameters": {"top_k": 1}})
    assert place_of(error) == (500, "inputs")
    assert error["message"] == f"{type(fault).__name__}: {fault}".splitlines()[0]


def test_requests_that_go_together_get_their_own_answers_and_errors(endpoint, pipe):
    many = mentions_of(MANY, [f"{identifier}0" for identifier in MANY])
    read = [endpoint.read({"inputs": inputs}) for inputs in (OTHER, many, [DOCUMENT])]
    first, fault, last = endpoint.answers(read)
    assert place_of(json.loads(str(fault))) == (413, "inputs")
    assert rounded([first, last]) == rounded([pipe(OTHER), [pipe(DOCUMENT)]])


def test_fault_of_one_request_costs_no_answer_of_those_that_go_with_it(endpoint, pipe):
    def call(documents, **parameters):
        if any(document.text == DOCUMENT["text"] for document in documents):
            raise RuntimeError("no memory")
        return pipe(documents, **parameters)

    endpoint.pipeline = type("Other", (), {"__call__": staticmethod(call)})()
    endpoint.pipeline.read_document, endpoint.pipeline.with_entities = pipe.read_document, pipe.with_entities
    first, fault = endpoint.answers([endpoint.read({"inputs": inputs}) for inputs in (OTHER, DOCUMENT)])
    assert first == pipe(OTHER)
    assert place_of(json.loads(str(fault))) == (500, "inputs")


def ended(steps) -> list:
    """The answers after the last step."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def test_steps_compute_a_few_documents_each_and_give_the_same_answers(endpoint, pipe):
    sizes = []

    def call(documents, **parameters):
        sizes.append(len(documents))
        return pipe(documents, **parameters)

    requests = [endpoint.read({"inputs": inputs}) for inputs in ([DOCUMENT, OTHER], OTHER)]
    expected = endpoint.answers(requests)
    endpoint.pipeline = type("Counting", (), {"__call__": staticmethod(call)})()
    endpoint.pipeline.with_entities = pipe.with_entities
    assert rounded(ended(endpoint.steps(requests, at_once=2))) == rounded(expected)
    assert sizes == [2, 1]


def test_limits_of_a_request_hold_for_all_its_steps_together(endpoint):
    request = endpoint.read({"inputs": [DOCUMENT] * 3})
    (answer,) = ended(endpoint.steps([request], at_once=1))
    assert len(answer) == 3
    endpoint.limits = handler.Limits(pairs=17)
    (error,) = ended(endpoint.steps([request], at_once=1))
    assert "18 pairs of mentions; at most 17" in str(error)


def test_parameters_are_checked_without_documents(endpoint):
    assert place_of(refused(endpoint, {"inputs": [], "parameters": {"threshold": 2}})) == (422, "parameters.threshold")


def test_limits_come_from_the_environment_where_they_are_set(monkeypatch):
    monkeypatch.setenv("BIODIR_MAX_MENTIONS", "9")
    assert handler.Limits.from_environment() == handler.Limits(32, 50_000, 9, 20, 25_000, 20_000_000)
    for value in ("0", "-1", "many", ""):
        monkeypatch.setenv("BIODIR_MAX_CHARACTERS", value)
        with pytest.raises(ValueError, match="BIODIR_MAX_CHARACTERS is "):
            handler.Limits.from_environment()


@pytest.fixture(scope="module")
def container(folder, tmp_path_factory):
    """The address of a container that serves the folder, in a process that knows no biodir and no cache."""
    home = tmp_path_factory.mktemp("container")
    (folder / "handler.py").write_bytes((CHECKOUT / "handler.py").read_bytes())
    program = str(CHECKOUT / "tests" / "helpers" / "endpoint_container.py")
    process = subprocess.Popen(
        [sys.executable, "-I", program, str(folder), str(home / "port")],
        env={**clean_environment(str(home)), "BIODIR_MAX_DOCUMENTS": "2"},
        cwd=home,
        stdin=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 180
        while not (home / "port").exists():
            assert process.poll() is None, "the container did not start"
            assert time.monotonic() < end, "the container takes too long"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{(home / 'port').read_text()}"
    finally:
        process.terminate()
        process.wait()


def post(address: str, body: bytes) -> tuple[int, object]:
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


@pytest.mark.slow
def test_container_answers_what_the_pipeline_finds(container, pipe):
    body = json.dumps({"inputs": [DOCUMENT, OTHER]}).encode()
    code, found = post(f"{container}/predict?top_k=1&threshold=0.0", body)
    assert (code, rounded(found)) == (200, rounded(pipe([DOCUMENT, OTHER], top_k=1)))


def rounded(value):
    """The value with numbers to six digits: another number of threads adds in another order."""
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    if isinstance(value, list):
        return [rounded(part) for part in value]
    return round(value, 6) if isinstance(value, float) else value


@pytest.mark.slow
def test_container_turns_errors_into_a_400_with_json_inside(container):
    for data, place in (({"inputs": [DOCUMENT] * 3}, (413, "inputs")), ({"instances": [DOCUMENT]}, (400, "inputs"))):
        code, body = post(container, json.dumps(data).encode())
        assert code == 400
        assert place_of(json.loads(body["error"])) == place
