"""Targets of teachers: whose scores they are, which labels they decide, and what a run keeps of them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from safetensors.torch import load_file

import biodir.training.teaching as teaching
from biodir.configuration_biodir import PAIR_ENCODINGS
from biodir.document_biodir import Relation
from biodir.errors_biodir import CheckpointError, SettingError
from biodir.inference.loading import load_pipeline
from biodir.labels_biodir import CHEMICAL, DISEASE
from biodir.processing_biodir import make_processor
from biodir.training.data import LabelledPairs, epoch_pairs, labelled_pairs
from biodir.training.initialization import model_from_encoder
from biodir.training.reading import reading_policy
from biodir.training.settings import TrainingSettings
from helpers.document_models import model_and_processor
from helpers.marked import marked_document
from helpers.tiny_checkpoint import SETTINGS, save_checkpoint, save_encoder
from helpers.tiny_models import save_encoder as save_tiny_encoder
from helpers.training_runs import DOCUMENT, NO_DROPOUT, log_of, options, run_training, start_training, written

DOCUMENTS = [
    marked_document("<C:1 Iron> binds <G:2 it> and <G:4 her2>.", relations=(Relation("Bind", "2", "1", "No", "2"),)),
    marked_document("<C:1 Iron> causes <D:3 pain>.", id="2"),
]
FAST = {"encoder_learning_rate": 0.01, "head_learning_rate": 0.01}


@pytest.fixture(scope="module")
def teachers(tmp_path_factory):
    """Two random checkpoints of a form, with different tokenizers and sizes; each pair is made once."""
    made: dict[str, list[str]] = {}

    def of_form(form: str) -> list[str]:
        if form not in made:
            folder = tmp_path_factory.mktemp(form)
            encoder = save_tiny_encoder(folder / "other", max_position_embeddings=100)
            torch.manual_seed(5)
            sizes = {**SETTINGS, "max_tokens": 90, "soft_prompt_tokens": 4}
            model, tokenizer = model_from_encoder(encoder, pair_encoding=form, **sizes)
            model.save_pretrained(folder / "second")
            tokenizer.save_pretrained(folder / "second")
            made[form] = [str(save_checkpoint(folder, pair_encoding=form)), str(folder / "second")]
        return made[form]

    return of_form


@pytest.fixture
def accelerator() -> Accelerator:
    AcceleratorState._reset_state(reset_partial_state=True)
    return Accelerator(cpu=True)


@pytest.fixture
def settings(tmp_path):
    return lambda **changes: TrainingSettings(
        **{"train": ["a"], "encoder": "bert", "output_dir": str(tmp_path / "run"), **changes}
    )


@pytest.fixture
def short_run(tmp_path, teachers):
    """Runs epochs of four documents in the document form, and gives the folder of the run."""
    save_encoder(tmp_path / "encoder", positions=512)
    files = {"train": written(tmp_path / "train.pubtator", range(1, 5)), "encoder": tmp_path / "encoder"}
    files["dev"] = written(tmp_path / "dev.pubtator", [8])

    def run(name: str, **changes) -> Path:
        sizes = {"pair_encoding": "document", "num_train_epochs": 2, "tokens_per_step": 256}
        run_training(**{**files, **sizes, **FAST, "output_dir": tmp_path / name, **changes})
        return tmp_path / name

    return run


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def are_equal(one: Path, other: Path) -> bool:
    found, expected = weights_of(one), weights_of(other)
    return set(found) == set(expected) and all(torch.equal(found[name], expected[name]) for name in found)


@torch.no_grad()
def scores_by_hand(folders, document, pair) -> dict[str, list[float]]:
    """Task -> sigmoid of the mean of the teachers' logits of a pair, which each of them scores by itself."""
    logits: dict[str, list] = {}
    for folder in folders:
        extract = load_pipeline(folder, "cpu")
        processor = make_processor(extract.tokenizer, extract.model.config)
        output = extract.model(**processor.collate([*processor.features(processor.tokenize(document), [pair])]))
        for task in extract.model.config.tasks:
            logits.setdefault(task, []).append(output[f"{task}_logits"][0])
    return {task: torch.stack(values).mean(dim=0).sigmoid().tolist() for task, values in logits.items()}


