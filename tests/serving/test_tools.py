"""The tools of the Model Context Protocol, by the client of its SDK: in memory, over stdio and over HTTP."""

import asyncio
import sys

import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from biodir.labels_biodir import ENTITY_TYPES, bio_labels
from biodir.serving.explaining import explanation
from biodir.serving.handler import Limits, RequestHandler
from biodir.serving.tools import article_fetcher, make_tools
from helpers.bioc_json import annotation, passage
from helpers.checkout import CHECKOUT
from helpers.pubtator_service import running_service
from helpers.running_server import running
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint

TEXT = "Iron raises EGFR."
ENTITIES = [
    {"start": 0, "end": 4, "type": "ChemicalEntity", "id": "D3"},
    {"start": 12, "end": 16, "type": "GeneOrGeneProduct", "id": "4"},
]
MARKED = {"text": TEXT, "entities": ENTITIES}
NAMES = ["extract_relations", "relations_of_pmids", "explain_relation"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_checkpoint(tmp_path_factory.mktemp("tools"), tagger_labels=bio_labels(ENTITY_TYPES))


@pytest.fixture(scope="module")
def pipe(folder):
    return open_pipeline(folder)


@pytest.fixture
def tools(pipe, tmp_path, monkeypatch):
    monkeypatch.setattr("biodir.fetching.pace.PERIOD_S", 0.0)
    with running_service() as service:
        first = {**passage(TEXT, 0, [annotation("1", "Iron", 0, identifier="D3")]), "infons": {"type": "title"}}
        first["annotations"].append(annotation("2", "EGFR", 12, type="Gene", identifier="4"))
        service.articles["12"] = {"id": "12", "pmid": 12, "passages": [first]}
        service.articles["13"] = {"id": "13", "pmid": 13, "passages": [passage("x" * 300, 0)]}
        handler = RequestHandler(pipe, Limits(characters=200))
        yield make_tools(handler, article_fetcher(service.url, tmp_path / "cache"))


def call(server, name, **arguments):
    """The result of a tool, or the text of its error."""

    async def run():
        async with Client(server) as client:
            return await client.call_tool(name, arguments)

    result = asyncio.run(run())
    return result.content[0].text if result.is_error else result.structured_content


def test_extract_relations_gives_what_the_pipeline_finds(tools, pipe):
    assert call(tools, "extract_relations", **MARKED) == pipe(MARKED, return_entities=True)
    plain = call(tools, "extract_relations", text="Aspirin and the drug; gene, disease.", top_k=2)
    assert plain == pipe("Aspirin and the drug; gene, disease.", return_entities=True, top_k=2)
    assert call(tools, "extract_relations", **MARKED, threshold=1.0)["relations"] == []


def test_explain_relation_has_all_scores_and_a_summary(tools, pipe):
    (expected,) = pipe(MARKED, return_all_scores=True)
    for first, second in (("iron", "EGFR"), ("4", "D3")):
        found = call(tools, "explain_relation", **MARKED, subject=first, object=second)
        summary = found.pop("summary")
        assert found == {"related": True, **expected}
        assert f"{expected['relation']}, {expected['novelty']}, score {expected['score']:.2f}. Read from: " in summary
        assert f'"{TEXT}"' in summary


def test_explain_relation_takes_every_name_of_an_entity(tools, pipe):
    text = "Epidermal growth factor receptor (EGFR) binds Iron. EGFR is raised."
    spans = [(0, 32, "4"), (34, 38, "4"), (46, 50, "D3"), (52, 56, "4")]
    kinds = {"4": "GeneOrGeneProduct", "D3": "ChemicalEntity"}
    entities = [{"start": start, "end": end, "type": kinds[name], "id": name} for start, end, name in spans]
    marked = {"text": text, "entities": entities}
    (expected,) = pipe(marked, return_all_scores=True)
    found = call(tools, "explain_relation", **marked, subject="egfr", object="Iron")
    assert found.pop("summary").startswith(("Epidermal growth factor receptor -", "Iron -"))
    assert found == {"related": True, **expected}


def test_related_pair_goes_before_unrelated_ones_of_the_same_names():
    """A name can mean several identifiers, and the score of an unrelated pair is that of "None"."""
    mentions = [{"text": "NF-kB", "id": ["4790", "5970"]}, {"text": "iron", "id": ["D3"]}]
    kept = {"directed": False, "novelty": None, "evidence": [], "scores": {}}
    scored = [("4790", "None", 0.99), ("4790", "Bind", 0.5), ("5970", "Bind", 0.75)]
    found = [
        {"subject": {"id": name, "text": "NF-kB"}, "object": {"id": "D3", "text": "iron"}, **kept}
        | {"relation": label, "score": score}
        for name, label, score in scored
    ]
    result = explanation({"entities": mentions, "relations": found}, "NF-kB", "iron")
    assert (result["related"], result["subject"]["id"]) == (True, "5970")
    assert result["summary"].startswith("NF-kB -- iron: Bind, score 0.75.")


def test_explain_relation_says_why_there_is_none(folder, pipe, tmp_path):
    handler = RequestHandler(open_pipeline(folder, relates_all=False), Limits())
    tools = make_tools(handler, article_fetcher("http://127.0.0.1:9", tmp_path))
    found = call(tools, "explain_relation", **MARKED, subject="Iron", object="EGFR")
    assert found["related"] is False
    assert found["summary"].startswith("No relation between ")
    assert "The closest relation type is " in found["summary"]
    found = call(tools, "explain_relation", **MARKED, subject="Iron", object="D3")
    assert found == {
        "related": False,
        "summary": "The model does not relate Iron and D3: their types cannot be, they are one, or one has no "
        "identifier.",
    }


def test_relations_of_pmids_names_what_is_missing_or_too_much(tools, pipe):
    found = call(tools, "relations_of_pmids", pmids=["12", "77", "13"])
    (first, second) = found["articles"]
    assert (first["pmid"], first["title"]) == ("12", TEXT)
    (relation,), (expected,) = first["relations"], pipe(MARKED)
    assert relation.pop("evidence") == [{"start": 0, "end": 17, "text": TEXT, "section": "TITLE"}]
    assert relation == {key: value for key, value in expected.items() if key != "evidence"}
    assert "300 characters; a document has at most 200" in second["error"]
    assert found["missing"] == {"77": "not in PubTator 3"}
    assert [each["pmid"] for each in call(tools, "relations_of_pmids", pmids=[12])["articles"]] == ["12"]


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        (
            "extract_relations",
            {"text": "x" * 201},
            "inputs: 201 characters; a document has at most 200; ",
        ),
        ("extract_relations", {**MARKED, "relation_types": ["Likes"]}, "parameters.relation_types: "),
        ("extract_relations", {"text": TEXT, "entities": [{"start": 9}]}, "inputs: "),
        ("extract_relations", {"text": TEXT, "threshold": 2}, "threshold"),
        (
            *("extract_relations", {"text": TEXT, "min_score": 0.5, "limit": 3}),
            "limit, min_score: no argument of extract_relations; it has text, entities, relation_types, threshold, to",
        ),
        ("relations_of_pmids", {"pmids": ["../../etc/passwd"]}, "pmids[0]: '../../etc/passwd' is no PMID"),
        ("relations_of_pmids", {"pmids": [str(n) for n in range(1, 30)]}, "pmids"),
        (
            *("explain_relation", {**MARKED, "subject": "Zinc", "object": "EGFR"}),
            "subject: the text has no entity 'Zinc'; take one of Iron, EGFR, or mark it in entities",
        ),
    ],
)
def test_error_names_place_value_and_fix(tools, name, arguments, message):
    assert message in call(tools, name, **arguments)


