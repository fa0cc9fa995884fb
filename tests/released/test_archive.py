"""Damaged, unsafe and unfit archives are refused with what was expected; nothing is written."""

import json
import os
import pickle
import re

import pytest
import torch

from biodir.errors_biodir import CheckpointError
from biodir.released.archive import ARCHIVE
from biodir.released.importing import import_released
from helpers.released import save_released


class Unsafe:
    """Makes a folder when it is unpickled without care."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.fixture
def folder(tmp_path):
    return save_released(tmp_path / "source")


def refused(folder, message: str) -> None:
    """Check that the import fails with this message, and leaves nothing beside the folder."""
    before = sorted(folder.parent.iterdir())
    with pytest.raises(CheckpointError, match=message):
        import_released(folder, folder.parent / "out")
    assert sorted(folder.parent.iterdir()) == before


def change_archive(folder, change) -> None:
    saved = torch.load(folder / ARCHIVE, weights_only=True)
    torch.save(change(saved), folder / ARCHIVE)


def change_json(folder, name: str, **values) -> None:
    found = json.loads((folder / name).read_text())
    (folder / name).write_text(json.dumps(found | values))


@pytest.mark.parametrize("name", [ARCHIVE, "config.json", "vocab.txt", "tokenizer_config.json"])
def test_missing_file_is_named(folder, name):
    (folder / name).unlink()
    refused(folder, rf"source: lacks {name}; name the folder of the released model$")


def test_missing_folder_is_named(folder):
    with pytest.raises(CheckpointError, match="absent: there is no such folder; name the folder of the released model"):
        import_released(folder / "absent", folder.parent / "out")


def test_archive_that_is_not_unpacked_is_named(folder):
    with pytest.raises(CheckpointError, match=r"lacks config\.json; .*; unpack the archive that NCBI publishes$"):
        import_released(folder / ARCHIVE, folder.parent / "out")


def test_nothing_of_an_archive_is_run(folder):
    target = folder.parent / "made by the archive"
    torch.save({"state_dict": Unsafe(str(target))}, folder / ARCHIVE)
    message = (
        r"cannot be read as tensors and plain values \(it holds the code posix\.mkdir, which was not run\); expected"
    )
    refused(folder, f"{ARCHIVE}: {message} what the released code saves")
    assert not target.exists()


def test_plain_pickle_and_page_get_no_advice_of_torch_to_run_them(folder, recwarn):
    (folder / ARCHIVE).write_bytes(pickle.dumps(Unsafe("made"), protocol=2))
    refused(folder, r"\(it holds the code posix\.mkdir, which was not run\)")
    (folder / ARCHIVE).write_text("<html>not found</html>")
    refused(folder, r"\(it is no archive of torch\)")
    assert not recwarn.list


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "flipped", "old and cut"])
def test_damaged_archive_gets_what_was_expected(folder, damage):
    if damage == "old and cut":
        torch.save({"state_dict": {}}, folder / ARCHIVE, _use_new_zipfile_serialization=False)
    content = bytearray((folder / ARCHIVE).read_bytes())
    if damage == "flipped":
        content[40:90] = b"\xff" * 50
    elif damage == "old and cut":
        content = content[:55]  # inside a number of four bytes
    else:
        content = {"cut": content[: len(content) // 2], "empty": b"", "text": b"<html>not found</html>"}[damage]
    (folder / ARCHIVE).write_bytes(content)
    refused(
        folder, r"cannot be read .*; expected what the released code saves: a dictionary with state_dict, relation_l"
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"state_dict": None}, "state_dict is no dictionary of tensors; expected what"),
        ({"relation_label_to_id": None}, "relation_label_to_id is None; expected a dictionary of lab"),
        ({"novelty_label_to_id": {"None": 0, "Novel": 2}}, "novelty_label_to_id is .*; expected a dictionary"),
        ({"novelty_label_to_id": {"Novel": 0, "None": 1, "No": 2}}, "label 0 of novelty_label_to_id is 'Novel'"),
        ({"direction_label_to_id": {"None": 0, 5: 1}}, "direction_label_to_id is"),
        ({"direction_label_to_id": {"None": 0, "Up": "1"}}, "direction_label_to_id is"),
        ({"hidden_size": 64}, r"hidden_size is 64, but config\.json has 32; take both from one folder"),
        ({"hidden_size": "32"}, "hidden_size is 32; expected a whole number from 1"),
        ({"soft_prompt_len": 0}, "soft_prompt_len is 0; expected a whole number from 1"),
        ({"soft_prompt_len": 7}, r"soft_prompt\.weight has the shape \(20, 256\) in .*; expected \(20, 224\)"),
        ({"num_soft_prompt": 8}, "num_soft_prompt is 8; expected 20 as in the released code, and at least 9"),
        (
            {"novelty_label_to_id": {"None": 0, "No": 1, "Novel": 2, "Unsure": 3}},
            r"\w+_token_classifier\.weight has the shape \(3, 32\) in .*; expected \(4, 32\), a row for each label, in",
        ),
        ({"use_single_chunk": "no"}, "use_single_chunk is 'no'; expected True or False"),
    ],
)  # fmt: skip
def test_values_are_checked(folder, values, message):
    change_archive(folder, lambda saved: saved | values)
    refused(folder, rf"{ARCHIVE}: {message}")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("rel_token_classifier.weight", torch.zeros(8, 32), r"shape \(8, 32\) in torch\.float32; expected \(9, 32\)"),
        ("nov_token_poolor.dense.bias", torch.zeros(32, dtype=torch.int32), "expected .* in floating point"),
        ("dir_token_classifier.bias", torch.full((4,), torch.nan), "has a number that is infinite or NaN"),
        ("bert_model.pooler.dense.weight", None, r"state_dict lacks 1 weights \(bert_model\.pooler\.dense\.weight\)"),
        ("extra.weight", torch.zeros(1), r"state_dict has 1 unknown weights \(extra\.weight\)"),
    ],
)  # fmt: skip
def test_weights_are_checked(folder, name, value, message):
    def change(saved):
        state = {key: each for key, each in (saved["state_dict"] | {name: value}).items() if each is not None}
        return saved | {"state_dict": state}

    change_archive(folder, change)
    refused(folder, message)


def test_what_older_archives_have_or_lack_is_no_fault(folder):
    def change(saved):
        state = saved["state_dict"] | {"bert_model.embeddings.position_ids": torch.arange(512)[None]}
        state = {name: value.half() if value.is_floating_point() else value for name, value in state.items()}
        return {name: value for name, value in saved.items() if name != "use_single_chunk"} | {"state_dict": state}

    change_archive(folder, change)
    assert import_released(folder, folder.parent / "out").chunk_pooling == "dot_product"


@pytest.mark.parametrize("content", [5, [1, 2], "text"])
def test_archive_of_another_kind_is_refused(folder, content):
    torch.save(content, folder / ARCHIVE)
    refused(folder, rf"{ARCHIVE}: holds a {type(content).__name__}; expected what the released code saves")


def test_labels_of_another_corpus_are_refused(folder):
    names = ["None", "Association", "Bind", "Comparison", "Conversion", "Cotreatment", "Drug_Interaction", "Up", "Down"]
    change_archive(folder, lambda saved: saved | {"relation_label_to_id": {each: at for at, each in enumerate(names)}})
    refused(folder, r"the relation labels are None, .*, Up, Down; expected those of BioRED \(None, .*\) or of BC5CDR")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"model_type": "roberta"}, "is that of 'roberta'; expected 'bert' with absolute positions"),
        ({"position_embedding_type": "relative_key"}, "expected 'bert' with absolute positions"),
        ({"max_position_embeddings": 256}, "max_position_embeddings is 256; expected at least 512"),
        ({"num_hidden_layers": 3}, "state_dict lacks 16 weights"),
        ({"num_hidden_layers": 10**9}, r"num_hidden_layers is 1000000000; expected at most 1000\)"),
        ({"hidden_size": "wide"}, r"config\.json: is damaged"),
        ({"num_attention_heads": 5}, r"config\.json: is damaged"),
        ({"hidden_act": "none"}, r"config\.json: is damaged"),
    ],
)
def test_configuration_of_the_encoder_is_checked(folder, values, message):
    change_json(folder, "config.json", **values)
    refused(folder, message)


def test_code_that_a_configuration_names_is_not_run(folder):
    (folder / "evil.py").write_text("raise AssertionError('run')\n")
    change_json(folder, "config.json", auto_map={"AutoConfig": "evil.Config"})
    change_json(folder, "tokenizer_config.json", auto_map={"AutoTokenizer": [None, "evil.Tokenizer"]})
    import_released(folder, folder.parent / "out")
    assert "evil" not in (folder.parent / "out" / "config.json").read_text()


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("vocab.txt", lambda text: "first\n" + text, "disagree on"),
        ("vocab.txt", lambda text: text + "one\nmore\n", "disagree on|have 143 tokens"),
        ("added_tokens.json", lambda text: text.replace("@ChemicalEntitySrc$", "@Other$"), r"disagree on '@Other\$'"),
        ("added_tokens.json", lambda text: text[:30], "cannot be read"),
        ("tokenizer_config.json", lambda text: text.replace("[REL]", "[OTHER]"), "disagree on|lacks"),
    ],
)
def test_tokenizer_is_checked(folder, name, change, message):
    (folder / name).write_text(change((folder / name).read_text()))
    refused(folder, message)


@pytest.mark.parametrize("is_damaged", [True, False])
def test_tokenizer_of_another_file_is_not_read(folder, is_damaged):
    alone, out = folder.parent / "alone", folder.parent / "out"
    import_released(folder, alone)
    truncated = {"direction": "Right", "max_length": 16, "strategy": "LongestFirst", "stride": 0}
    other = json.dumps(json.loads((alone / "tokenizer.json").read_text()) | {"truncation": truncated})
    (folder / "tokenizer.json").write_text("{" if is_damaged else other)
    import_released(folder, out)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        assert (out / name).read_text() == (alone / name).read_text()


@pytest.mark.parametrize("kind", ["file", "full folder", "no parent"])
def test_target_is_a_new_or_an_empty_folder(folder, tmp_path, kind):
    target = tmp_path / "no" / "out" if kind == "no parent" else tmp_path / "out"
    if kind == "file":
        target.write_text("mine")
    elif kind == "full folder":
        target.mkdir()
        (target / "mine").write_text("mine")
    with pytest.raises(CheckpointError, match=re.escape(f"{target}: cannot be written (")):
        import_released(folder, target)
    assert kind != "full folder" or [path.name for path in target.iterdir()] == ["mine"]


def test_empty_target_is_filled(folder, tmp_path):
    (tmp_path / "out").mkdir()
    import_released(folder, tmp_path / "out")
    assert (tmp_path / "out" / "model.safetensors").is_file()
