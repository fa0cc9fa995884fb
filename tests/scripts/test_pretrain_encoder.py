"""Continued pretraining of an encoder: masking, another vocabulary, and a run that stops and goes on."""

import json
import lzma
import sys

import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoTokenizer, BertTokenizer

from biodir.files import file_sha256
from biodir.training.provenance import provenance
from helpers.script_module import script
from helpers.tiny_checkpoint import save_encoder

TEXT = "aspirin and the drug are of the gene\n\n...\nlabels of aspirin are the drug between gene and disease\n" * 20


@pytest.fixture(scope="module")
def pretraining():
    return script("pretrain_encoder")


@pytest.fixture(scope="module")
def encoder_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoder")
    save_encoder(folder)
    return folder


@pytest.fixture
def run(pretraining, encoder_folder, tmp_path, monkeypatch):
    """Runs the program over a small text, and returns the state dict of the encoder that it leaves."""
    text = tmp_path / "text.txt.xz"
    with lzma.open(text, "wt") as file:
        file.write(TEXT)

    def program(output, *options):
        arguments = ["--text", text, "--encoder", encoder_folder, "--output", output, "--row-tokens", 16]
        arguments += ["--rows-per-step", 2, "--steps", 6, "--save-steps", 2, *options]
        monkeypatch.setattr(sys, "argv", ["pretrain_encoder.py", *map(str, arguments)])
        pretraining.main()
        return AutoModel.from_pretrained(output / "encoder").state_dict()

    return program


def test_stopped_run_ends_with_the_weights_of_an_uninterrupted_one(run, pretraining, tmp_path, monkeypatch):
    whole = run(tmp_path / "whole")
    save_state = pretraining.save_state

    def save_and_stop(folder, step, *parts):
        save_state(folder, step, *parts)
        if step == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(pretraining, "save_state", save_and_stop)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "stopped")
    monkeypatch.setattr(pretraining, "save_state", save_state)
    resumed = run(tmp_path / "stopped")
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    records = [json.loads((tmp_path / name / "encoder" / "training.json").read_text()) for name in ("whole", "stopped")]
    assert records[0]["step_losses"] == records[1]["step_losses"]


@pytest.mark.parametrize(
    ("options", "difference"),
    [
        (["--steps", 2], "steps is 2, was 6"),
        (["--seed", 9, "--rate", "1e-2"], "rate is 0.01, was 0.0005; seed is 9, was 1"),
        (["--vocabulary", "other"], "vocabulary is 'other', was None"),
    ],
)
def test_run_does_not_go_on_with_other_options(run, tmp_path, options, difference):
    run(tmp_path / "run")
    before = file_sha256(tmp_path / "run" / "encoder" / "model.safetensors")
    advice = r"give the old ones, or name another --output"
    with pytest.raises(SystemExit, match=rf"run: cannot go on with other options \({difference}\); {advice}"):
        run(tmp_path / "run", *options)
    assert file_sha256(tmp_path / "run" / "encoder" / "model.safetensors") == before


def test_run_does_not_go_on_with_another_text(run, tmp_path):
    run(tmp_path / "run")
    with lzma.open(tmp_path / "text.txt.xz", "at") as file:
        file.write("one line more\n")
    with pytest.raises(SystemExit, match="the content of text, encoder or vocabulary has changed"):
        run(tmp_path / "run")


def test_finished_run_that_is_started_again_keeps_its_weights(run, tmp_path):
    first = run(tmp_path / "run")
    again = run(tmp_path / "run", "--save-steps", 5)
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_record_beside_the_encoder_says_where_it_comes_from(run, tmp_path, encoder_folder):
    run(tmp_path / "run", "--mask-share", 0.3)
    record = json.loads((tmp_path / "run" / "encoder" / "training.json").read_text())
    assert record["settings"]["mask_share"] == 0.3
    assert record["settings"]["text"] == str(tmp_path / "text.txt.xz")
    assert set(record["provenance"]) == set(provenance())
    deciding = [encoder_folder / name for name in ("config.json", "model.safetensors", "tokenizer.json")]
    paths = [tmp_path / "text.txt.xz", *deciding]
    assert record["data"] == {str(path): file_sha256(path) for path in paths}
    assert (record["steps"], record["tokens_per_step"], record["finished"]) == (6, 32, True)
    assert len(record["step_losses"]) == 6
    assert record["train_s"] > 0


