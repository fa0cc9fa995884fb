"""The tagger: what it shares with the encoder, what its windows see, what its loss learns from."""

import pytest
import torch
from transformers import BertConfig, DistilBertConfig, RobertaConfig

from biodir.configuration_biodir import BioDirConfig
from biodir.errors_biodir import SettingError
from biodir.labels_biodir import bio_labels
from biodir.modeling_biodir import BioDirForRelationExtraction
from biodir.modeling_pairwise_biodir import window_groups
from biodir.modeling_tagger_biodir import copy_upper_layers, encoder_layers, tagger_loss
from helpers.document_models import OTHER_KINDS
from helpers.tiny_models import tiny_encoder_config

LABELS = bio_labels(["GeneOrGeneProduct", "ChemicalEntity"])
SIZES = {"vocab_size": 30, "hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 24}
ENCODERS = {
    "bert": BertConfig(**SIZES, num_hidden_layers=3, max_position_embeddings=40),
    "roberta": RobertaConfig(**SIZES, num_hidden_layers=3, max_position_embeddings=40, pad_token_id=1),
    "distilbert": DistilBertConfig(
        vocab_size=30, dim=16, n_heads=2, n_layers=3, hidden_dim=24, max_position_embeddings=40
    ),
    **{family: tiny_encoder_config(family, **SIZES, num_hidden_layers=3) for family in OTHER_KINDS},
}


def new_model(encoder="bert", **settings):
    torch.manual_seed(0)
    values = {"tagger_labels": LABELS, "max_tokens": 32, "pair_encoding": "document", **settings}
    return BioDirForRelationExtraction(BioDirConfig(encoder_config=ENCODERS[encoder], **values)).eval()


def inputs_of(rows, words):
    width = max(map(len, rows))
    ids = torch.tensor([[*row, *[1] * (width - len(row))] for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    windows, positions = torch.tensor(words).T
    return {"input_ids": ids, "attention_mask": mask, "word_windows": windows, "word_positions": positions}


ROWS = [[2, 7, 8, 9, 3], [2, 7, 3], [2, 11, 12, 13, 14, 15, 3]]
WORDS = [[0, 1], [0, 3], [1, 1], [2, 1], [2, 5]]


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("layers", [0, 2, 3])
def test_packed_and_padded_windows_give_the_same_scores(encoder, layers):
    packed = new_model(encoder, tagger_layers=layers)
    padded = new_model(encoder, tagger_layers=layers, pair_encoding="pairwise")
    shared = {name: values for name, values in packed.state_dict().items() if not name.startswith("heads.")}
    padded.load_state_dict(shared, strict=False)
    inputs = inputs_of(ROWS, WORDS)
    with torch.no_grad():
        expected = padded(**inputs).mention_logits
        assert torch.allclose(packed(**inputs).mention_logits, expected, atol=1e-5)
    assert expected.shape == (5, len(LABELS))


def test_windows_do_not_see_each_other_and_the_budget_changes_nothing():
    model = new_model(tagger_layers=1)
    inputs = inputs_of(ROWS, WORDS)
    with torch.no_grad():
        together = model(**inputs).mention_logits
        model.config.token_budget = 1
        assert torch.allclose(model(**inputs).mention_logits, together, atol=1e-6)
        first = model(**inputs_of(ROWS[:1], WORDS[:2])).mention_logits
    assert torch.allclose(first, together[:2], atol=1e-6)


def test_padding_counts_in_the_budget_where_rows_are_not_packed():
    sizes = [10, 2, 2, 2, 2, 9, 30]
    assert window_groups(sizes, 20, is_packed=True) == [range(0, 5), range(5, 6), range(6, 7)]
    assert window_groups(sizes, 20, is_packed=False) == [range(0, 2), range(2, 5), range(5, 6), range(6, 7)]


def test_own_layers_begin_as_those_of_the_encoder_and_leave_it_alone():
    model = new_model(tagger_layers=2)
    copy_upper_layers(model.encoder, model.tagger)
    plain = new_model()
    plain.load_state_dict({key: value for key, value in model.state_dict().items() if "tagger.layers" not in key})
    inputs = inputs_of(ROWS, WORDS)
    with torch.no_grad():
        assert torch.equal(model(**inputs).mention_logits, plain(**inputs).mention_logits)
    targets = torch.zeros(5, len(LABELS))
    targets[:, 1] = 1
    model(**inputs, mention_targets=targets).loss.backward()
    layers = encoder_layers(model.encoder)
    assert all(parameter.grad is None for layer in layers[1:] for parameter in layer.parameters())
    assert all(parameter.grad.abs().sum() > 0 for parameter in layers[0].output.dense.parameters())
    assert all(parameter.grad is not None for parameter in model.tagger.parameters())


def test_checkpoints_keep_their_tagger(tmp_path):
    model = new_model(tagger_layers=1)
    model.save_pretrained(tmp_path)
    loaded = BioDirForRelationExtraction.from_pretrained(tmp_path).eval()
    inputs = inputs_of(ROWS, WORDS)
    with torch.no_grad():
        assert torch.equal(loaded(**inputs).mention_logits, model(**inputs).mention_logits)


def test_models_may_find_mentions_and_nothing_else(tmp_path):
    lists = {"relation_labels": [], "novelty_labels": [], "direction_labels": [], "pair_types": []}
    model = new_model(**lists, generic_relation=None)
    model.save_pretrained(tmp_path)
    loaded = BioDirForRelationExtraction.from_pretrained(tmp_path)
    assert (loaded.config.tasks, len(loaded.heads), loaded.soft_prompt) == ((), 0, None)
    assert loaded(**inputs_of(ROWS, WORDS)).mention_logits.shape == (5, len(LABELS))


def test_models_without_a_tagger_say_so():
    with pytest.raises(SettingError, match="the model has no tagger"):
        new_model(tagger_labels=[])(**inputs_of(ROWS, WORDS))


def test_loss_is_the_cross_entropy_where_one_label_is_allowed():
    torch.manual_seed(0)
    logits, wanted = torch.randn(4, 5), torch.tensor([0, 3, 2, 4])
    allowed = torch.nn.functional.one_hot(wanted, 5)
    assert torch.allclose(tagger_loss(logits, allowed), torch.nn.functional.cross_entropy(logits, wanted))


def test_loss_learns_nothing_about_types_that_a_corpus_does_not_annotate():
    logits = torch.zeros(1, 5, requires_grad=True)
    tagger_loss(logits, torch.tensor([[1, 0, 0, 1, 1]])).backward()
    probabilities = logits.grad[0]
    assert all(probabilities[[1, 2]] > 0)  # these labels become less probable
    assert torch.allclose(probabilities[[0, 3, 4]], probabilities[0])  # these stay in their proportion
    assert tagger_loss(logits, torch.ones(1, 5)).item() == pytest.approx(0, abs=1e-6)


def test_configurations_check_the_labels_and_layers_of_the_tagger():
    for labels, message in (
        (["O"], "'B-TYPE' and 'I-TYPE'"),
        (["O", "B-ChemicalEntity"], "'B-TYPE' and 'I-TYPE'"),
        (bio_labels(["Planet"]), "Planet"),
    ):
        with pytest.raises(SettingError, match=message):
            BioDirConfig(tagger_labels=labels)
    with pytest.raises(SettingError, match="tagger_layers is 4"):
        new_model(tagger_layers=4)
    with pytest.raises(SettingError, match="tagger_layers is 1"):
        new_model(tagger_labels=[], tagger_layers=1)
