"""Corpora become a folder that `load_dataset` takes."""

import logging
from dataclasses import replace

import pytest
from datasets import load_dataset

from biodir import ParseError, Relation, SettingError, parse_document
from biodir.dataset_script.export import export
from biodir.dataset_script.features import document_features, pair_features
from biodir.dataset_script.files import found_files
from biodir.dataset_script.rows import with_model_types
from biodir.dataset_script.sources import BC5CDR, BIORED_DIRECTION, SOURCES, SourceError
from biodir.formats.parquet import read_parquet
from biodir.formats.rows import document_from_row
from helpers.corpus_folder import COPPER, IRON, NALOXONE, write_data_folder, write_split

FILES = [
    "README.md",
    "bc5cdr/train-00000-of-00001.parquet",
    "bc5cdr_pairs/train-00000-of-00001.parquet",
    "biored_direction/train-00000-of-00001.parquet",
    "biored_direction/validation-00000-of-00001.parquet",
    "biored_direction_pairs/train-00000-of-00001.parquet",
    "biored_direction_pairs/validation-00000-of-00001.parquet",
]


def exported_folder(folder, out, sources=SOURCES):
    """The folder that was written, and the return value of `export`."""
    written = export([found_files(source, folder) for source in sources], out)
    return out, written


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """An exported folder of both corpora."""
    folder = tmp_path_factory.mktemp("export")
    return exported_folder(write_data_folder(folder / "data"), folder / "out")


@pytest.fixture
def load(exported, tmp_path):
    """Loads a configuration of the exported folder as users do, with a cache of its own."""
    return lambda name, **options: load_dataset(str(exported[0]), name, cache_dir=str(tmp_path), **options)


def test_pairs_with_several_relation_types_are_named(tmp_path, caplog):
    again = Relation("Bind", "D1", "10", "Novel", "D1")
    folder = write_data_folder(tmp_path / "data", with_bc5cdr=False)
    twice = replace(IRON, relations=(*IRON.relations, again), subject_lines=())
    write_split(folder / "bioredirect" / "bioredirect_train.pubtator", twice, COPPER)
    exported_folder(folder, tmp_path / "out", [BIORED_DIRECTION])
    (message,) = [message for message in caplog.messages if "several relation types" in message]
    assert "1 pairs have several relation types (1: Positive_Correlation and Bind of 10 and D1): the column" in message


def test_every_file_is_reported_with_its_rows(exported):
    out, written = exported
    assert files_in(out) == FILES
    assert {str(path.relative_to(out)): rows for path, rows in written.items()} == dict(
        zip(FILES[1:], (1, 1, 2, 1, 6, 1), strict=True)
    )


def test_rows_load_with_their_types(load, exported):
    assert load("biored_direction_pairs")["train"].features == pair_features(BIORED_DIRECTION.labels)
    assert load("bc5cdr_pairs")["train"].features == pair_features(BC5CDR.labels)
    splits = load("biored_direction")
    assert list(splits) == ["train", "validation"]
    features = splits["train"].features
    assert features == document_features(BIORED_DIRECTION.labels)
    assert [document_from_row(row, features) for row in splits["train"]] == [IRON, COPPER]
    (document,) = read_parquet(exported[0] / "bc5cdr" / "train-00000-of-00001.parquet")
    assert document == with_model_types(parse_document(NALOXONE))


def test_card_has_the_counts_of_every_split(exported):
    card = (exported[0] / "README.md").read_text(encoding="utf-8")
    # documents, mentions, not linked, relations, directed, pairs, related, with several relations, outside the pairs
    assert [
        line for line in card.splitlines() if line.startswith(("| biored_direction | train", "| bc5cdr | train"))
    ] == [
        "| biored_direction | train | 2 | 8 | 1 | 3 | 2 | 6 | 2 | 0 | 1 |",
        "| bc5cdr | train | 1 | 4 | 1 | 1 | 0 | 1 | 1 | 0 | 0 |",
    ]
    assert 'load_dataset("out", "biored_direction_pairs", split="train")' in card


def test_same_corpora_give_the_same_files(exported, tmp_path):
    first, _ = exported
    second, _ = exported_folder(write_data_folder(tmp_path / "data"), tmp_path / "out")
    assert [name for name in FILES if (first / name).read_bytes() != (second / name).read_bytes()] == []


def test_split_without_candidate_pairs_is_refused(tmp_path):
    write_split(tmp_path / "data" / "CDR_TrainingSet.PubTator.txt", "3|t|Iron\n3|a|is.\n")
    with pytest.raises(
        SourceError, match="bc5cdr_pairs: no candidate pair in train; leave out the file of such a split"
    ):
        exported_folder(tmp_path / "data", tmp_path / "out", [BC5CDR])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["out/old.txt", "out"])
def test_folder_that_holds_something_is_not_changed(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(SettingError, match="out: is not an empty folder; name a new one"):
        exported_folder(write_data_folder(tmp_path / "data"), tmp_path / "out")
    assert (tmp_path / name).read_text() == "mine"


def test_bad_document_leaves_no_files(tmp_path):
    data = write_data_folder(tmp_path / "data")
    write_split(data / "bc5cdr" / "CDR_TrainingSet.PubTator.txt", NALOXONE, "9\tCID\n")
    with pytest.raises(ParseError, match=r"CDR_TrainingSet\.PubTator\.txt:9"):
        exported_folder(data, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_each_warning_is_logged_once(tmp_path, caplog):
    data = write_data_folder(tmp_path / "data")
    with caplog.at_level(logging.WARNING, logger="biodir"):
        exported_folder(data, tmp_path / "out")
    messages = [message for message in caplog.messages if "are left out" in message or "sha256" in message]
    assert [message.split(":")[0].removeprefix(f"{data}/") for message in messages] == [
        "biored_direction",
        "bioredirect/bioredirect_train.pubtator",
        "bioredirect/bioredirect_dev.pubtator",
        "bc5cdr",
        "bc5cdr/CDR_TrainingSet.PubTator.txt",
    ]


@pytest.mark.corpus
@pytest.mark.slow
def test_corpora_keep_everything(data_dir, tmp_path):
    out, _ = exported_folder(data_dir, tmp_path / "out")
    for source in SOURCES:
        for file in found_files(source, data_dir).files:
            read = read_parquet(out / source.name / f"{file.split}-00000-of-00001.parquet")
            assert list(read) == [with_model_types(document) for document in file.documents()]