def test_text_that_fills_no_step_is_refused(run, tmp_path):
    with pytest.raises(SystemExit, match="fewer than the 2000 of a step; give more text, or lower --rows-per-step"):
        run(tmp_path / "run", "--rows-per-step", 2000)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--text", "nowhere.txt"], r"nowhere\.txt: there is no such file; name a text with --text"),
        (["--encoder", "./nowhere"], r"encoder or vocabulary cannot be loaded: .*; name a folder or Hub id"),
    ],
)
def test_what_is_not_there_is_named(run, tmp_path, options, message):
    with pytest.raises(SystemExit, match=rf"pretrain_encoder\.py: error: {message}"):
        run(tmp_path / "run", *options)


def test_text_without_a_word_is_refused(run, tmp_path):
    (tmp_path / "blank.txt").write_text("\n...\n -- \n")
    with pytest.raises(SystemExit, match=r"blank\.txt: no line has a word; give text with a paragraph or sentence"):
        run(tmp_path / "run", "--text", tmp_path / "blank.txt")


def test_dropout_of_the_encoder_is_left_in_its_configuration(run, tmp_path, encoder_folder):
    run(tmp_path / "run")
    kept = AutoConfig.from_pretrained(tmp_path / "run" / "encoder").attention_probs_dropout_prob
    assert kept == AutoConfig.from_pretrained(encoder_folder).attention_probs_dropout_prob > 0


def test_training_lowers_the_loss(run, tmp_path, capsys):
    run(tmp_path / "run", "--steps", 60, "--save-steps", 20, "--rate", "3e-3", "--mask-share", "0.3")
    losses = [float(line.split("loss ")[1].split(",")[0]) for line in capsys.readouterr().out.splitlines()]
    assert losses[-1] < losses[0] - 0.5


def test_batches_see_every_row_once_an_epoch(pretraining):
    rows = torch.arange(5)[:, None].repeat(1, 4) + 10
    batches = pretraining.TokenBatches(rows, 2, mask_id=1, vocabulary=20, mask_share=0.0)
    seen = [batches.batch(step, seed=3)[0][:, 0].tolist() for step in range(4)]
    assert batches.steps_an_epoch == 2
    assert len({*seen[0], *seen[1]}) == len({*seen[2], *seen[3]}) == 4
    assert seen[:2] != seen[2:]


def test_masking_hides_four_fifths_and_asks_for_the_chosen_alone(pretraining):
    rows = torch.full((100, 100), 7)
    batches = pretraining.TokenBatches(rows, 100, mask_id=1, vocabulary=1000, mask_share=0.2)
    tokens, targets = batches.batch(0, seed=1)
    chosen = targets != pretraining.IGNORED
    assert set(targets[chosen].tolist()) == {7}
    assert set(tokens[~chosen].tolist()) == {7}
    assert chosen.float().mean().item() == pytest.approx(0.2, abs=0.02)
    assert (tokens[chosen] == 1).float().mean().item() == pytest.approx(0.8, abs=0.04)
    assert (tokens[chosen] == 7).float().mean().item() == pytest.approx(0.1, abs=0.03)


def test_new_words_start_from_the_words_and_sub_words_of_the_old_vocabulary(pretraining, encoder_folder, tmp_path):
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "gene", "drugs", "##s", "##ab", "\u03b1"]
    BertTokenizer(vocab={word: index for index, word in enumerate(words)}).save_pretrained(tmp_path)
    old, new = AutoTokenizer.from_pretrained(encoder_folder), AutoTokenizer.from_pretrained(tmp_path)
    encoder = AutoModel.from_pretrained(encoder_folder)
    table = encoder.get_input_embeddings().weight.detach().clone()
    pretraining.use_vocabulary(encoder, old, new)
    found = encoder.get_input_embeddings().weight.detach()
    assert found.shape == (len(words), table.shape[1])

    def mean_of(*pieces):
        return table[old.convert_tokens_to_ids(list(pieces))].mean(dim=0)

    for word, pieces in {
        "gene": ["gene"],
        "drugs": ["drug", "##s"],
        "##ab": ["##a", "##b"],
        "\u03b1": ["[UNK]"],
    }.items():
        assert torch.allclose(found[words.index(word)], mean_of(*pieces))


def test_rows_begin_with_cls_and_lines_end_with_sep(pretraining, encoder_folder, tmp_path):
    tokenizer = AutoTokenizer.from_pretrained(encoder_folder)
    (tmp_path / "text.txt").write_text("gene\n \n--\ndrug gene\n")
    rows = pretraining.token_rows(tmp_path / "text.txt", tokenizer, 6)
    assert [tokenizer.convert_ids_to_tokens(row) for row in rows.tolist()] == [
        ["[CLS]", "gene", "[SEP]", "drug", "gene", "[SEP]"]
    ]
