"""Files in, files out: JSON Lines, opening a checkpoint, and `predict_files`."""

import io
import json
import shutil
from pathlib import Path

import pytest

from biodir import (
    AnnotationError,
    CheckpointError,
    ParseError,
    SettingError,
    read_pubtator,
    write_pubtator,
)
from biodir.formats.json_lines import read_json_lines
from biodir.inference.loading import CHECKPOINT_FILES, MODEL_VARIABLE, load_pipeline
from biodir.inference.predict import count_documents, format_of, predict_files, predicted_relations
from biodir.pipeline_biodir import BioDirPipeline
from helpers.marked import marked_document
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint, save_encoder

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


# JSON Lines.


def test_json_lines_hold_a_document_each(tmp_path):
    path = json_lines(tmp_path / "in.jsonl", THREE, "", ONE, "  ")
    assert list(read_json_lines(path)) == [THREE, ONE]


def test_document_without_id_is_called_by_its_line(tmp_path):
    path = json_lines(tmp_path / "in.jsonl", THREE, "", '{"text": "a"}')
    assert [document.id for document in read_json_lines(path)] == ["three", "3"]


def test_windows_files_are_read(tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"text": "a"}\r\n\r\n{"text": "b"}\r\n')
    assert [document.text for document in read_json_lines(path)] == ["a", "b"]


@pytest.mark.parametrize(
    ("line", "kind", "message"),
    [
        (b"{", ParseError, r"in\.jsonl:2: not JSON \(.* at character \d\)"),
        (b"[1]", ParseError, r"in\.jsonl:2: \[1\] is not a mapping"),
        (b'{"text": "\xff"}', ParseError, r"in\.jsonl:2: not UTF-8 at byte 10"),
        (BAD_LINE.encode(), AnnotationError, r"in\.jsonl:2: document bad, entities\[0\]: ends at 5"),
    ],
)
def test_bad_line_raises_or_is_left_out(line, kind, message, tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_bytes(b'{"text": "a"}\n' + line + b'\n{"text": "b"}\n')
    documents = read_json_lines(path)
    assert next(documents).text == "a"
    with pytest.raises(kind, match=message):
        next(documents)
    skipped = []
    kept = list(read_json_lines(path, policy=ErrorPolicy("skip", on_skip=skipped.append)))
    assert [document.text for document in kept] == ["a", "b"]
    assert [type(error) for error in skipped] == [kind]


def test_refusal_of_the_check_names_the_line(tmp_path):
    def refuse(document):
        raise AnnotationError(f"no {document.id}")

    with pytest.raises(AnnotationError, match=r"in\.jsonl:1: no three$"):
        next(read_json_lines(json_lines(tmp_path / "in.jsonl", THREE), policy=ErrorPolicy(check=refuse)))


def test_missing_json_lines_file_is_an_error(tmp_path):
    with pytest.raises(ParseError, match=r"absent\.jsonl: cannot be read \(No such file"):
        next(read_json_lines(tmp_path / "absent.jsonl"))


# Opening a checkpoint.


def test_checkpoint_opens_by_folder_and_by_variable(checkpoint, extract, monkeypatch):
    assert load_pipeline(str(checkpoint), "cpu")(THREE) == extract(THREE)
    monkeypatch.setenv(MODEL_VARIABLE, str(checkpoint))
    assert load_pipeline(device="cpu")(THREE) == extract(THREE)


def test_half_precision_weights_run_in_the_precision_of_the_configuration(checkpoint, tmp_path):
    folder = copied(checkpoint, tmp_path)
    halved = open_pipeline(checkpoint).model.half()
    halved.config.dtype = "float32"
    halved.save_pretrained(folder)
    edit_config(folder, dtype="float32")
    assert (folder / "model.safetensors").stat().st_size < 0.6 * (checkpoint / "model.safetensors").stat().st_size
    assert str(load_pipeline(str(folder), "cpu").model.dtype) == "torch.float32"


@pytest.mark.parametrize("file", CHECKPOINT_FILES)
def test_missing_file_of_a_checkpoint_is_named(file, checkpoint, tmp_path):
    folder = copied(checkpoint, tmp_path)
    (folder / file).unlink()
    with pytest.raises(CheckpointError, match=f"broken: lacks {file};"):
        load_pipeline(str(folder))


def test_all_missing_files_are_named(tmp_path):
    with pytest.raises(CheckpointError, match="lacks " + ", ".join(CHECKPOINT_FILES)):
        load_pipeline(str(tmp_path))


def cut_off(folder):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])


def point_to_lfs(folder):
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")


def take_tokenizer_of_encoder(folder):
    save_encoder(folder / "encoder")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(folder / "encoder" / name, folder / name)


