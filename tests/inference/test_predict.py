"""`predict_files`: files of documents in, files of relations out."""

import json
from pathlib import Path

import pytest

from biodir import AnnotationError, ErrorPolicy, read_pubtator, write_pubtator
from biodir.inference.predict import predict_files, predicted_relations
from biodir.pipeline_biodir import BioDirPipeline
from helpers.marked import marked_document
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint

THREE = marked_document("<C:D1 Aspirin> cures <D:D2 pain>. The <G:3 gene> causes <D:D2 pain>.", id="three")
ONE = marked_document("Too much <C:D4 iron> harms the <D:D5 liver>.", id="one")
NO_ENTITY = marked_document("Nothing here. At all.", id="none")
BAD_LINE = '{"id": "bad", "text": "ab", "entities": [{"start": 0, "end": 5, "type": "Gene"}]}'


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


def test_bad_document_stops_after_those_before_it_are_written(extract, tmp_path):
    source = json_lines(tmp_path / "in.jsonl", THREE, ONE, BAD_LINE, ONE)
    with pytest.raises(AnnotationError, match=r"in\.jsonl:3: document bad"):
        predict_files(extract, [source], tmp_path / "out.jsonl")
    assert [json.loads(line)["id"] for line in (tmp_path / "out.jsonl").read_text().splitlines()] == ["three", "one"]


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
