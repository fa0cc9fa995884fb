"""The helper task of mentions: which are compared, what the head learns, and what a model with it saves."""

import pytest
import torch
from safetensors.torch import load_file

from biodir.modeling_biodir import BioDirForRelationExtraction
from biodir.modeling_document_biodir import DocumentInputs
from biodir.training.mention_tasks import SameEntityHead, compared_mentions, with_mention_tasks
from helpers.document_models import NARROW, TEXT, features_of, loss_of, model_and_processor, some_labels
from helpers.marked import marked_document


def inputs_of(*documents, **sizes) -> DocumentInputs:
    processor = model_and_processor(**sizes)[1]
    batch = processor.collate(features_of(processor, *documents))
    return DocumentInputs(**{name: torch.as_tensor(values) for name, values in batch.items()})


def compared(inputs: DocumentInputs) -> list[tuple[int, int, bool]]:
    """The numbers of compared mentions, two each, and whether they are of one entity."""
    rows, wanted, same = compared_mentions(inputs)
    return [(rows[i].item(), rows[j].item(), same[i, j].item()) for i, j in wanted.nonzero().tolist()]


def test_mentions_of_a_type_are_compared_once_with_each_other():
    text = "<C:C1 iron> causes <D:D1 pain>; <C:C2 it> inhibits <G:G1 her2>, <C:C1 iron> binds <G:G2 it>."
    inputs = inputs_of(marked_document(text))
    entities = inputs.mention_entities.tolist()
    found = [(entities[i], entities[j], same) for i, j, same in compared(inputs)]
    assert sorted(same for _, _, same in found) == [False] * 3 + [True]  # three of chemicals, one of genes
    assert all((first == second) == same for first, second, same in found)
    of_entities = [entities.count(number) for number, _, same in found if same]
    assert of_entities == [2]


def test_mention_of_two_entities_is_one_and_shares_each():
    inputs = inputs_of(marked_document("<C:C1;C2 warfarin> binds <C:C1 iron> and <C:C2 it> and <G:G1 her2>"))
    assert len(inputs.mention_entities) == 5
    assert sorted(same for _, _, same in compared(inputs)) == [False, True, True]


def test_variants_share_the_tag_of_genes_and_are_compared_with_them():
    inputs = inputs_of(marked_document("<V:V1 it> in <G:G1 her2> binds <C:C1 iron>"))
    assert [same for _, _, same in compared(inputs)] == [False]


def test_mentions_of_other_windows_and_documents_are_not_compared():
    inputs = inputs_of(TEXT, marked_document("<C:C1 iron> causes <D:D1 pain>.", id="8"), **NARROW)
    windows = inputs.mention_windows.tolist()
    found = compared(inputs)
    assert len(set(windows)) > 2
    assert found
    assert all(windows[first] == windows[second] for first, second, _ in found)


def test_head_learns_which_states_are_of_one_entity():
    torch.manual_seed(1)
    inputs = inputs_of(marked_document("<C:C1 iron> <C:C2 it> <C:C1 iron> <C:C3 it> <C:C2 iron> <C:C3 pain> <D:D1 it>"))
    entities = inputs.mention_entities
    states = torch.randn(int(entities.max()) + 1, 16)[entities] + 0.1 * torch.randn(len(entities), 16)
    head = SameEntityHead(16, weight=1.0)
    optimizer = torch.optim.Adam(head.parameters(), lr=0.01)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        losses.append(head(states, inputs))
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < 0.05 < losses[0]
    assert SameEntityHead(16, weight=0.0)(states, inputs) == 0


def test_text_without_mentions_to_compare_has_no_loss_but_a_gradient_for_every_process():
    head = SameEntityHead(8, weight=1.0)
    loss = head(torch.randn(2, 8), inputs_of(marked_document("<C:C1 iron> causes <D:D1 pain>.")))
    loss.backward()
    assert loss == 0
    assert [parameter.grad.abs().sum().item() for parameter in head.parameters()] == [0.0] * 3


def test_task_adds_its_weighted_loss_in_training_only():
    model, processor = model_and_processor()
    features = features_of(processor, TEXT)
    losses = []
    for weight in (0.0, 1.0, 2.0):
        torch.manual_seed(1)
        with_mention_tasks(model, weight)
        losses.append(
            [loss_of(model.train(mode), processor, features, some_labels(features)) for mode in (True, False)]
        )
    (plain, _), (helped, evaluated), (twice, _) = losses
    assert torch.equal(losses[0][1], evaluated)
    assert helped > plain
    torch.testing.assert_close(twice - plain, 2 * (helped - plain))
    query = next(value for name, value in model.encoder.named_parameters() if name.endswith("query.weight"))
    gradients = [torch.autograd.grad(loss, query)[0] for loss in (plain, helped)]
    assert not torch.allclose(*gradients)


def test_model_without_a_weight_has_no_head():
    model, _ = model_and_processor()
    before = set(model.state_dict())
    assert with_mention_tasks(model, 0.0).mention_tasks is None
    assert set(model.state_dict()) == before


@pytest.mark.parametrize("weight", [0.0, 0.5])
def test_saved_model_has_no_head(tmp_path, weight):
    model, _ = model_and_processor()
    names = set(model.state_dict())
    with_mention_tasks(model, weight).save_pretrained(tmp_path)
    assert set(load_file(tmp_path / "model.safetensors")) == names
    assert BioDirForRelationExtraction.from_pretrained(tmp_path).mention_tasks is None