def test_service_that_cannot_be_reached_is_an_error_that_says_so(pipe, tmp_path):
    tools = make_tools(RequestHandler(pipe, Limits()), article_fetcher("http://127.0.0.1:9", tmp_path))
    assert "http://127.0.0.1:9" in call(tools, "relations_of_pmids", pmids=["12"])


def test_tools_are_listed_with_hints_and_descriptions_of_their_arguments(tools):
    async def run():
        async with Client(tools) as client:
            return (await client.list_tools()).tools

    listed = asyncio.run(run())
    assert [each.name for each in listed] == NAMES
    for tool in listed:
        assert tool.annotations.read_only_hint
        assert not any(line.startswith(" ") for line in tool.description.splitlines())
        assert all(each.get("description") for each in tool.input_schema["properties"].values())


def test_tools_over_streamable_http(tools, pipe):
    with running(tools.streamable_http_app(host="127.0.0.1")) as (client, _):
        assert call(f"{client.base_url}/mcp", "extract_relations", **MARKED) == pipe(MARKED, return_entities=True)
        refused = client.post("/mcp", json={}, headers={"Host": "evil.example"})
        assert refused.status_code == 421


@pytest.mark.slow
def test_tools_over_stdio_in_a_process(folder, pipe, tmp_path):
    arguments = ["-m", "biodir", "mcp", "--model", str(folder), "--device", "cpu", "--cache", str(tmp_path)]
    environment = {"PYTHONPATH": str(CHECKOUT), "BIODIR_SERVICE": "http://127.0.0.1:9"}
    parameters = StdioServerParameters(command=sys.executable, args=arguments, env=environment)
    found = call(stdio_client(parameters), "extract_relations", **MARKED)
    assert found["entities"] == pipe(MARKED, return_entities=True)["entities"]
    assert len(found["relations"]) == 1
