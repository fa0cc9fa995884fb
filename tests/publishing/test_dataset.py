"""`biodir dataset publish`: a folder that `export` wrote, its check in a new process, and its upload."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest
import yaml

import biodir
from biodir.cli import main
from biodir.publishing import dataset_repository as publishing
from biodir.publishing.checking import clean_environment
from biodir.publishing.dataset_repository import check_dataset, dataset_repository
from biodir.publishing.errors import PublishError
from helpers.checkout import CHECKOUT
from helpers.corpus_folder import write_data_folder
from helpers.hub_server import PATIENCE, TOKEN, running_hub
from helpers.published_model import run

HUB_ID = "some-group/corpora"
TAG = f"v{biodir.__version__}"
ROWS = {
    "biored_direction": {"train": 2, "validation": 1},
    "biored_direction_pairs": {"train": 6, "validation": 1},
    "bc5cdr": {"train": 1},
    "bc5cdr_pairs": {"train": 1},
}
FILES = {"README.md", *(f"{name}/{split}-00000-of-00001.parquet" for name in ROWS for split in ROWS[name])}
USER = """
import json, sys
import datasets

found = {}
for name in datasets.get_dataset_config_names(sys.argv[1]):
    loaded = datasets.load_dataset(sys.argv[1], name, revision=sys.argv[2])
    found[name] = {split: len(rows) for split, rows in loaded.items()}
print(json.dumps([found, datasets.load_dataset(sys.argv[1], "biored_direction", split="train")[1]["text"]]))
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dataset")
    data = write_data_folder(folder / "data")
    assert main(["dataset", "export", str(folder / "made here"), "--data-dir", str(data)]) == 0
    return folder / "made here"


@pytest.fixture
def copy(exported, tmp_path) -> Path:
    return Path(shutil.copytree(exported, tmp_path / "copy"))


def test_repository_holds_parquet_and_a_card_whose_examples_load_it(exported):
    texts = dataset_repository(exported, HUB_ID)
    assert set(texts) == FILES
    assert "made here" in (exported / "README.md").read_text()
    assert "made here" not in texts["README.md"]
    assert set(re.findall(r'load_dataset\("([^"]+)"', texts["README.md"])) == {HUB_ID}


def test_other_count_than_the_card_says_is_refused(exported, monkeypatch):
    rows = {**ROWS, "bc5cdr": {"train": 2}}
    monkeypatch.setattr(publishing, "run_fresh", lambda program, folder: rows)
    with pytest.raises(PublishError, match="bc5cdr, train: 2 rows, but the card has 1; export the data set again"):
        check_dataset(exported)


def test_folder_without_card_or_with_another_card_is_refused(tmp_path):
    with pytest.raises(PublishError, match=r"lacks README\.md; name a folder that `biodir dataset export` wrote"):
        dataset_repository(tmp_path, HUB_ID)
    (tmp_path / "README.md").write_text("---\nlanguage: en\n---\n")
    with pytest.raises(PublishError, match="the metadata lack license, pretty_name, configs, dataset_info"):
        dataset_repository(tmp_path, HUB_ID)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("configs", [{"data_files": "data/*.parquet"}]),
        ("dataset_info", {"splits": [{"name": "train"}]}),
    ],
)
def test_metadata_in_a_form_that_export_does_not_write_are_refused(tmp_path, key, value):
    metadata = {"language": "en", "license": "mit", "pretty_name": "A", "dataset_info": {"splits": []}, key: value}
    (tmp_path / "README.md").write_text(f"---\n{yaml.safe_dump(metadata)}---\n")
    with pytest.raises(PublishError, match=rf"README\.md: metadata {key} has another form .*; export the data"):
        dataset_repository(tmp_path, HUB_ID) if key == "configs" else check_dataset(tmp_path)


def test_files_must_be_those_that_the_card_names(copy):
    (copy / "notes.txt").write_text("mine")
    with pytest.raises(PublishError, match=r"notes\.txt is not named in its card"):
        dataset_repository(copy, HUB_ID)
    (copy / "bc5cdr" / "train-00000-of-00001.parquet").unlink()
    with pytest.raises(PublishError, match=r"bc5cdr/train-00000-of-00001\.parquet is not there"):
        dataset_repository(copy, HUB_ID)


@pytest.mark.slow
def test_published_data_set_is_loaded_from_the_hub(exported, tmp_path):
    """From start to end: the command uploads, and a user loads every configuration by the id of the Hub."""
    with running_hub() as hub:
        settings = {**clean_environment(str(tmp_path)), **PATIENCE}
        settings |= {"HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1"}
        del settings["HF_HUB_OFFLINE"], settings["HF_DATASETS_OFFLINE"]
        command = [sys.executable, "-m", "biodir", "dataset", "publish", str(exported), "--repo-id", HUB_ID]
        *_, checked, _, tagged = run(command, {**settings, "HF_TOKEN": TOKEN}, CHECKOUT).splitlines()
        assert checked.endswith(": bc5cdr 1, bc5cdr_pairs 1, biored_direction 3, biored_direction_pairs 7")
        assert tagged.startswith(f"{HUB_ID}: tagged {TAG}, commit ")
        uploaded = hub.repositories[("datasets", HUB_ID)]
        assert [commit.message for commit in uploaded.commits] == ["initial commit", f"biodir {TAG}"]
        assert set(uploaded.commits[-1].files) == {*FILES, ".gitattributes"}
        rows, text = json.loads(
            run([sys.executable, "-I", "-c", USER, HUB_ID, TAG], settings, tmp_path).splitlines()[-1]
        )
        assert rows == ROWS
        assert text.split() == ["Copper", "heals", "pain."]