def shorten_embeddings(folder):
    config = json.loads((folder / "config.json").read_text())
    edit_config(folder, encoder_config={**config["encoder_config"], "vocab_size": 50})


def write(name, content):
    return lambda folder: (folder / name).write_text(content)


def edit(**values):
    return lambda folder: edit_config(folder, **values)


FAULTS = {
    "weights cut off": (cut_off, r"model\.safetensors cannot be used: "),
    "weights left in Git LFS": (point_to_lfs, r"model\.safetensors is a pointer of Git LFS; .*git lfs pull"),
    "weights of other sizes": (shorten_embeddings, r".* in model\.safetensors .*word_embeddings.*50, 32"),
    "weights left over": (edit(novelty_labels=[]), r"4 unexpected keys in model\.safetensors"),
    "configuration cut off": (write("config.json", "{"), r"config\.json cannot be used"),
    "configuration is a list": (write("config.json", "[]"), r"config\.json is that of"),
    "configuration of BERT": (edit(model_type="bert"), r"config\.json is that of a model of type 'bert'"),
    "configuration of wrong type": (edit(max_tokens="x"), r"config\.json .*'max_tokens'"),
    "label list of one": (edit(relation_labels=["None"]), r"config\.json .*relation_labels \['None'\]: give the label"),
    "tokenizer cut off": (write("tokenizer.json", "{"), r"tokenizer\.json or tokenizer_config\.json cannot be used"),
    "tokenizer of the encoder": (take_tokenizer_of_encoder, r"config\.json and tokenizer\.json .* lacks '@"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_file_that_does_not_fit_is_named(fault, checkpoint, tmp_path):
    spoil, message = FAULTS[fault]
    folder = copied(checkpoint, tmp_path)
    spoil(folder)
    with pytest.raises(CheckpointError, match=f"broken: .*{message}"):
        load_pipeline(str(folder))


@pytest.mark.parametrize("name", ["./absent", "/absent/folder", "a b/c", "a/b/c", "~/model"])
def test_folder_that_is_not_there_is_said_to_be_absent(name):
    with pytest.raises(CheckpointError, match=f"^{name}: there is no such folder"):
        load_pipeline(name)


def test_file_in_place_of_a_folder_is_refused(checkpoint):
    with pytest.raises(CheckpointError, match=r"model\.safetensors: there is no such folder"):
        load_pipeline(str(checkpoint / "model.safetensors"))


def test_hub_id_out_of_reach_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(CheckpointError, match=r"^no-such-group/no-such-model: config\.json cannot be used: .*connect"):
        load_pipeline("no-such-group/no-such-model")


@pytest.mark.parametrize("device", ["nonsense", "cuda:99"])
def test_device_that_cannot_be_used_is_refused(device, checkpoint):
    with pytest.raises(SettingError, match=f"device '{device}' cannot be used here: .*; name another, such as cpu"):
        load_pipeline(str(checkpoint), device)


def copied(checkpoint: Path, tmp_path: Path) -> Path:
    return shutil.copytree(checkpoint, tmp_path / "broken")


def edit_config(folder: Path, **values) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **values}))


# Files of relations.


def test_pubtator_out_holds_what_the_pipeline_finds(extract, tmp_path):
    source = pubtator(tmp_path / "in.pubtator", THREE, NO_ENTITY, ONE)
    report = predict_files(extract, [source], tmp_path / "out.pubtator")
    written = list(read_pubtator(tmp_path / "out.pubtator"))
    assert (report.documents, report.relations, report.skipped) == (3, 4, [])
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


