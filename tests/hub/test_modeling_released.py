"""The model of released weights: pooling, weights of equal chunks, and who may compute them."""

import pytest
import torch

from biodir.configuration_biodir import BioDirConfig
from biodir.errors_biodir import SettingError
from biodir.modeling_biodir import BioDirForRelationExtraction
from biodir.modeling_released_biodir import DotProductPooling, ReleasedForRelationExtraction
from helpers.tiny_models import TinyPair, assert_close, logits_of, random_row, tiny_config, widened

RELEASED = {"pair_encoding": "released", "chunk_pooling": "dot_product"}


def released_model(**settings):
    return widened(ReleasedForRelationExtraction(tiny_config(**{**RELEASED, **settings}))).eval()


def test_pooling_is_softmax_of_the_products_of_the_first_chunk():
    states = torch.tensor([[[1.0, 0.0], [0.0, 2.0], [3.0, 1.0]]])
    weights = torch.tensor([1.0, 0.0, 3.0]).softmax(dim=0)
    assert_close(DotProductPooling()(states, torch.ones(1, 3, dtype=torch.bool)), (weights @ states[0])[None])


def test_pooling_gives_absent_chunks_no_weight():
    states, present = torch.randn(2, 3, 4), torch.tensor([[True, True, False], [True, False, False]])
    found = DotProductPooling()(states, present)
    assert_close(found[:1], DotProductPooling()(states[:1, :2], present[:1, :2]))
    assert_close(found[1], states[1, 0])


@pytest.mark.parametrize("order", ["aab", "aba", "abb", "aaa", "abc"])
def test_chunk_that_occurs_twice_weighs_twice_though_it_is_computed_once(order, monkeypatch):
    model = released_model()
    row_of = {name: random_row(number, 20 + number) for number, name in enumerate("abc")}
    rows, lengths = [row_of[name] for name in order], []
    original = model.encoder.forward

    def counted(**inputs):
        lengths.append(len(inputs["inputs_embeds"]))
        return original(**inputs)

    monkeypatch.setattr(model.encoder, "forward", counted)
    found = logits_of(model, TinyPair(tuple(rows)))
    assert sum(lengths) == len(set(order))
    captured: list[torch.Tensor] = []
    model.heads["relation"].pooling.register_forward_hook(lambda _, args, output: captured.append(output[0]))
    for row in rows:  # a pair of one chunk, whose pooling leaves it as it is
        logits_of(model, TinyPair((row,)))
    stacked = torch.stack(captured)
    pooled = (stacked @ stacked.T).softmax(dim=-1)[0] @ stacked
    assert_close(found[:, :9], model.heads["relation"].classifier(pooled)[None].detach())


def test_batch_changes_no_pair():
    model = released_model()
    pairs = [
        TinyPair(tuple(random_row(10 * number + chunk, 44 - 3 * number) for chunk in (0, 1, number % 2)), number)
        for number in range(5)
    ]
    assert_close(logits_of(model, *pairs), torch.cat([logits_of(model, pair) for pair in pairs]))


@pytest.mark.parametrize("pooling", ["dot_product", "max"])
def test_prompt_is_at_the_last_places_of_a_row_and_nowhere_else(pooling):
    model = released_model(chunk_pooling=pooling)
    expected = {}
    for tokens in (45, 46, 47, 48):  # of 48; the prompt has 3
        pair = TinyPair((random_row(1, tokens),) * 3)
        before = logits_of(model, pair)
        changes = []
        for place in range(3):
            with torch.no_grad():
                model.soft_prompt.vectors[:, place] += 1
                changes.append(not torch.equal(logits_of(model, pair), before))
                model.soft_prompt.vectors[:, place] -= 1
        expected[tokens] = changes
    assert expected == {
        45: [False, False, False],
        46: [True, False, False],
        47: [True, True, False],
        48: [True, True, True],
    }


def test_model_without_soft_prompt_has_rows_of_all_places():
    model = released_model(soft_prompt_tokens=0)
    assert model.soft_prompt is None
    assert logits_of(model, TinyPair((random_row(1, 48, prompt_tokens=0),) * 3)).isfinite().all()


def test_saved_model_is_loaded_with_its_form(tmp_path):
    model = released_model()
    model.save_pretrained(tmp_path)
    pair = TinyPair((random_row(1, 30), random_row(2, 30), random_row(1, 30)))
    again = ReleasedForRelationExtraction.from_pretrained(tmp_path)
    assert_close(logits_of(again, pair), logits_of(model, pair))
    with pytest.raises(SettingError, match=r"computes pair_encoding pairwise or document, not 'released'; load"):
        BioDirForRelationExtraction.from_pretrained(tmp_path)


def test_class_of_released_weights_computes_nothing_else():
    with pytest.raises(SettingError, match="ReleasedForRelationExtraction computes pair_encoding released, not 'pairw"):
        ReleasedForRelationExtraction(tiny_config())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"chunk_pooling": "dot_product"}, "with pair_encoding 'pairwise' it is one of max, mean, attention"),
        (
            {"pair_encoding": "document", "chunk_pooling": "dot_product"},
            "with pair_encoding 'document' it is one of max",
        ),
        ({**RELEASED, "chunk_pooling": "mean"}, "with pair_encoding 'released' it is one of dot_product, max"),
        (
            {**RELEASED, "chunks": ["prefix"]},
            r"chunks \['prefix'\]: the released form has prefix, suffix, infix",
        ),
        ({**RELEASED, "chunks": ["suffix", "prefix", "infix"]}, "the released form has prefix, suffix, infix"),
    ],
)
def test_configuration_of_released_weights_is_checked(settings, message):
    with pytest.raises(SettingError, match=message):
        BioDirConfig(**settings)
