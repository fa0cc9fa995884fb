"""The command `biodir import-released`, and what other programs do with what it writes."""

import json
import os
import subprocess
import sys

import pytest

from biodir.cli import main
from biodir.inference.loading import load_pipeline
from helpers.released import save_released

# Two sentences, so that no rule decides where they end.
DOCUMENT = {
    "id": "7",
    "text": "Aspirin causes pain. Filler.",
    "sentences": [[0, 20], [21, 28]],
    "entities": [
        {"start": 0, "end": 7, "type": "ChemicalEntity", "id": "D1"},
        {"start": 15, "end": 19, "type": "DiseaseOrPhenotypicFeature", "id": "D2"},
    ],
}
# Loads a folder where biodir is not installed, by what transformers finds in it.
CHILD = """
import json, sys
from transformers import AutoModel, pipeline

model = AutoModel.from_pretrained(sys.argv[1], trust_remote_code=True)
extract = pipeline("biomedical-relation-extraction", model=sys.argv[1], trust_remote_code=True, device="cpu")
extract.save_pretrained(sys.argv[2])
again = pipeline("biomedical-relation-extraction", model=sys.argv[2], trust_remote_code=True, device="cpu")
document = json.loads(sys.argv[3])
results = [each(document, return_all_scores=True) for each in (extract, again)]
assert not [name for name in sys.modules if name.split(".")[0] == "biodir"]
print(json.dumps({"class": type(model).__name__, "results": results}))
"""


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("released")
    save_released(folder / "source")
    assert main(["import-released", str(folder / "source"), str(folder / "out")]) == 0
    return folder / "out"


def test_command_prints_what_it_wrote(tmp_path, capsys):
    save_released(tmp_path / "source", single_chunk=True)
    assert main(["import-released", str(tmp_path / "source"), str(tmp_path / "out"), "--one-chunk"]) == 0
    written = "9 relation labels, 3 novelty labels, 4 direction labels, soft prompts of 8, chunks joined by max"
    assert capsys.readouterr().out == f"{tmp_path / 'out'}: {written}\n"
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert (config["pair_encoding"], config["chunks"], config["max_tokens"]) == ("released", ["infix"], 512)


def test_command_ends_in_one_line_where_it_cannot_read(tmp_path, capsys):
    assert main(["import-released", str(tmp_path), str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err == (
        f"biodir: error: {tmp_path}: lacks config.json; name the folder of the released model\n"
    )


def test_predictions_of_files_have_the_sentences_of_the_caller(imported, tmp_path):
    merged = {**DOCUMENT, "id": "8", "sentences": [[0, 28]]}
    (tmp_path / "in.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in (DOCUMENT, merged)))
    command = ["predict", str(tmp_path / "in.jsonl"), "-o", str(tmp_path / "out.jsonl"), "--model", str(imported)]
    assert main(command) == 0
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    extract = load_pipeline(str(imported), "cpu")
    expected = [extract(each) for each in (DOCUMENT, merged)]
    assert [[each["score"] for each in line["relations"]] for line in lines] == [
        pytest.approx([each["score"] for each in relations]) for relations in expected
    ]
    every = [extract(each, return_all_scores=True)[0] for each in (DOCUMENT, merged)]
    assert every[0]["scores"] != every[1]["scores"]
    assert [each["evidence"][0]["end"] for each in every] == [20, 28]


def test_graphs_are_refused_with_what_to_do(imported, capsys):
    assert main(["export-onnx", "--model", str(imported)]) == 1
    error = capsys.readouterr().err
    assert "released weights have no graphs" in error
    assert "use the checkpoint with --backend torch" in error
    assert not (imported / "onnx").exists()


@pytest.mark.parametrize("backend", ["bf16", "int8"])
def test_other_back_ends_of_torch_are_near(imported, tmp_path, backend):
    save_released(tmp_path / "source", single_chunk=True)
    assert main(["import-released", str(tmp_path / "source"), str(tmp_path / "single")]) == 0
    for folder in (imported, tmp_path / "single"):
        exact, other = (load_pipeline(str(folder), "cpu", name) for name in ("torch", backend))
        (one,), (two,) = (extract(DOCUMENT, return_all_scores=True) for extract in (exact, other))
        for task, scores in one["scores"].items():
            assert list(two["scores"][task].values()) == pytest.approx(list(scores.values()), abs=0.1)


@pytest.mark.slow
def test_folder_is_a_complete_hub_repository(imported, tmp_path):
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "HF_HUB_CACHE")}
    environment |= {"HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1"}
    (tmp_path / "child.py").write_text(CHILD)
    command = [sys.executable, "child.py", str(imported), str(tmp_path / "again"), json.dumps(DOCUMENT)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    expected = json.loads(json.dumps(load_pipeline(str(imported), "cpu")(DOCUMENT, return_all_scores=True)))
    assert found == {"class": "ReleasedForRelationExtraction", "results": [expected, expected]}