# What the targets are.


@pytest.mark.parametrize("form", PAIR_ENCODINGS)
def test_targets_are_mixed_with_the_mean_of_two_teachers_in_both_orders(form, teachers, settings, accelerator):
    model, processor = model_and_processor(pair_encoding=form)
    labelled = [*labelled_pairs(DOCUMENTS, processor, model.config.labels, with_swapped=True)]
    given = settings(teachers=teachers(form), teaching_weight=0.25)
    found = teaching.taught(labelled, given, accelerator)
    assert [each.features for each in found] == [each.features for each in labelled]
    sides = [(old, new) for old, new in zip(labelled, found, strict=True)]
    checked = 0
    for old, new in [*sides, *((old.swapped, new.swapped) for old, new in sides)]:
        for scored, gold, target in zip(old.features.pairs, old.targets, new.targets, strict=True):
            expected = scores_by_hand(given.teachers, old.document, scored.pair)
            for task, values in expected.items():
                mean = [0.75 * one + 0.25 * other for one, other in zip(gold[task], values, strict=True)]
                assert target[task] == pytest.approx(mean, abs=1e-5)
            checked += 1
    assert checked == 2 * sum(len(each.targets) for each in labelled) == 8


def test_label_that_is_not_annotated_gets_the_target_of_the_teachers(teachers, settings, accelerator):
    model, processor = model_and_processor()
    (labelled,) = labelled_pairs(DOCUMENTS[:1], processor, model.config.labels)
    hidden = [{**each, "novelty": [-1.0] * 3, "relation": [-1.0, *each["relation"][1:]]} for each in labelled.targets]
    labelled = replace(labelled, targets=tuple(hidden))
    given = settings(teachers=teachers("document"), teaching_weight=0.0)
    (found,) = teaching.taught([labelled], given, accelerator)
    for scored, gold, target in zip(labelled.features.pairs, labelled.targets, found.targets, strict=True):
        expected = scores_by_hand(given.teachers, labelled.document, scored.pair)
        assert target["novelty"] == pytest.approx(expected["novelty"], abs=1e-5)
        assert target["relation"] == [pytest.approx(expected["relation"][0], abs=1e-5), *gold["relation"][1:]]
        assert target["direction"] == gold["direction"]


def test_pair_is_related_where_a_target_is_above_one_half():
    targets = [[0.9, 0.5, 0.1], [0.9, 0.1, 0.51], [1.0, 0.0, -1.0], [0.0, 1.0, 0.0]]
    pairs = LabelledPairs(None, tuple({"relation": each} for each in targets))
    assert pairs.related == (False, True, False, True)


def test_at_one_half_gold_labels_decide_what_is_related(teachers, settings, accelerator, monkeypatch):
    model, processor = model_and_processor()
    labelled = [*labelled_pairs(DOCUMENTS, processor, model.config.labels)]
    rows, columns = sum(len(each.targets) for each in labelled), sum(map(len, model.config.labels.values()))
    for certain in (-1000.0, 1000.0):
        table = torch.full((rows, columns), certain).numpy()
        monkeypatch.setattr(teaching, "teacher_logits", lambda *given, table=table: table)
        given = settings(teachers=teachers("document")[:1], output_dir=settings().output_dir + str(certain))
        found = teaching.taught(labelled, given, accelerator)
        assert [each.related for each in found] == [each.related for each in labelled]
        as_float32 = torch.tensor([each["relation"][1:] for pairs in found for each in pairs.targets])
        assert (as_float32 > 0.5).any(dim=-1).tolist() == [flag for each in labelled for flag in each.related]


# Unlabelled documents.


def unlabelled(settings, path, labelled=(), log=print, **changes):
    model, processor = model_and_processor()
    given = settings(unlabelled=[str(path)], teachers=["t"], **changes)
    return teaching.unlabelled_pairs(labelled, processor, model.config, given, log, reading_policy(given))


def test_all_pairs_of_unlabelled_documents_have_no_label_and_no_relation(settings, tmp_path):
    found = unlabelled(settings, written(tmp_path / "u.pubtator", range(3)), swap_augmentation=0.5)
    assert [each.document_id for each in found] == ["0", "1", "2"]
    assert {value for each in found for pair in each.targets for values in pair.values() for value in values} == {-1.0}
    assert [len(each.targets) for each in found] == [len(each.swapped.targets) for each in found] == [3, 3, 3]
    assert not any(each.document.relations for each in found)
    assert epoch_pairs(found, 3.0, seed=1) == []  # before the teachers have labelled them


