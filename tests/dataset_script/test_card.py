"""The data set card: metadata that `datasets` reads, tables that agree with the data, an example that runs."""

import os
import re
import subprocess
import sys

import pytest
from datasets import DatasetInfo
from datasets.splits import SplitDict, SplitInfo
from huggingface_hub import DatasetCard

from biodir.dataset_script.card import card_text
from biodir.dataset_script.export import export
from biodir.dataset_script.features import document_features, pair_features
from biodir.dataset_script.files import found_files
from biodir.dataset_script.sources import BC5CDR, BIORED_DIRECTION, SOURCES
from helpers.corpus_folder import write_data_folder


def info(features):
    """The info of a configuration with one split."""
    split = SplitInfo("train", num_bytes=10, num_examples=2)
    return DatasetInfo(features=features, splits=SplitDict({"train": split}), download_size=5, dataset_size=10)


def card(*sources):
    """The card of these corpora."""
    infos = {source.name: info(document_features(source.labels)) for source in sources}
    infos |= {source.pairs_name: info(pair_features(source.labels)) for source in sources}
    counts = [{"corpus": source.name, "split": "train", "documents": 1400, "mentions": 2} for source in sources]
    return DatasetCard(card_text("corpora", sources, infos, counts))


def test_every_column_is_documented():
    _, documents, pairs, _ = re.split(r"## C[^\n]*\n", card(*SOURCES).text.partition("## Corpora")[2], maxsplit=3)
    for table, features in ((documents, document_features), (pairs, pair_features)):
        names = ", ".join(re.findall(r"^\| ([\w, ]+) \| ", table, re.MULTILINE)[1:]).split(", ")
        assert set(names) == set(features(BIORED_DIRECTION.labels))


@pytest.mark.parametrize(
    ("sources", "has_example", "has_warning"),
    [(SOURCES, True, True), ([BIORED_DIRECTION], True, False), ([BC5CDR], False, False)],
)
def test_parts_of_the_card_need_their_corpora(sources, has_example, has_warning):
    text = card(*sources).text
    assert ("## Example" in text, "Leave them out by PMID" in text) == (has_example, has_warning)


@pytest.mark.parametrize(
    ("sources", "heading", "renamed"),
    [
        (
            SOURCES,
            "BioRED with directions, and BC5CDR, for the library datasets",
            "BC5CDR's `Chemical` and `Disease`, and `Organism`, were renamed to them.",
        ),
        (
            [BIORED_DIRECTION],
            "BioRED with directions for the library datasets",
            "`Organism` was renamed to `OrganismTaxon`.",
        ),
        (
            [BC5CDR],
            "BC5CDR for the library datasets",
            "BC5CDR's `Chemical` and `Disease` were renamed to them.",
        ),
    ],
)
def test_card_names_only_its_corpora(sources, heading, renamed):
    text = card(*sources).text
    assert text.lstrip().splitlines()[0] == f"# {heading}"
    assert f"\n- Entity types have BioRED's names; {renamed}\n- A candidate pair" in text


def code_blocks(text):
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


@pytest.fixture
def code(tmp_path):
    """The code of the card of a folder "corpora" in `tmp_path`, by block."""
    data = write_data_folder(tmp_path / "data")
    export([found_files(source, data) for source in SOURCES], tmp_path / "corpora")
    return code_blocks((tmp_path / "corpora" / "README.md").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_code_of_the_card_runs(tmp_path, code):
    loading, example = code
    assert run(loading, tmp_path) == "1 6 3"
    assert run(example, tmp_path).split() == "direction undirected relation Association 1".split()
    assert (tmp_path / "directions.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_loading_code_ends_without_an_abort(tmp_path, code, one_core):
    loading, _ = code
    assert [run(loading, tmp_path) for _ in range(8)] == ["1 6 3"] * 8


def run(code, folder):
    """What the code prints, run without a network and with an empty cache in a folder."""
    settings = {"HF_HOME": str(folder / "cache"), "HF_HUB_OFFLINE": "1", "MPLBACKEND": "Agg"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=os.environ | settings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
