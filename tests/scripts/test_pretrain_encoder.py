"""Continued pretraining of an encoder: masking, the sparse head, another vocabulary, and a run that resumes."""

import json
import lzma

import numpy as np
import pytest
import torch
from transformers import (
    AutoConfig,
    AutoModelForMaskedLM,
    AutoTokenizer,
    BertForMaskedLM,
    BertTokenizer,
    DistilBertConfig,
    GPT2Config,
)

from biodir.errors_biodir import SettingError
from helpers.script_module import script
from helpers.tiny_checkpoint import save_checkpoint, save_encoder
from helpers.tiny_models import save_encoder as save_tiny_encoder
from helpers.tiny_models import tiny_encoder_config, widened

pretraining = script("pretrain_encoder")
TOKEN = script("pretraining_rows").TOKEN
TEXT = "aspirin and the drug are of the gene\n\n...\nlabels of aspirin are the drug between gene and disease\n" * 20


@pytest.fixture(scope="module")
def encoder_folder(tmp_path_factory):
    """A tiny encoder with a masked-language head."""
    folder = tmp_path_factory.mktemp("encoder")
    save_encoder(folder)
    torch.manual_seed(0)
    BertForMaskedLM(AutoConfig.from_pretrained(folder)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def tokenizer(encoder_folder):
    return AutoTokenizer.from_pretrained(encoder_folder)


@pytest.fixture
def run(encoder_folder, tmp_path):
    """Runs the program over a small text, and returns the weights that it leaves."""
    text = tmp_path / "text.txt.xz"
    with lzma.open(text, "wt") as file:
        file.write(TEXT)

    def program(output, *options):
        arguments = ["--text", text, "--encoder", encoder_folder, "--output", output, "--row-tokens", 16]
        arguments += ["--rows-per-step", 2, "--max-steps", 6, "--save-steps", 2, "--eval-steps", 6, *options]
        pretraining.main(list(map(str, arguments)))
        return AutoModelForMaskedLM.from_pretrained(output / "encoder").state_dict()

    return program


# Masking.


def random_row(random, tokens=256):
    """A row of words of one to four tokens, some of them mentions, between special tokens."""
    row = np.zeros(tokens, TOKEN)
    row["input_ids"], row["is_start"] = random.integers(10, 50, tokens), random.random(tokens) < 0.4
    row["is_mention"] = np.repeat(random.random(tokens // 4) < 0.2, 4)
    special = np.isin(np.arange(tokens), (0, tokens // 2, tokens - 1))
    row["input_ids"][special], row["is_start"][special] = 2, False
    row["is_start"][[1, tokens // 2 + 1]] = True
    return row


@pytest.mark.parametrize("share", [0.1, 0.2, 0.4])
def test_spans_hold_complete_words_without_special_tokens_and_the_share_that_is_asked_for(share):
    random = np.random.default_rng(1)
    masking = pretraining.SpanMasking(mask_token_id=1, special_ids=(2,), vocab_size=50, mask_share=share)
    shares = []
    for _ in range(50):
        row = random_row(random)
        masked = masking.masked(row, random)
        assert not masked[row["input_ids"] == 2].any()
        words = np.cumsum(row["is_start"])
        for word in range(1, words[-1] + 1):
            inside = masked[(words == word) & (row["input_ids"] != 2)]
            assert inside.all() or not inside.any()
        shares.append(masked.mean())
    assert share <= np.mean(shares) < share + 0.04  # the last span of a row passes the share


def test_of_the_masked_tokens_four_fifths_are_hidden_and_the_others_keep_their_input():
    row = np.array([(7, True, False)] * 100, TOKEN)
    masking, random = pretraining.SpanMasking(1, (2,), vocab_size=1000, mask_share=0.2), np.random.default_rng(1)
    rows = [masking(row, random) for _ in range(100)]
    batch = {name: torch.stack([row[name] for row in rows]) for name in ("input_ids", "labels")}
    chosen = batch["labels"] != pretraining.IGNORED
    assert set(batch["labels"][chosen].tolist()) == set(batch["input_ids"][~chosen].tolist()) == {7}
    assert (batch["input_ids"][chosen] == 1).float().mean().item() == pytest.approx(0.8, abs=0.04)
    assert (batch["input_ids"][chosen] == 7).float().mean().item() == pytest.approx(0.1, abs=0.03)


def test_loss_of_the_sparse_head_is_that_of_the_full_head(encoder_folder, tmp_path):
    model = AutoModelForMaskedLM.from_pretrained(encoder_folder).eval()
    options = pretraining.pretraining_options(["--text", "a", "--encoder", "b", "--output", str(tmp_path)], "")
    arguments = pretraining.training_arguments(options, 64)
    trainer = pretraining.SparseTrainer(model=model, args=arguments, eval_dataset=[])
    input_ids = torch.randint(5, 60, (3, 12), generator=torch.Generator().manual_seed(1))
    labels = torch.where(torch.arange(12) % 4 == 1, input_ids, pretraining.IGNORED)
    loss = trainer.compute_loss(model, {"input_ids": input_ids, "labels": labels})
    assert loss.item() == pytest.approx(model(input_ids=input_ids, labels=labels).loss.item(), rel=1e-5)


# The vocabulary.


def test_new_words_start_from_the_words_and_sub_words_of_the_old_vocabulary(encoder_folder, tokenizer, tmp_path):
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "gene", "drugs", "##s", "##ab", "\u03b1"]
    BertTokenizer(vocab={word: index for index, word in enumerate(words)}).save_pretrained(tmp_path)
    model = AutoModelForMaskedLM.from_pretrained(encoder_folder)
    table = model.get_input_embeddings().weight.detach().clone()
    pretraining.use_vocabulary(model, tokenizer, AutoTokenizer.from_pretrained(tmp_path))
    found = model.get_input_embeddings().weight.detach()
    assert found.shape == (len(words), table.shape[1])
    pieces = {"gene": ["gene"], "drugs": ["drug", "##s"], "##ab": ["##a", "##b"], "\u03b1": ["[UNK]"]}
    for word, old in pieces.items():
        expected = table[tokenizer.convert_tokens_to_ids(old)].mean(dim=0)
        assert torch.allclose(found[words.index(word)], expected)
    assert model(input_ids=torch.tensor([[5, 6]])).logits.shape[-1] == len(words)


def test_special_tokens_start_from_those_of_their_role(encoder_folder, tokenizer, tmp_path):
    words = ["<pad>", "<unk>", "<s>", "</s>", "<mask>", "gene"]
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), words, strict=False))
    BertTokenizer(vocab={word: index for index, word in enumerate(words)}, **names).save_pretrained(tmp_path)
    model = AutoModelForMaskedLM.from_pretrained(encoder_folder)
    table = model.get_input_embeddings().weight.detach().clone()
    pretraining.use_vocabulary(model, tokenizer, AutoTokenizer.from_pretrained(tmp_path))
    old = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "gene"]
    assert torch.equal(model.get_input_embeddings().weight, table[tokenizer.convert_tokens_to_ids(old)])


# Growing.


@pytest.mark.parametrize("family", ["bert", "mpnet", "roberta"])
@pytest.mark.parametrize("layers", [3, 4])
def test_grown_encoder_has_the_states_of_the_old_one_and_its_copies_learn(family, layers):
    model = widened(AutoModelForMaskedLM.from_config(tiny_encoder_config(family))).eval()
    deeper = pretraining.grown(model, layers).eval()
    input_ids = torch.randint(5, 60, (3, 12), generator=torch.Generator().manual_seed(1))
    states, found = (each.base_model(input_ids=input_ids).last_hidden_state for each in (model, deeper))
    assert deeper.config.num_hidden_layers == len(deeper.base_model.encoder.layer) == layers
    assert model.config.num_hidden_layers == 2
    torch.testing.assert_close(found, states, rtol=0, atol=1e-5)
    deeper(input_ids=input_ids, labels=input_ids).loss.backward()
    last = pretraining.layer_parts(deeper.base_model.encoder.layer[-1])
    for projection in (last["attended"], last["outer"]):  # of a copy
        assert not projection.weight.any()
        assert projection.weight.grad.any()


@pytest.mark.parametrize(("family", "layers"), [("bert", 2), ("bert", 5), ("modernbert", 4)])
def test_encoder_that_cannot_grow_so_is_refused(family, layers):
    model = AutoModelForMaskedLM.from_config(tiny_encoder_config(family))
    with pytest.raises(SettingError, match=rf"--grow-to {layers}: .* '{family}' with 2 layers .* 3 to 4 layers$"):
        pretraining.grown(model, layers)


# The run.


@pytest.mark.parametrize("family", ["mpnet", "modernbert", "deberta-v2"])
def test_other_kinds_learn_with_another_vocabulary(run, encoder_folder, tmp_path, family):
    folder = save_tiny_encoder(tmp_path / family, family)
    grows = ["--grow-to", 3] if family == "mpnet" else []
    weights = run(tmp_path / "run", "--encoder", folder, "--vocabulary", encoder_folder, *grows)
    assert all(values.isfinite().all() for values in weights.values())
    assert AutoConfig.from_pretrained(tmp_path / "run" / "encoder").num_hidden_layers == 2 + bool(grows)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--encoder", "{}/none"], "none: neither a folder with a model nor a repository"),
        (["--vocabulary", "{}/none"], "--vocabulary .*none: its tokenizer cannot be loaded"),
        (["--encoder", "{}/biodir/model"], "--encoder .*: this is a biodir checkpoint, .*; name the encoder"),
        (
            ["--encoder", "{}/gpt2"],
            "--encoder .*: an encoder of type 'gpt2' has no masked-language head .*; take ",
        ),
        (["--encoder", "{}/distilbert"], "--encoder .*: an encoder of type 'distilbert' has no masked-language head"),
        (["--attention", "foo"], "the model, with --attention foo, cannot be loaded"),
        (["--row-tokens", 129], "--row-tokens 129: the encoder .* has 128 positions; lower it"),
        (["--grow-to", 9], "--grow-to 9: .* 3 to 4 layers"),
        (["--output", "{}/text.txt.xz"], r"text\.txt\.xz is a file, not a folder; name another --output"),
        (["--text", "{}/none"], "none: there is no such file; check --text and --exclude"),
    ],
)
def test_what_cannot_be_used_is_named(run, encoder_folder, tmp_path, options, message, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _: pytest.fail("asks"))
    if "biodir" in str(options):
        save_checkpoint(tmp_path / "biodir")
    for kind in ("gpt2", "distilbert"):
        AutoTokenizer.from_pretrained(encoder_folder).save_pretrained(tmp_path / kind)
    GPT2Config().save_pretrained(tmp_path / "gpt2")
    distilbert = DistilBertConfig(vocab_size=90, dim=8, n_layers=1, n_heads=1, hidden_dim=8)
    AutoModelForMaskedLM.from_config(distilbert).save_pretrained(tmp_path / "distilbert")
    with pytest.raises(SystemExit, match=rf"^pretrain_encoder\.py: error: .*{message}[^\n]*$"):
        run(tmp_path / "run", *(str(each).format(tmp_path) for each in options))
    assert not (tmp_path / "run").exists()


