"""model_card.md and .eval_results/ agree with results/, and results/ with the shipped checkpoint."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from biodir.evaluation.scores import FIGURES
from biodir.files import file_sha256
from biodir.labels_biodir import ENTITY_TYPES, bio_labels
from biodir.publishing import card
from biodir.publishing.card_check import check_card, check_eval_results, metadata_of
from biodir.publishing.errors import PublishError
from biodir.publishing.facts import fingerprint, read_facts
from biodir.publishing.measuring import measure
from helpers.checkout import CHECKOUT
from helpers.script_module import script
from helpers.tiny_checkpoint import save_checkpoint
from helpers.training_runs import written

Limits = script("handler", ".").Limits
LEVELS = tuple(card.LEVEL_NAMES)


@pytest.fixture(scope="module")
def writer():
    return script("write_model_card")


@pytest.fixture(scope="module")
def facts():
    return read_facts(CHECKOUT)


@pytest.fixture
def checkout(tmp_path, writer) -> Path:
    """A small checkout: the real results, as if measured with a tiny checkpoint, and the files written from them."""
    model = save_checkpoint(tmp_path, pair_encoding="document")
    shutil.copytree(CHECKOUT / "results", model / "results")
    shutil.copy(CHECKOUT / "handler.py", model)
    change(model / "results" / "measured.json", sha256=fingerprint(model))
    change(model / "results" / "measured.json", dev={"model_sha256": {"model.safetensors": "another"}})
    assert writer.main([], model) == 0
    return model


def change(path: Path, **values) -> None:
    """Put values into a JSON file; a name such as a__b means b in a."""
    content = json.loads(path.read_text())
    for name, value in values.items():
        *outer, last = name.split("__")
        place = content
        for key in outer:
            place = place[key]
        place[last] = value
    path.write_text(json.dumps(content))


def test_card_and_evaluation_results_are_what_the_script_writes(writer, capsys):
    status = writer.main(["--check"], CHECKOUT)
    assert capsys.readouterr().out == "", "run python scripts/write_model_card.py"
    assert status == 0


def test_card_and_results_are_in_the_form_of_the_hub():
    text = (CHECKOUT / "model_card.md").read_text()
    check_card(text, json.loads((CHECKOUT / "config.json").read_text()), "model_card.md")
    check_eval_results(CHECKOUT / ".eval_results" / "bioredirect.yaml")
    assert metadata_of(text, "card").get("pipeline_tag") is None


def test_card_of_a_model_with_a_tagger_begins_with_plain_text(facts):
    with_tagger = replace(facts, config={**facts.config, "tagger_labels": bio_labels(ENTITY_TYPES)})
    found, before = (card.card_text(each, Limits()) for each in (with_tagger, facts))
    assert 'extract("EGFR T790M causes resistance' in found
    assert "`return_entities`" in found
    assert "the text must have marked entities" not in found
    if not facts.config.get("tagger_labels"):
        assert "`return_entities`" not in before


def test_every_measured_number_moves_table_and_metadata(writer, checkout, capsys):
    figures = [(level, name) for level in LEVELS for name in FIGURES]
    values = {f"{level}__{name}": 0.98005 + number / 1000 for number, (level, name) in enumerate(figures)}
    change(checkout / "results" / "test.json", **values)
    capsys.readouterr()
    assert writer.main(["--check"], checkout) == 1
    added = "".join(line for line in capsys.readouterr().out.splitlines(keepends=True) if line.startswith("+"))
    for value in values.values():
        assert f"{100 * value:.2f} |" in added
        assert f"value: {round(value, 4)}" in added


def test_dev_scores_of_a_checkpoint_that_was_trained_on_dev_are_refused(writer, checkout, capsys):
    change(checkout / "results" / "measured.json", dev={"model_sha256": fingerprint(checkout)})
    assert writer.main([], checkout) == 1
    assert "measured.json: dev was scored by the shipped checkpoint, not by one that was not" in capsys.readouterr().err
    change(checkout / "results" / "training.json", final__documents=400)
    assert writer.main([], checkout) == 0
    change(checkout / "results" / "measured.json", dev={})
    assert writer.main([], checkout) == 1


def test_measuring_writes_everything_or_nothing(writer, checkout, tmp_path, capsys):
    (checkout / "samples").mkdir()
    shutil.copy(CHECKOUT / "samples" / "examples.jsonl", checkout / "samples")
    gold = written(tmp_path / "gold.pubtator", [1, 2])
    dev_model = tmp_path / "dev_model"
    shutil.copytree(checkout, dev_model)
    with open(dev_model / "tokenizer.json", "a") as file:
        file.write("\n")
    before = {path.name: path.read_bytes() for path in (checkout / "results").iterdir()}
    arguments = ["--measure", str(gold), str(tmp_path / "missing.pubtator"), "--dev-model", str(dev_model)]
    assert writer.main(arguments, checkout) == 1
    assert {path.name: path.read_bytes() for path in (checkout / "results").iterdir()} == before
    measure(checkout, gold, gold, dev_model)
    measured = json.loads((checkout / "results" / "measured.json").read_text())
    assert measured["sha256"] == fingerprint(checkout)
    assert measured["dev"] == {"gold_sha256": file_sha256(gold), "model_sha256": fingerprint(dev_model)}
    assert measured["test"] == {"gold_sha256": file_sha256(gold)}
    assert json.loads((checkout / "results" / "test.json").read_text())["documents"] == 2


@pytest.mark.parametrize("name", ["test", "dev", "examples", "training", "measured"])
def test_missing_or_broken_facts_are_named(checkout, name):
    path = checkout / "results" / f"{name}.json"
    path.write_text("{")
    with pytest.raises(PublishError, match=rf"{name}\.json: is not JSON"):
        read_facts(checkout)
    path.unlink()
    with pytest.raises(PublishError, match=rf"{name}\.json: there is no such file"):
        read_facts(checkout)


@pytest.mark.slow
def test_examples_are_what_the_shipped_checkpoint_finds(facts):
    from biodir.publishing.measuring import measured_examples

    found = measured_examples(CHECKOUT)
    assert [example["document"] for example in found] == [example["document"] for example in facts.examples]
    for seen, recorded in zip(found, facts.examples, strict=True):
        assert [strip(each) for each in seen["relations"]] == [strip(each) for each in recorded["relations"]]
        scores = [each["score"] for each in seen["relations"]]
        assert scores == pytest.approx([each["score"] for each in recorded["relations"]], abs=0.01)


def strip(relation: dict) -> dict:
    """Return the relation without its scores, in which machines differ a little."""
    return {key: value for key, value in relation.items() if not key.endswith("score")}