def test_documents_that_are_held_out_or_labelled_are_not_learned_from(settings, tmp_path):
    path, dev = written(tmp_path / "u.pubtator", range(8)), written(tmp_path / "dev.pubtator", [1])
    other = DOCUMENT.replace(
        "Iron was given.", "Iron was given to all of the patients who had come to the ward because of pain."
    )
    test = written(tmp_path / "test.pubtator", [20], other)
    path.write_text(path.read_text() + other.format(id=21))
    lines: list[str] = []
    held = {"dev": str(dev), "exclude": [str(test)]}
    labelled = [LabelledPairs(None, (), document_id="2")]
    found = unlabelled(settings, path, labelled, lines.append, max_unlabelled_documents=4, **held)
    assert [each.document_id for each in found] == ["0", "3", "4", "5"]
    assert lines == [f"{path}: 3 documents left out, held out for evaluation or read before"]


def test_lines_that_say_what_they_annotate_are_learned_from_unless_their_article_is_held_out(settings, tmp_path):
    entities = [{"mention": "a", "start": 0, "end": 4, "type": CHEMICAL}, {"mention": "b", "start": 11, "end": 15}]
    entities[1]["type"] = DISEASE
    lines = [
        {"id": f"s{pmid}", "pmid": pmid, "unit": "sentence", "text": "Iron stops pain.", "entities": entities}
        for pmid in (1, 2)
    ]
    path, dev = tmp_path / "u.jsonl", written(tmp_path / "dev.pubtator", [1])
    path.write_text("\n".join(json.dumps({**line, "annotated_types": [CHEMICAL]}) for line in lines))
    (found,) = unlabelled(settings, path, dev=str(dev))
    assert (found.document_id, len(found.targets)) == ("s2", 1)


def test_file_without_mentions_names_the_command_that_finds_them(settings, tmp_path):
    (tmp_path / "u.jsonl").write_text('{"id": "1", "text": "Iron.", "entities": []}\n')
    with pytest.raises(
        SettingError, match=r"^.*u\.jsonl: no candidate pair in 1 document; .* `biodir predict FILE --r"
    ):
        unlabelled(settings, tmp_path / "u.jsonl")


def test_results_of_predict_are_learned_from(short_run, teachers, tmp_path, capsys):
    from biodir.cli import main

    (tmp_path / "text.txt").write_text("Aspirin stops pain.\nIron was given.\n")
    source = written(tmp_path / "u.pubtator", range(20, 23), DOCUMENT.replace("Aspirin", "Codeine"))
    out = tmp_path / "u.jsonl"
    named = teachers("document")
    assert main(["predict", str(source), "-o", str(out), "--return-entities", "--model", named[0]]) == 0
    plain = short_run("plain", teachers=named)
    capsys.readouterr()
    folder = short_run("with", teachers=named, unlabelled=out)
    printed = capsys.readouterr().out
    assert f"teacher {named[1]} (2 of 2): 21 pairs of 7 documents scored in " in printed
    assert f"{out}: " in printed
    assert " of 9 pairs are related with the teachers, 0 without" in printed
    assert not are_equal(plain, folder)


# Runs.


def test_weight_zero_is_training_without_teachers(short_run, teachers):
    plain, still = short_run("plain"), short_run("still", teachers=teachers("document"), teaching_weight=0)
    assert are_equal(plain, still)
    assert not are_equal(plain, short_run("taught", teachers=teachers("document")))


def test_record_names_the_teachers_and_their_weights(short_run, teachers):
    named = teachers("document")
    log = log_of(short_run("run", teachers=named))
    assert log["settings"]["teachers"] == named
    assert {f"{folder}/{name}" for folder in named for name in ("model.safetensors", "tokenizer.json")} <= set(
        log["data"]
    )


