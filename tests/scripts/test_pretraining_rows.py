"""Rows of tokens, of text and of documents."""

import json
from argparse import Namespace

import pytest
from transformers import AutoTokenizer

from biodir.errors_biodir import BioDirError, SettingError
from helpers.script_module import script
from helpers.tiny_checkpoint import save_encoder

pretraining_rows = script("pretraining_rows")


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoder")
    save_encoder(folder)
    return AutoTokenizer.from_pretrained(folder)


def rows_of(tmp_path, tokenizer, text="", documents=(), excluded="", row_tokens=8):
    """The rows of a text file or of documents in JSON lines, each twice, as two rows are the fewest."""
    path = tmp_path / ("text.jsonl" if documents else "text.txt")
    path.write_text(2 * ("".join(json.dumps(each) + "\n" for each in documents) or text))
    (tmp_path / "excluded").write_text(excluded)
    paths = {"text": [path], "exclude": [tmp_path / "excluded"] if excluded else [], "output": tmp_path}
    return pretraining_rows.token_rows(Namespace(**paths, row_tokens=row_tokens), tokenizer)


def test_rows_begin_with_cls_and_lines_end_with_sep(tmp_path, tokenizer):
    rows = rows_of(tmp_path, tokenizer, "gene\n \n--\ndrug gene\n", row_tokens=6)
    assert [tokenizer.convert_ids_to_tokens(row) for row in rows["input_ids"].tolist()] == 2 * [
        ["[CLS]", "gene", "[SEP]", "drug", "gene", "[SEP]"]
    ]


def test_words_start_at_their_first_sub_word_and_mentions_are_one_word(tmp_path, tokenizer):
    document = {"text": "the ab drug is", "entities": [{"start": 4, "end": 11}]}
    rows = rows_of(tmp_path, tokenizer, documents=[document])
    assert tokenizer.convert_ids_to_tokens(rows["input_ids"][0].tolist()) == [
        "[CLS]", "the", "a", "##b", "drug", "i", "##s", "[SEP]",
    ]  # fmt: skip
    assert rows["is_start"][0].tolist() == [False, True, True, False, False, True, False, False]
    assert rows["is_mention"][0].tolist() == [False, False, True, True, True, False, False, False]


@pytest.mark.parametrize(
    "excluded",
    [
        "1|t|x\n1|a|y\n\n2|t|z\n",
        '{"id": "1", "text": "x", "entities": []}\n{"id": "2", "text": "z", "entities": []}\n',
        '{"id": "1", "text": "x", "entities": [], "annotated_types": []}\n'
        '{"id": "a", "pmid": "2", "unit": "section", "text": "z", "entities": [], "annotated_types": []}\n',
    ],
)
def test_excluded_documents_are_left_out(tmp_path, tokenizer, excluded):
    documents = [{"id": 1, "text": "gene"}, {"pmid": "2", "text": "drug"}, {"id": "3", "text": "disease"}]
    rows = rows_of(tmp_path, tokenizer, documents=documents, excluded=excluded, row_tokens=3)
    assert tokenizer.convert_ids_to_tokens(rows["input_ids"][0].tolist()) == ["[CLS]", "disease", "[SEP]"]
    assert len(rows) == 2


@pytest.mark.parametrize(
    ("excluded", "message"),
    [("\n", "no document can be read"), ("1|t|x\n\n2|t|y\n2|t|z\n", "1 document cannot be read")],
)
def test_excluded_file_that_cannot_be_read_is_an_error(tmp_path, tokenizer, excluded, message):
    with pytest.raises(SettingError, match=rf"^--exclude .*excluded: {message}"):
        rows_of(tmp_path, tokenizer, documents=[{"id": 1, "text": "gene"}], excluded=excluded)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"", r"a\.txt: 0 tokens are read, but two rows take 14; give more text or lower --row-tokens"),
        ("a.txt", b"gene drug", r"a\.txt: 3 tokens are read, but two rows take 14"),
        ("a.txt", b"gene\n\xe9t\xe9", r"a\.txt:2: is not UTF-8 at character 0; convert the file"),
        (
            "a.jsonl",
            b'{"text": "gene"}\n{"id": 1}',
            r"a\.jsonl:2: is no document \(KeyError: 'text'\); write ",
        ),
        ("a.jsonl", b'{"text": 7}', r"a\.jsonl:1: is no document"),
        ("a.jsonl", b"[]", r"a\.jsonl:1: is no document"),
        (
            "a.jsonl",
            b'{"text": "gene", "entities": [{"start": "x", "end": 4}]}',
            r"a\.jsonl:1: is no document \(ValueError: invalid literal",
        ),
        (
            "a.jsonl",
            b'{"text": "gene", "entities": [{"start": 0, "end": Infinity}]}',
            r"a\.jsonl:1: is no document \(OverflowError",
        ),
        ("a.jsonl", b'{"text": "gene", "entities": [{"start": 0}]}', r"a\.jsonl:1: is no document \(KeyError: 'end'\)"),
        ("a.jsonl", b"gene", r"a\.jsonl:1: is no JSON \(.*\); write a document a line"),
        ("a.txt.xz", b"\xfd7zXZ\x00cut", r"a\.txt\.xz: is damaged or cut off"),
    ],
)
def test_text_that_gives_no_rows_is_named(tmp_path, tokenizer, name, content, message):
    (tmp_path / name).write_bytes(content)
    paths = {"text": [tmp_path / name], "exclude": [], "output": tmp_path}
    with pytest.raises(BioDirError, match=message):
        pretraining_rows.token_rows(Namespace(**paths, row_tokens=8), tokenizer)
    assert not list(tmp_path.glob("*.npy"))
