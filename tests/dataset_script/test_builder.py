"""The builder of the data sets: configurations, cache, downloads, errors."""

import functools
import logging
import threading
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from biodir import AnnotationError, ParseError
from biodir.dataset_script.builder import BioredDirection
from biodir.dataset_script.features import document_features, pair_features
from biodir.dataset_script.sources import BC5CDR, BIORED_DIRECTION, CHECKSUMS, SourceError
from biodir.formats.rows import document_from_row
from helpers.corpus_folder import COPPER, IRON, NALOXONE, write_data_folder, write_split

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


@pytest.fixture
def archive(tmp_path):
    """An archive as the official one: a folder, and the files in it."""
    write_data_folder(tmp_path / "packed")
    path = tmp_path / "web" / "datasets.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as opened:
        opened.write(tmp_path / "packed" / TRAIN, f"datasets/{TRAIN}")
    return path


@pytest.fixture
def web(archive, monkeypatch):
    """The address of a server on this machine, which has the archive."""
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=archive.parent))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_one_row_a_document(build, folder):
    splits = build("biored_direction", folder)
    assert {name: list(rows["id"]) for name, rows in splits.items()} == {"train": ["1", "2"], "validation": ["2"]}
    features = splits["train"].features
    assert features == document_features(BIORED_DIRECTION.labels)
    assert [document_from_row(row, features) for row in splits["train"]] == [IRON, COPPER]


def test_one_row_a_candidate_pair(build, folder):
    splits = build("biored_direction_pairs", folder)
    train = splits["train"]
    assert train.features == pair_features(BIORED_DIRECTION.labels)
    assert (list(train["document_id"]), list(train["relation"])) == (["1"] * 5 + ["2"], [8, 0, 0, 1, 0, 0])
    assert set(train["split"]) == {"train"}
    assert set(splits["validation"]["split"]) == {"validation"}


def test_all_splits_have_their_names(build, tmp_path):
    for file in BIORED_DIRECTION.splits.values():
        write_split(tmp_path / "all" / file, COPPER)
    splits = build("biored_direction", tmp_path / "all")
    assert {name: len(rows) for name, rows in splits.items()} == dict.fromkeys(BIORED_DIRECTION.splits, 1)


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


def test_error_in_a_file_is_ours_with_its_place(build, folder):
    write_split(folder / TRAIN, IRON, "9|t|Iron\n9|a|is.\n9\tBind\n")
    with pytest.raises(ParseError, match=r"bioredirect_train\.pubtator:\d+: relation line with 2 columns"):
        build("biored_direction", folder)


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


# Archives: at hand, at a file: address, on a server.


def test_archive_from_a_server(build, web):
    splits = build("biored_direction", address=f"{web}/datasets.zip")
    assert {name: list(rows["id"]) for name, rows in splits.items()} == {"train": ["1", "2"]}


@pytest.mark.parametrize("address", ["{web}/none.zip", "http://127.0.0.1:9/datasets.zip"])
def test_archive_that_cannot_be_fetched_is_an_error(build, web, address):
    address = address.format(web=web)
    with pytest.raises(SourceError, match=rf"^{address}: cannot be fetched \(\w+Error: .*; fetch it by hand"):
        build("biored_direction", address=address)


def test_download_does_not_stream(tmp_path, archive):
    builder = BioredDirection(str(tmp_path / "cache"), address=archive.as_uri())
    with pytest.raises(SourceError, match="biored_direction: the archive cannot be read while it is downloaded"):
        builder.as_streaming_dataset(split="train")
