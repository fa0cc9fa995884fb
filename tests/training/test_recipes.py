"""The recipes: settings that train.py takes, and the one command from the bare encoder to the checkpoint."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from biodir.labels_biodir import TASKS
from biodir.training.arguments import training_settings
from helpers.checkout import CHECKOUT

RECIPES = CHECKOUT / "recipes"
# In place of python and biodir: notes how it was called, and leaves the log that step 4 reads.
STUB = f"""#!{sys.executable}
import json, os, pathlib, sys
name, arguments = pathlib.Path(sys.argv[0]).name, sys.argv[1:]
if arguments[0] == "-c":
    os.execv({sys.executable!r}, [{sys.executable!r}, *arguments])
with open(os.environ["CALLS"], "a") as calls:
    calls.write(" ".join([name, *arguments]) + "\\n")
if "train.py" in arguments:
    output = pathlib.Path(arguments[arguments.index("--output_dir") + 1])
    output.mkdir(parents=True, exist_ok=True)
    epochs = [{{"epoch": number, "none_bias": number / 2}} for number in (1, 2, 3)]
    (output / "training.json").write_text(json.dumps({{"epochs": epochs, "best_epoch": 2}}))
"""


def calls_of(tmp_path: Path, *arguments: str, **variables: str) -> list[str]:
    """What the recipe calls, its programs being stubs."""
    for name in ("python", "biodir"):
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(STUB)
        path.chmod(0o755)
    environment = {**os.environ, **variables, "CALLS": str(tmp_path / "calls")}
    environment["PATH"] = f"{tmp_path / 'bin'}:{environment['PATH']}"
    command = ["bash", str(RECIPES / "checkpoint.sh"), *arguments]
    done = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return (tmp_path / "calls").read_text().splitlines()


NO_SETTINGS = {RECIPES / "corpora.yaml", *RECIPES.glob("contrast/*.yaml")}


@pytest.mark.parametrize("path", sorted({*RECIPES.glob("*.yaml")} - NO_SETTINGS), ids=lambda path: path.name)
def test_settings_of_a_recipe_are_settings_of_a_run(path):
    given = ["--config", str(path), "--train", "a", "--dev", "b", "--encoder", "c", "--output_dir", "d"]
    settings = training_settings(given)
    learns_all = set(TASKS) <= set(settings.tasks)
    assert settings.task_weights == (["novelty=0.5", "direction=0.5"] if learns_all else [])


def test_recipe_goes_from_the_bare_encoder_to_the_checkpoint(tmp_path):
    out = tmp_path / "out"
    calls = calls_of(tmp_path, "DATA", "ENCODER", "VOCABULARY", str(out), "5", "6")
    assert [" ".join(call.split()[:3]) for call in calls] == [
        "python scripts/pretrain_encoder.py --text",
        "python scripts/contrast_sentences.py --train",
        "python scripts/annotated_abstracts.py --data_dir",
        *["python train.py --config"] * 5,
        "biodir calibrate DATA/bioredirect/bioredirect_dev.pubtator",
        *["python train.py --config"] * 2,
        "python scripts/average_checkpoints.py " + str(out / "final-5"),
        "python - DATA/extra/bioid.jsonl.xz",
        *["python train.py --config"] * 3,
        "python scripts/export_checkpoint.py " + str(out / "tagger3"),
        "biodir evaluate DATA/bioredirect/bioredirect_test.pubtator",
    ]
    trained = [call for call in calls if "train.py" in call]
    stage1, (stage2, *finals, tagger1, tagger2, tagger3) = trained[:4], trained[4:]
    starts = [out / "encoder" / "encoder", *(out / f"stage1-{number}" for number in (1, 2, 3))]
    for number, (call, start) in enumerate(zip(stage1, starts, strict=True), start=1):
        assert f"--encoder {start} --corpora {out}/corpora.yaml --data_dir DATA --corpus_vectors " in call
        assert f"--num_train_epochs 1 --seed {number} --output_dir {out}/stage1-{number} --resume" in call
    lists = [yaml.safe_load((out / name).read_text()) for name in ("added.yaml", "corpora.yaml")]
    assert [each[-1]["path"] for each in lists] == [str(out / "contrast.jsonl")] * 2
    assert [each[0]["path"] for each in lists] == [str(out / "annotated.jsonl")] * 2
    written = {"name": "written", "path": str(RECIPES / "written_abstracts.jsonl"), "split": ["train"]}
    assert [each[1] for each in lists] == [written] * 2
    assert len(lists[0]) == 3
    assert lists[1][2:-1] == yaml.safe_load((RECIPES / "corpora.yaml").read_text())
    of_stage2 = (
        f"--exclude DATA/bioredirect/bioredirect_test.pubtator --encoder {out}/stage1-4 --corpora {out}/added.yaml"
    )
    of_stage2 += " --num_train_epochs 3 --direction_smoothing 0.5 --r_drop 0.5 --resume_from_checkpoint"
    of_stage2 += " --train DATA/bioredirect/"
    assert all(of_stage2 in call for call in (stage2, *finals))
    assert (
        f"_train.pubtator --dev DATA/bioredirect/bioredirect_dev.pubtator --output_dir {out}/stage2 --seed 5" in stage2
    )
    for call, seed in zip(finals, (5, 6), strict=True):
        assert "bioredirect_train.pubtator DATA/bioredirect/bioredirect_dev.pubtator --output_dir" in call
        assert call.endswith(f"{out}/final-{seed} --seed {seed} --stop_after_epoch 2 --none_bias 1.0")
    assert "--dev" not in finals[0]
    corpora = f"{out}/cell_lines.jsonl {out}/drugprot.jsonl DATA/bc5cdr/CDR_TrainingSet.PubTator.txt"
    assert f"--encoder {out}/final --mention_train {corpora}" in tagger1
    assert f"--encoder {out}/tagger1 --mention_train DATA/extra/tmvar3.jsonl.xz" in tagger2
    corpora = f"DATA/extra/tmvar3.jsonl.xz DATA/extra/seth.jsonl.xz {out}/written.jsonl"
    assert f"--encoder {out}/tagger2 --mention_train {corpora} --output_dir" in tagger3
    assert all("--exclude DATA/bioredirect/bioredirect_test.pubtator" in call for call in trained)


def test_stage_1_has_as_many_runs_as_wanted_and_takes_the_listed_corpora(tmp_path):
    calls = calls_of(tmp_path, "DATA", "ENCODER", "none", str(tmp_path / "out"), STAGE1_EPOCHS="1")
    stage1 = [call for call in calls if "recipes/stage1.yaml" in call]
    start = calls.index(stage1[-1])
    assert f"--encoder {tmp_path}/out/stage1-1 " in calls[start + 1]
    (only,) = stage1
    taken = only.removeprefix("python train.py ").split()
    taken[taken.index("--encoder") + 1] = "ENCODER"
    settings = training_settings(taken)
    assert (settings.num_train_epochs, settings.negatives_per_positive, settings.corpus_vectors) == (1, 2, True)
    assert (settings.corpora, settings.data_dir, settings.extra_train) == (f"{tmp_path}/out/corpora.yaml", "DATA", [])