def test_documents_come_out_in_the_order_of_the_inputs(extract, tmp_path):
    inputs = [
        json_lines(tmp_path / "b.jsonl", THREE, NO_ENTITY),
        pubtator(tmp_path / "a.pubtator", ONE, THREE),
        json_lines(tmp_path / "c.jsonl", NO_ENTITY),
    ]
    report = predict_files(extract, inputs, tmp_path / "out.jsonl", batch_size=2)
    ids = [json.loads(line)["id"] for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert ids == ["three", "none", "one", "three", "none"]
    assert report.documents == 5


def test_stream_gets_the_listing(extract, tmp_path):
    stream = io.StringIO()
    predict_files(extract, [pubtator(tmp_path / "in.pubtator", THREE, NO_ENTITY)], stream, top_k=2)
    blocks = stream.getvalue().rstrip("\n").split("\n\n")
    assert [block.split("\n")[0] for block in blocks] == ["three  Aspirin cures pain.", "none  Nothing here."]
    assert blocks[0].count(" --> ") == 1 + 2
    assert blocks[1].endswith("no relations found")


def test_format_goes_before_the_suffix(extract, tmp_path):
    stream = io.StringIO()
    predict_files(extract, [pubtator(tmp_path / "in.pubtator", ONE)], stream, "jsonl")
    assert json.loads(stream.getvalue())["id"] == "one"


def test_bad_document_stops_after_those_before_it_are_written(extract, tmp_path):
    source = json_lines(tmp_path / "in.jsonl", THREE, ONE, BAD_LINE, ONE)
    with pytest.raises(AnnotationError, match=r"in\.jsonl:3: document bad"):
        predict_files(extract, [source], tmp_path / "out.jsonl")
    assert [json.loads(line)["id"] for line in (tmp_path / "out.jsonl").read_text().splitlines()] == ["three", "one"]


def test_bad_documents_are_left_out_and_reported(extract, tmp_path):
    unknown_type = THREE.to_dict()
    unknown_type["entities"][0]["type"] = "Organ"
    source = json_lines(tmp_path / "in.jsonl", THREE, BAD_LINE, json.dumps(unknown_type), ONE)
    reported = []
    report = predict_files(extract, [source], tmp_path / "out.jsonl", policy=ErrorPolicy("skip", on_skip=reported.append))
    assert (report.documents, report.relations) == (2, 4)
    assert report.skipped == [str(error) for error in reported]
    assert [message[len(str(source)) :].split(",")[0] for message in report.skipped] == [
        ":2: document bad",
        ":3: document three",
    ]


def test_document_that_the_output_cannot_hold_counts_as_bad(extract, tmp_path):
    unwritable = THREE.to_dict()
    unwritable["entities"][0]["id"] = "D1;D2"
    source = json_lines(tmp_path / "in.jsonl", ONE, json.dumps(unwritable), ONE)
    report = predict_files(extract, [source], tmp_path / "out.pubtator", policy=ErrorPolicy("skip"))
    assert report.documents == 2
    assert len(report.skipped) == 1
    assert f"{source}:2: document three, mention 0: identifiers ('D1;D2',)" in report.skipped[0]


def test_type_map_reaches_check_and_pipeline(extract, tmp_path):
    renamed = ONE.to_dict()
    renamed["entities"][0]["type"] = "Metal"
    source = json_lines(tmp_path / "in.jsonl", json.dumps(renamed))
    report = predict_files(extract, [source], tmp_path / "out.jsonl", type_map={"Metal": "ChemicalEntity"})
    assert report.relations == 1
    with pytest.raises(AnnotationError, match=r"in\.jsonl:1: document one, mention 0 .*unknown entity type 'Metal'"):
        predict_files(extract, [source], tmp_path / "out.jsonl")


def test_output_may_not_be_an_input(extract, tmp_path):
    source = pubtator(tmp_path / "in.pubtator", ONE)
    content = source.read_bytes()
    (tmp_path / "link.pubtator").symlink_to(source)
    for output in (source, tmp_path / "link.pubtator", tmp_path / "x" / ".." / "in.pubtator"):
        with pytest.raises(SettingError, match="is an input as well; write to another file"):
            predict_files(extract, [source], output)
    assert source.read_bytes() == content


def test_output_that_cannot_be_opened_is_an_error(extract, tmp_path):
    with pytest.raises(SettingError, match=r"absent/out\.jsonl: cannot be written \(No such file or directory\)"):
        predict_files(extract, [pubtator(tmp_path / "in.pubtator", ONE)], tmp_path / "absent" / "out.jsonl")


def test_progress_sees_each_document(extract, tmp_path):
    seen = []

    def progress(documents):
        for document in documents:
            seen.append(document.id)
            yield document

    source = pubtator(tmp_path / "in.pubtator", THREE, ONE)
    predict_files(extract, [source], tmp_path / "out.jsonl", progress=progress)
    assert seen == ["three", "one"]


def test_suffix_names_the_format():
    assert [format_of(Path(f"x.{suffix}")) for suffix in ("pubtator", "TXT", "tsv")] == ["pubtator"] * 3
    assert [format_of(Path(f"x.{suffix}")) for suffix in ("jsonl", "json", "NDJSON")] == ["jsonl"] * 3
    assert format_of(io.StringIO()) == "listing"
    with pytest.raises(SettingError, match=r"x\.csv: unknown suffix '\.csv'; use one of \.pubtator, "):
        format_of(Path("x.csv"))


def test_documents_are_counted_without_reading_them(tmp_path):
    files = [pubtator(tmp_path / "a.pubtator", ONE, THREE), json_lines(tmp_path / "b.jsonl", ONE, "", "not json")]
    assert count_documents(files) == 4


def test_best_relation_of_a_pair_of_identifiers_stays(extract):
    results = extract(THREE)
    swapped = {**results[0], "subject": results[0]["object"], "object": results[0]["subject"]}
    assert predicted_relations([*results, swapped]) == predicted_relations(results)
