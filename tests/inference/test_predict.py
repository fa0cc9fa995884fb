"""`predict_files`: files of documents in, files of relations out."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from biodir import AnnotationError, ErrorPolicy, read_pubtator, write_pubtator
from biodir.conversion.converting import convert
from biodir.conversion.targets import target_of
from biodir.document_biodir import Passage
from biodir.formats.reading import read_documents
from biodir.inference.outputs import predicted_relations
from biodir.inference.predict import predict_files
from biodir.inference.progress import Progress
from biodir.pipeline_biodir import BioDirPipeline
from helpers.marked import marked_document
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint

THREE = marked_document("<C:D1 Aspirin> cures <D:D2 pain>. The <G:3 gene> causes <D:D2 pain>.", id="three")
ONE = marked_document("Too much <C:D4 iron> harms the <D:D5 liver>.", id="one")
NO_ENTITY = marked_document("Nothing here. At all.", id="none")
BAD_LINE = '{"id": "bad", "text": "ab", "entities": [{"start": 0, "end": 5, "type": "Gene"}]}'


class Seen(Progress):
    """Keeps what is reported."""

    def __init__(self):
        self.before, self.ids = 0, []

    def resumed(self, documents):
        self.before = documents

    def finished(self, document):
        self.ids.append(document.id)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    return save_checkpoint(tmp_path_factory.mktemp("predict"))


@pytest.fixture(scope="module")
def extract(checkpoint) -> BioDirPipeline:
    """The pipeline over a model that relates every pair."""
    return open_pipeline(checkpoint)


def json_lines(path: Path, *documents) -> Path:
    """The file, with a line for each document or string."""
    lines = [value if isinstance(value, str) else json.dumps(value.to_dict()) for value in documents]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def pubtator(path: Path, *documents) -> Path:
    """The file, with a block for each document."""
    write_pubtator(documents, path)
    return path


def test_type_map_and_filters_by_its_names_hold_as_in_a_call(extract, tmp_path):
    mapping = THREE.to_dict()
    mapping["entities"][0]["type"] = "Drug"
    asked = {"type_map": {"Drug": "Chemical", "ChemicalEntity": None}, "pair_types": [["Drug", "Disease"]]}
    predict_files(extract, [json_lines(tmp_path / "in.jsonl", json.dumps(mapping))], tmp_path / "out.jsonl", **asked)
    found = json.loads((tmp_path / "out.jsonl").read_text())["relations"]
    assert [each["subject"]["id"] for each in found] == [each["subject"]["id"] for each in extract(mapping, **asked)]
    assert len(found) == 1


def test_pubtator_out_holds_what_the_pipeline_finds(extract, tmp_path):
    source = pubtator(tmp_path / "in.pubtator", THREE, NO_ENTITY, ONE)
    report = predict_files(extract, [source], tmp_path / "out.pubtator")
    written = list(read_pubtator(tmp_path / "out.pubtator"))
    assert (report.documents, report.relations) == (3, 4)
    for document, found in zip(read_pubtator(source), written, strict=True):
        results = extract(document)
        assert (found.id, found.text, found.mentions) == (document.id, document.text, document.mentions)
        assert found.relations == predicted_relations(results)
        for relation, result in zip(found.relations, results, strict=True):
            assert relation.subject_id == (result["subject"]["id"] if result["directed"] else None)
            assert relation.relation_score == pytest.approx(result["relation_score"], abs=1e-4)
            assert relation.novelty_score == pytest.approx(result["novelty_score"], abs=1e-4)
            assert relation.direction_score == pytest.approx(result["direction_score"], abs=1e-4)


def test_gold_relations_of_the_input_are_not_written(extract, tmp_path):
    predict_files(extract, [pubtator(tmp_path / "in.pubtator", THREE)], tmp_path / "found.pubtator")
    again = predict_files(extract, [tmp_path / "found.pubtator"], tmp_path / "again.pubtator", top_k=1)
    assert again.relations == 1
    assert [len(document.relations) for document in read_pubtator(tmp_path / "again.pubtator")] == [1]


def test_json_lines_out_hold_the_results_of_the_pipeline(extract, tmp_path):
    source = json_lines(tmp_path / "in.jsonl", THREE, NO_ENTITY, ONE)
    predict_files(extract, [source], tmp_path / "out.jsonl", batch_size=1)
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["id"] for line in found] == ["three", "none", "one"]
    assert [line["relations"] for line in found] == extract([THREE, NO_ENTITY, ONE], batch_size=1)


def test_bad_document_stops_after_those_before_it_are_written_to_a_stream(extract, tmp_path):
    source = json_lines(tmp_path / "in.jsonl", THREE, ONE, BAD_LINE, ONE)
    with pytest.raises(AnnotationError, match=r"in\.jsonl:3: document bad"):
        predict_files(extract, [source], out := io.StringIO(), "jsonl")
    assert [json.loads(line)["id"] for line in out.getvalue().splitlines()] == ["three", "one"]


def test_parts_before_a_bad_document_are_kept_for_a_run_that_leaves_it_out(extract, tmp_path, monkeypatch):
    monkeypatch.setattr("biodir.inference.predict.PART_DOCUMENTS", 2)
    source = json_lines(tmp_path / "in.jsonl", THREE, ONE, BAD_LINE, NO_ENTITY)
    with pytest.raises(AnnotationError, match=r"in\.jsonl:3: document bad"):
        predict_files(extract, [source], tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()
    progress = Seen()
    predict_files(extract, [source], tmp_path / "out.jsonl", policy=ErrorPolicy("skip-document"), progress=progress)
    assert (progress.before, progress.ids) == (2, ["none"])
    found = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in found] == ["three", "one", "none"]


def test_document_that_the_output_cannot_hold_is_bad(extract, tmp_path):
    errors: list[Exception] = []
    policy = ErrorPolicy("skip-document", on_skip=lambda what, error: errors.append(error))
    unwritable = THREE.to_dict()
    unwritable["entities"][0]["id"] = ["D1;D2"]
    source = json_lines(tmp_path / "in.jsonl", ONE, json.dumps(unwritable), ONE)
    report = predict_files(extract, [source], tmp_path / "out.pubtator", policy=policy)
    assert report.documents == 2
    assert policy.skipped_number("document") == len(errors) == 1
    assert f"{source}:2: document three, mention 0: identifiers ('D1;D2',)" in str(errors[0])


@pytest.mark.parametrize("ids", [{"D4", "D1"}, iter(["D1", "D4"]), {"D1": 1, "D4": 2}.keys(), np.array(["D1", "D4"])])
def test_parameters_may_be_what_a_call_of_the_pipeline_takes(ids, extract, tmp_path):
    source = json_lines(tmp_path / "in.jsonl", ONE, THREE, ONE)
    numbers = {"top_k": np.int64(1), "threshold": np.float32(0.0), "pair_types": [{"Disease", "Chemical"}]}
    report = predict_files(extract, [source], tmp_path / "out.jsonl", part_documents=1, entity_ids=ids, **numbers)
    assert report.relations == 3, "one of each part"


# Documents without marks.


def iron_and_liver(text):
    """What a recogniser finds."""
    words = [(word, kind) for word, kind in (("iron", "Chemical"), ("liver", "Disease")) if word in text]
    spans = [(text.index(word), text.index(word) + len(word), kind) for word, kind in words]
    return [{"start": start, "end": end, "type": kind, "score": 0.5} for start, end, kind in spans]


@pytest.fixture(scope="module")
def finder(checkpoint) -> BioDirPipeline:
    """A pipeline that finds entities itself."""
    return open_pipeline(checkpoint, ner=iron_and_liver)


def test_pubtator_of_plain_text_has_the_mentions_that_were_found(finder, tmp_path):
    (tmp_path / "notes.txt").write_text(f"A study.\r\n\r\n{ONE.text}\n", newline="")
    report = predict_files(finder, [tmp_path / "notes.txt"], tmp_path / "out.pubtator")
    (found,) = read_pubtator(tmp_path / "out.pubtator")
    assert (report.documents, report.relations, found.id) == (1, 1, "notes")
    assert [mention.text for mention in found.mentions] == ["iron", "liver"]
    assert found.relations[0].pair == {"text:iron", "text:liver"}


@pytest.mark.parametrize(("unit", "start"), [("characters", 11), ("utf-16", 12), ("bytes", 14)])
def test_json_lines_of_plain_text_have_text_and_entities_with_offsets_of_the_file(unit, start, finder, tmp_path):
    text = f"\N{DNA DOUBLE HELIX} {ONE.text}"
    (tmp_path / "a.txt").write_text(f"{text}\n\nNothing.\n")
    settings = {"one_per_line": True, "return_entities": True, "policy": ErrorPolicy(offsets=unit)}
    predict_files(finder, [tmp_path / "a.txt"], tmp_path / "out.jsonl", **settings)
    first, second = map(json.loads, (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines())
    assert (first["id"], second) == ("a.txt:1", {"id": "a.txt:3", "text": "Nothing.", "entities": [], "relations": []})
    assert (first["text"], first["entities"][0]["start"], first["entities"][0]["score"]) == (text, start, 0.5)
    (relation,) = first["relations"]
    assert relation["evidence"][0]["end"] == start + len(ONE.text) - 9
    policy = ErrorPolicy(offsets=unit, relations=False)
    again = predict_files(finder, [tmp_path / "out.jsonl"], tmp_path / "again.jsonl", policy=policy)
    assert again.relations == 1


def test_documents_of_every_format_are_completed_but_those_that_say_that_they_have_no_entities(finder, tmp_path):
    plain = {"text": ONE.text, "year": 2024}
    source = json_lines(tmp_path / "in.jsonl", json.dumps(plain), json.dumps({**plain, "entities": []}), ONE)
    (tmp_path / "in.pubtator").write_text(f"1|t|A study.\n1|a|{ONE.text}\n")
    predict_files(finder, [source, tmp_path / "in.pubtator"], tmp_path / "out.jsonl", return_entities=True)
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [len(line["relations"]) for line in found] == [1, 0, 1, 1]
    assert [{entity["score"] for entity in line["entities"]} for line in found] == [{0.5}, set(), {None}, {0.5}]


def test_plain_document_whose_entities_nobody_finds_stays_plain(extract, tmp_path):
    source = json_lines(tmp_path / "in.jsonl", '{"text": "Iron"}', '{"text": "Iron", "entities": []}')
    predict_files(extract, [source], tmp_path / "out.jsonl", return_entities=True)
    assert [document.is_plain for document in read_documents(tmp_path / "out.jsonl")] == [True, False]


def test_link_of_the_constructor_sees_each_document_once(checkpoint, tmp_path):
    seen = []
    linking = open_pipeline(checkpoint, ner=iron_and_liver, link=lambda document: seen.append(document.id) or document)
    source = json_lines(tmp_path / "in.jsonl", '{"id": "plain", "text": "Too much iron harms the liver."}', ONE)
    predict_files(linking, [source], tmp_path / "out.jsonl")
    assert seen == ["plain", "one"]


def test_listing_of_plain_text_names_what_was_found(finder, tmp_path, capsys):
    (tmp_path / "a.txt").write_text(ONE.text)
    predict_files(finder, [tmp_path / "a.txt"], out := io.StringIO())
    assert "  ChemicalEntity  iron\n  DiseaseOrPhenotypicFeature  liver\n" in out.getvalue()
    assert "[text:" not in out.getvalue()


def in_units(document, unit):
    """The document, whose text begins with a character of two UTF-16 units, with offsets in a unit."""
    mapping = document.to_dict()
    for part in [*mapping["entities"], *mapping["passages"]] if unit == "utf-16" else []:
        part.update({key: part[key] + (part[key] > 0) for key in ("start", "end")})
    return json.dumps(mapping)


@pytest.mark.parametrize("unit", ["characters", "utf-16"])
@pytest.mark.parametrize("name", ["a.pubtator", "a.json", "a.xml", "a.parquet"])
def test_results_with_entities_convert_to_what_is_predicted_in_that_format(name, unit, extract, tmp_path):
    text = marked_document("\U0001f9ea <C:D1 Aspirin> cures it. Not the <D:D2 pain>. <G:3 HER2> raises <D:D2 pain>.")
    document = replace(text, passages=(Passage(0, 20, "title"), Passage(21, len(text.text), "abstract")), pmcid="PMC5")
    source, found, again = tmp_path / "in.jsonl", tmp_path / "found.jsonl", tmp_path / f"again-{name}"
    policy = ErrorPolicy(offsets=unit)
    json_lines(source, in_units(document, unit))
    predict_files(extract, [source], tmp_path / name, policy=policy)
    predict_files(extract, [source], found, policy=policy, return_entities=True)
    dialect = "bioredirect" if name == "a.pubtator" else None
    convert([found], again, target_of(again, dialect=dialect), policy)
    assert again.read_bytes() == (tmp_path / name).read_bytes()
    predict_files(extract, [found], tmp_path / "twice.jsonl", policy=policy, return_entities=True)
    assert (tmp_path / "twice.jsonl").read_bytes() == found.read_bytes()
