"""The builder of the data sets: configurations, cache, downloads, errors."""

import logging

import pytest

from biodir import AnnotationError
from biodir.dataset_script.builder import BioredDirection
from biodir.dataset_script.sources import BC5CDR, CHECKSUMS, SourceError
from helpers.corpus_folder import COPPER, NALOXONE, write_data_folder, write_split

TRAIN = "bioredirect/bioredirect_train.pubtator"


@pytest.fixture
def build(tmp_path):
    """Builds a data set in a cache of its own: name, data folder and settings -> its splits."""

    def build_and_load(name, data_dir=None, **settings):
        builder = BioredDirection(str(tmp_path / "cache"), config_name=name, data_dir=data_dir, **settings)
        builder.download_and_prepare()
        return builder.as_dataset()

    return build_and_load


@pytest.fixture
def folder(tmp_path):
    return write_data_folder(tmp_path / "data")


def test_missing_splits_and_other_checksums_are_logged_once(build, folder, caplog):
    with caplog.at_level(logging.WARNING, logger="biodir"):
        build("bc5cdr", folder)
        missing, checksum = [record.getMessage() for record in caplog.records if record.name.startswith("biodir")]
        assert missing.startswith(f"bc5cdr: splits without a file in {folder} are left out: validation (CDR_Dev")
        assert f"not {CHECKSUMS[BC5CDR.splits['train']]} as published" in checksum
        caplog.clear()
        build("bc5cdr", folder)  # from the cache
    assert [record for record in caplog.records if record.name.startswith("biodir")] == []


def test_changed_file_is_built_again(build, folder):
    assert list(build("biored_direction", folder)["train"]["id"]) == ["1", "2"]
    write_split(folder / TRAIN, COPPER)
    assert list(build("biored_direction", folder)["train"]["id"]) == ["2"]


@pytest.mark.parametrize("name", ["bc5cdr", "bc5cdr_pairs"])
def test_unknown_type_is_an_error_with_the_file(build, folder, name):
    write_split(folder / "bc5cdr" / "CDR_TrainingSet.PubTator.txt", NALOXONE.replace("Chemical", "Metal"))
    with pytest.raises(
        AnnotationError, match=r"TrainingSet\.PubTator\.txt: document 3, mention 'Naloxone': unknown ent"
    ):
        build(name, folder)


def test_unknown_configuration_is_refused(folder):
    with pytest.raises(
        SourceError, match="config_name is 'biored'; it is one of biored_direction, biored_direction_pa"
    ):
        BioredDirection(config_name="biored", data_dir=folder)


def test_local_files_stream(folder, tmp_path):
    streamed = BioredDirection(str(tmp_path / "cache"), data_dir=folder).as_streaming_dataset(split="train")
    assert [row["id"] for row in streamed] == ["1", "2"]


# Archives.


def test_archive_that_cannot_be_fetched_is_an_error(build, monkeypatch):
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    address = "http://127.0.0.1:9/datasets.zip"  # no server listens there
    with pytest.raises(SourceError, match=rf"^{address}: cannot be fetched \(\w+Error: .*; fetch it by hand"):
        build("biored_direction", address=address)


def test_download_does_not_stream(tmp_path):
    builder = BioredDirection(str(tmp_path / "cache"), address="http://127.0.0.1:9/datasets.zip")
    with pytest.raises(SourceError, match="biored_direction: the archive cannot be read while it is downloaded"):
        builder.as_streaming_dataset(split="train")