def test_stopped_run_ends_with_the_weights_of_an_uninterrupted_one(run, tmp_path, monkeypatch):
    options = ["--max-steps", 18, "--save-steps", 4]  # an epoch has 13 steps
    expected = run(tmp_path / "uninterrupted", *options)
    training_step = pretraining.SparseTrainer.training_step

    def stopping(self, *arguments, **named):
        if self.state.global_step == 17:
            raise KeyboardInterrupt
        return training_step(self, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(pretraining.SparseTrainer, "training_step", stopping)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "stopped", *options)
    assert (tmp_path / "stopped" / "checkpoint-16").is_dir()
    half_written = tmp_path / "stopped" / "checkpoint-17"  # the run was killed while it wrote it
    half_written.mkdir()
    (half_written / "model.safetensors").write_text("")
    with pytest.raises(SystemExit, match=r"stopped: cannot resume with other settings \(--seed is 2, was 1\); "):
        run(tmp_path / "stopped", *options, "--seed", 2)
    found = run(tmp_path / "stopped", *options)
    assert set(found) == set(expected)
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_training_lowers_the_loss_and_leaves_the_dropout_of_the_configuration(run, encoder_folder, tmp_path):
    options = ["--max-steps", 60, "--eval-steps", 10, "--save-steps", 60, "--learning-rate", "3e-3"]
    run(tmp_path / "run", *options)
    history = json.loads((tmp_path / "run" / "checkpoint-60" / "trainer_state.json").read_text())["log_history"]
    losses = [entry["eval_loss"] for entry in history if "eval_loss" in entry]
    assert losses[-1] < losses[0] - 0.5
    configs = [AutoConfig.from_pretrained(folder) for folder in (tmp_path / "run" / "encoder", encoder_folder)]
    assert [config.hidden_dropout_prob for config in configs] == [0.1, 0.1]
