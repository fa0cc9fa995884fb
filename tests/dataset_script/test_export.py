"""Corpora become a folder that `load_dataset` takes."""

import logging

import pytest
from datasets import get_dataset_config_names, load_dataset
from datasets.info import DatasetInfosDict

from biodir import ParseError, SettingError, parse_document
from biodir.dataset_script.export import export
from biodir.dataset_script.features import document_features, pair_features
from biodir.dataset_script.files import found_files
from biodir.dataset_script.rows import document_row, pair_rows, with_model_types
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
    """The folder that was written, and what `export` says of it."""
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


def test_layout(exported):
    assert files_in(exported[0]) == FILES


def test_every_file_is_reported_with_its_rows(exported):
    out, written = exported
    assert [(part.config, part.split, part.rows) for part in written] == [
        ("biored_direction", "train", 2),
        ("biored_direction", "validation", 1),
        ("biored_direction_pairs", "train", 6),
        ("biored_direction_pairs", "validation", 1),
        ("bc5cdr", "train", 1),
        ("bc5cdr_pairs", "train", 1),
    ]
    assert sorted(str(part.path.relative_to(out)) for part in written) == FILES[1:]


def test_folder_has_four_configurations(exported):
    assert sorted(get_dataset_config_names(str(exported[0]))) == [
        "bc5cdr",
        "bc5cdr_pairs",
        "biored_direction",
        "biored_direction_pairs",
    ]


def test_documents_load_with_their_types(load):
    splits = load("biored_direction")
    assert list(splits) == ["train", "validation"]
    features = splits["train"].features
    assert features == document_features(BIORED_DIRECTION.labels)
    assert [document_from_row(row, features) for row in splits["train"]] == [IRON, COPPER]


@pytest.mark.parametrize(("name", "source"), [("biored_direction_pairs", BIORED_DIRECTION), ("bc5cdr_pairs", BC5CDR)])
def test_pairs_load_with_their_types(load, name, source):
    assert load(name)["train"].features == pair_features(source.labels)


def test_folder_streams(load):
    streamed = load("biored_direction", split="train", streaming=True)
    assert streamed.features == document_features(BIORED_DIRECTION.labels)
    (first, second) = streamed
    assert first == streamed.features.encode_example(document_row(IRON, BIORED_DIRECTION.labels))
    assert second["id"] == "2"


def test_pandas_reads_a_pair_table(exported):
    import pandas

    table = pandas.read_parquet(exported[0] / "biored_direction_pairs" / "train-00000-of-00001.parquet")
    expected = [row for document in (IRON, COPPER) for row in pair_rows(document, BIORED_DIRECTION.labels, "train")]
    assert list(table.columns) == list(expected[0])
    for column in ("document_id", "split", "entity1_id", "entity2_name", "sentence_distance"):
        assert list(table[column]) == [row[column] for row in expected]
    assert list(table.relation) == [8, 0, 0, 1, 0, 0]
    assert [mention["text"] for mention in table.entity2_mentions[0]] == ["EGFR", "EGFR"]


def test_documents_come_back_from_the_files(exported):
    out, _ = exported
    assert list(read_parquet(out / "biored_direction" / "train-00000-of-00001.parquet")) == [IRON, COPPER]
    (document,) = read_parquet(out / "bc5cdr" / "train-00000-of-00001.parquet")
    assert document == with_model_types(parse_document(NALOXONE))


def test_card_tells_the_counts_of_every_split(exported):
    card = (exported[0] / "README.md").read_text(encoding="utf-8")
    # documents, mentions, not linked, relations, directed, pairs, related, with several relations, outside the pairs
    assert [
        line for line in card.splitlines() if line.startswith(("| biored_direction | train", "| bc5cdr | train"))
    ] == [
        "| biored_direction | train | 2 | 8 | 1 | 3 | 2 | 6 | 2 | 0 | 1 |",
        "| bc5cdr | train | 1 | 4 | 1 | 1 | 0 | 1 | 1 | 0 | 0 |",
    ]
    assert 'load_dataset("out", "biored_direction_pairs", split="train")' in card


def test_sizes_in_the_card_are_those_of_the_files(exported):
    out, _ = exported
    sizes = {name: info.download_size for name, info in DatasetInfosDict.from_directory(str(out)).items()}
    assert sizes == {name: sum(path.stat().st_size for path in (out / name).iterdir()) for name in sizes}
    assert len(sizes) == 4


def test_same_corpora_give_the_same_files(exported, tmp_path):
    first, _ = exported
    second, _ = exported_folder(write_data_folder(tmp_path / "data"), tmp_path / "out")
    assert [name for name in FILES if (first / name).read_bytes() != (second / name).read_bytes()] == []


def test_one_corpus_alone(tmp_path):
    data = write_data_folder(tmp_path / "data", with_bc5cdr=False)
    out, _ = exported_folder(data, tmp_path / "out", [BIORED_DIRECTION])
    assert files_in(out) == [name for name in FILES if not name.startswith("bc5cdr")]
    rows = load_dataset(str(out), "biored_direction", split="validation", cache_dir=str(tmp_path / "cache"))
    assert list(rows["id"]) == ["2"]


def test_split_without_candidate_pairs_is_refused(tmp_path):
    write_split(tmp_path / "data" / "CDR_TrainingSet.PubTator.txt", "3|t|Iron\n3|a|is.\n")
    with pytest.raises(
        SourceError, match="bc5cdr_pairs: no candidate pair in train; leave out the file of such a split"
    ):
        exported_folder(tmp_path / "data", tmp_path / "out", [BC5CDR])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["out/old.txt", "out"])
def test_folder_that_holds_something_is_left_alone(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(SettingError, match="out: is not an empty folder; name a new one"):
        exported_folder(write_data_folder(tmp_path / "data"), tmp_path / "out")
    assert (tmp_path / name).read_text() == "mine"


def test_empty_folder_is_filled(tmp_path):
    (tmp_path / "out").mkdir()
    out, _ = exported_folder(write_data_folder(tmp_path / "data"), tmp_path / "out")
    assert files_in(out) == FILES


def test_bad_document_leaves_nothing_behind(tmp_path):
    data = write_data_folder(tmp_path / "data")
    write_split(data / "bc5cdr" / "CDR_TrainingSet.PubTator.txt", NALOXONE, "9\tCID\n")
    with pytest.raises(ParseError, match=r"CDR_TrainingSet\.PubTator\.txt:9"):
        exported_folder(data, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_other_checksum_is_an_error_on_demand(tmp_path):
    found = found_files(BC5CDR, write_data_folder(tmp_path / "data"))
    with pytest.raises(SourceError, match="as published"):
        export([found], tmp_path / "out", is_strict=True)


def test_each_warning_stands_there_once(tmp_path, caplog):
    data = write_data_folder(tmp_path / "data")
    with caplog.at_level(logging.WARNING, logger="biodir"):
        exported_folder(data, tmp_path / "out")
    messages = [message for message in caplog.messages if "splits left out" in message or "sha256" in message]
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
            read = read_parquet(out / source.name / f"{file.split.name}-00000-of-00001.parquet")
            assert list(read) == [with_model_types(document) for document in file.documents()]