@pytest.mark.parametrize("stopped", ["before the first step", "after an epoch"])
def test_resumed_run_reads_the_soft_targets_that_are_kept(short_run, teachers, monkeypatch, stopped):
    changes = {"teachers": teachers("document"), "swap_consistency": 0.5}
    expected = short_run("uninterrupted", **changes)
    if stopped == "after an epoch":
        short_run("resumed", **changes, stop_after_epoch=1)
    else:
        with monkeypatch.context() as patched:
            patched.setattr("train.train", lambda *given: False)  # as one that a signal stopped
            short_run("resumed", **changes)
    monkeypatch.setattr(teaching, "teacher_logits", lambda *given: pytest.fail("computed again"))
    found = short_run("resumed", **changes, resume_from_checkpoint=True)
    assert are_equal(found, expected)
    assert log_of(found)["epochs"][0]["step_losses"] == log_of(expected)["epochs"][0]["step_losses"]


def test_other_teachers_or_pairs_are_noticed(teachers, settings, accelerator, capsys):
    model, processor = model_and_processor()
    first, second = ([*labelled_pairs([each], processor, model.config.labels)] for each in DOCUMENTS)
    one, other = teachers("document")
    teaching.taught(first, settings(teachers=[one]), accelerator)
    kept = Path(settings().output_dir) / teaching.KEPT
    before = load_file(kept)
    assert "again" not in capsys.readouterr().out
    for labelled, named, differing in ((first, other, "other teachers"), (second, other, "other pairs")):
        teaching.taught(labelled, settings(teachers=[named]), accelerator)
        assert f"{kept}: holds soft targets of {differing}; they are computed again" in capsys.readouterr().out
    assert load_file(kept)["relation"].shape != before["relation"].shape
    kept.write_bytes(kept.read_bytes()[:-1])
    teaching.taught(second, settings(teachers=[other]), accelerator)
    assert "damaged (" in capsys.readouterr().out
    (kept.parent / "step-00000002").mkdir()
    with pytest.raises(
        SettingError,
        match="has learned from soft targets of other teachers and other pairs; give the old teachers, data",
    ):
        teaching.taught(first, settings(teachers=[one]), accelerator)


def test_two_processes_learn_the_same_as_one(short_run, teachers, tmp_path):
    named = teachers("document")
    one = short_run("one", teachers=named, classifier_dropout=0, encoder_settings=NO_DROPOUT)
    found = log_of(one)["settings"]
    names = ("train", "dev", "encoder", "teachers", "pair_encoding", "num_train_epochs", "tokens_per_step")
    same = {name: found[name] for name in (*names, *FAST, "classifier_dropout", "encoder_settings")}
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    arguments = options(**same, output_dir=tmp_path / "two")
    process = start_training(*arguments, launcher=launcher, ACCELERATE_USE_CPU="true")
    printed, _ = process.communicate(timeout=300)
    assert process.returncode == 0, printed
    tables = [load_file(folder / teaching.KEPT) for folder in (one, tmp_path / "two")]
    torch.testing.assert_close(tables[1], tables[0], rtol=0, atol=1e-5)
    losses = [
        [loss for epoch in log_of(folder)["epochs"] for loss in epoch["step_losses"]]
        for folder in (one, tmp_path / "two")
    ]
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)


# Teachers that do not fit.


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"pair_encoding": "pairwise"},
            "its pair_encoding: 'pairwise', but the run has 'document'; name a checkpoint of",
        ),
        ({"novelty_labels": []}, r"its novelty_labels: \[\], but the run has \['None', 'Novel', 'No'\]"),
        (
            {"relation_loss": "adaptive_threshold"},
            "learned by adaptive_threshold, so that labels have no",
        ),
    ],
)
def test_teacher_that_does_not_fit_is_named(settings, tmp_path, changes, message):
    teacher = save_checkpoint(tmp_path, **{"pair_encoding": "document", **changes})
    with pytest.raises(SettingError, match=f"^teacher {teacher}: {message}"):
        teaching.check_teachers(settings(teachers=[str(teacher)]), model_and_processor()[0].config)


def test_run_with_a_teacher_that_is_missing_deletes_nothing(short_run, tmp_path):
    folder = short_run("run")
    with pytest.raises(CheckpointError, match="none: there is no such folder"):
        short_run("run", teachers=tmp_path / "none", overwrite_output_dir=True)
    assert weights_of(folder)
