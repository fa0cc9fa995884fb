"""Documents from Parquet files, those that biodir writes and those of others."""

import sys

import pyarrow
import pytest
from datasets import Dataset
from pyarrow.parquet import write_table

from biodir import AnnotationError, Document, ErrorPolicy, Mention, ParseError, SettingError
from biodir.dataset_script.features import document_features, pair_features
from biodir.dataset_script.rows import document_row, pair_rows
from biodir.dataset_script.sources import BIORED_DIRECTION
from biodir.formats.parquet import BATCH_ROWS, read_parquet
from helpers.corpus_folder import COPPER, IRON

LABELS = BIORED_DIRECTION.labels
PLAIN = {"id": "5", "text": "Iron", "entities": [{"start": 0, "end": 4, "type": "Metal", "id": "D1"}]}


@pytest.fixture
def exported(tmp_path):
    """A file with class labels, of two documents."""
    rows = [document_row(document, LABELS) for document in (IRON, COPPER)]
    dataset = Dataset.from_list(
        [document_features(LABELS).encode_example(row) for row in rows], features=document_features(LABELS)
    )
    dataset.to_parquet(tmp_path / "in.parquet")
    return tmp_path / "in.parquet"


def plain_file(path, *rows):
    """A file of these mappings, written without `datasets`."""
    write_table(pyarrow.Table.from_pylist(list(rows)), path)
    return path


def test_class_labels_become_names(exported):
    assert list(read_parquet(exported)) == [IRON, COPPER]
    assert list(read_parquet(str(exported))) == [IRON, COPPER]


def test_plain_strings_are_read_and_a_missing_id_is_the_place_of_the_row(tmp_path):
    mention = Mention(0, 4, "Iron", "Metal", ("D1",))
    documents = read_parquet(plain_file(tmp_path / "a.parquet", PLAIN, {**PLAIN, "id": None}))
    assert list(documents) == [Document(id, "Iron", (mention,)) for id in ("5", "a.parquet:2")]


def test_many_rows_are_read_in_order(tmp_path):
    count = 2 * BATCH_ROWS + 1
    path = plain_file(tmp_path / "a.parquet", *({**PLAIN, "id": str(number)} for number in range(count)))
    assert [document.id for document in read_parquet(path)] == [str(number) for number in range(count)]


def test_bad_row_is_named_or_skipped(tmp_path):
    wrong = {**PLAIN, "entities": [{"start": 0, "end": 9, "type": "Metal", "id": "D1"}]}
    path = plain_file(tmp_path / "a.parquet", {**PLAIN, "id": "4"}, wrong, {**PLAIN, "id": "6"})
    with pytest.raises(AnnotationError, match=r"a\.parquet: row 2: document 5, entities\[0\]: ends at 9 but"):
        list(read_parquet(path))
    policy = ErrorPolicy("skip-document")
    assert [document.id for document in read_parquet(path, policy)] == ["4", "6"]
    assert policy.skipped == {("document", "span outside the text"): 1}


def test_file_of_pairs_is_refused(tmp_path):
    rows = [pair_features(LABELS).encode_example(row) for row in pair_rows(IRON, LABELS, "train")]
    Dataset.from_list(rows, features=pair_features(LABELS)).to_parquet(tmp_path / "pairs.parquet")
    with pytest.raises(ParseError, match=r"pairs\.parquet: holds candidate pairs, not documents; name a file of"):
        list(read_parquet(tmp_path / "pairs.parquet"))


@pytest.mark.parametrize("missing", ["id", "text", "entities"])
def test_missing_column_is_named(tmp_path, missing):
    path = plain_file(tmp_path / "a.parquet", {name: value for name, value in PLAIN.items() if name != missing})
    with pytest.raises(ParseError, match=rf"a\.parquet: has no column '{missing}' among "):
        list(read_parquet(path, policy=ErrorPolicy("skip-document")))


def test_plain_documents_need_no_column_of_entities_where_these_are_found(tmp_path):
    plain = Document("7", "Iron.")
    for rows in ([plain], [plain, Document("8", "Iron.", is_marked=True)]):
        path = plain_file(tmp_path / "a.parquet", *({"entities": None, **each.to_dict()} for each in rows))
        assert [each.is_plain for each in read_parquet(path)] == [each.is_plain for each in rows]
    path = plain_file(tmp_path / "a.parquet", plain.to_dict())
    (found,) = read_parquet(path, ErrorPolicy(finds_entities=True))
    assert (found, found.is_plain) == (plain, True)


@pytest.mark.parametrize("content", [b"", b"1|t|Iron\n", b"PAR1" + b"\0" * 20 + b"PAR1"])
def test_file_that_is_not_parquet_is_named(tmp_path, content):
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(ParseError, match=r"a\.parquet: not a Parquet file that can be read \("):
        list(read_parquet(tmp_path / "a.parquet"))


@pytest.mark.parametrize("library", ["pyarrow", "datasets"])
def test_library_that_is_not_installed_is_named(exported, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(SettingError, match=rf"in\.parquet: reading Parquet needs {library}; .*'biodir\[data\]'"):
        list(read_parquet(exported))
