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
    model = save_checkpoint(tmp_path, pair_encoding="document", tagger_labels=bio_labels(ENTITY_TYPES), tagger_layers=1)
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
    assert f'extract("{facts.examples[0]["document"]["text"]}")' in found
    assert "`return_entities`" in found
    assert "the text must have marked entities" not in found
    if not facts.config.get("tagger_labels"):
        assert "`return_entities`" not in before


def test_every_measured_number_moves_table_and_metadata(writer, checkout, capsys):
    places = [*LEVELS, "mentions", *(f"end_to_end__{level}" for level in LEVELS)]
    figures = [f"{place}__{name}" for place in places for name in FIGURES]
    values = {figure: 0.95005 + number / 1000 for number, figure in enumerate(figures)}
    change(checkout / "results" / "test.json", **values)
    capsys.readouterr()
    assert writer.main(["--check"], checkout) == 1
    added = "".join(line for line in capsys.readouterr().out.splitlines(keepends=True) if line.startswith("+"))
    for value in values.values():
        assert f"{100 * value:.2f} |" in added
        assert f"value: {round(value, 4)}" in added


def test_other_figures_of_plain_texts_move_the_tables(writer, checkout, capsys):
    results = checkout / "results"
    change(results / "dev_mentions.json", mentions__f1=0.12344, mentions__by_type__CellLine__f1=0.23454)
    change(results / "test.json", mentions__by_type__CellLine__recall=0.34565, end_to_end__entities__found=4567)
    change(results / "test.json", end_to_end__intervals__all__f1=[0.4567, 0.5678], end_to_end__share_of_f1__all=0.6789)
    grouping = json.loads((results / "grouping.json").read_text())
    grouping["bioredirect_test.pubtator"]["rules"]["all types"] |= {"found": 78.94, "wrong": 8.94}
    (results / "grouping.json").write_text(json.dumps(grouping))
    capsys.readouterr()
    assert writer.main(["--check"], checkout) == 1
    added = "".join(line for line in capsys.readouterr().out.splitlines(keepends=True) if line.startswith("+"))
    for text in ("| 12.34 |", "| 23.45 |", "| 34.5", "4,567", "| 45.67 to 56.78 |", "| 67.9 |", "78.9 %", "8.94 %"):
        assert text in added


@pytest.mark.parametrize(("name", "part"), [("test", "mentions"), ("test", "end_to_end"), ("dev_mentions", "mentions")])
def test_results_without_scores_of_plain_texts_are_refused(checkout, name, part):
    change(checkout / "results" / f"{name}.json", **{part: None})
    with pytest.raises(PublishError, match=rf"{name}\.json: has no {part}; measure a checkpoint with a tagger"):
        read_facts(checkout)


def test_examples_without_what_is_in_the_plain_text_are_refused(checkout):
    examples = json.loads((checkout / "results" / "examples.json").read_text())
    del examples[0]["plain"]
    (checkout / "results" / "examples.json").write_text(json.dumps(examples))
    with pytest.raises(PublishError, match=r"examples\.json: lacks what plain texts have; measure again"):
        read_facts(checkout)


def test_other_counts_of_unrelated_pairs_move_the_card(writer, checkout, capsys):
    path = checkout / "results" / "negation.json"
    change(path, false_positives__share=0.12344, by_kind__negation__share=0.23454, control__found=13)
    report = json.loads(path.read_text())
    report["tried"][1] |= {"none_bias": 7.25}
    report["by_pair_type"]["GeneOrGeneProduct-GeneOrGeneProduct"]["interval"] = [0.3456, 0.4567]
    path.write_text(json.dumps(report))
    capsys.readouterr()
    assert writer.main(["--check"], checkout) == 1
    added = "".join(line for line in capsys.readouterr().out.splitlines(keepends=True) if line.startswith("+"))
    for text in ("12.3 %", "23.5 %", "13 of", "| 7.25 |", "34.6 to 45.7"):
        assert text in added


def test_dev_scores_of_a_checkpoint_that_was_trained_on_dev_are_refused(writer, checkout, capsys):
    change(checkout / "results" / "measured.json", dev={"model_sha256": fingerprint(checkout)})
    assert writer.main([], checkout) == 1
    assert "measured.json: dev was scored by the shipped checkpoint, not by one that was not" in capsys.readouterr().err
    change(checkout / "results" / "training.json", final_documents=400)
    assert writer.main([], checkout) == 0
    change(checkout / "results" / "measured.json", dev={})
    assert writer.main([], checkout) == 1


@pytest.fixture
def measured(checkout, tmp_path) -> dict[str, Path]:
    """What a measurement of the small checkout needs: gold documents and the run that dev chose."""
    (checkout / "samples").mkdir()
    for name in ("examples.jsonl", "negation.jsonl"):
        shutil.copy(CHECKOUT / "samples" / name, checkout / "samples")
    dev_model = tmp_path / "dev_model"
    shutil.copytree(checkout, dev_model)
    with open(dev_model / "tokenizer.json", "a") as file:
        file.write("\n")
    return {"gold": written(tmp_path / "gold.pubtator", [1, 2]), "dev_model": dev_model}


def contents(checkout: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (checkout / "results").iterdir()}


def test_measuring_writes_everything_or_nothing(writer, checkout, measured, tmp_path):
    gold, dev_model = measured["gold"], measured["dev_model"]
    before = contents(checkout)
    arguments = ["--measure", str(gold), str(tmp_path / "missing.pubtator"), "--dev-model", str(dev_model)]
    assert writer.main(arguments, checkout) == 1
    assert contents(checkout) == before
    measure(checkout, gold, gold, dev_model)
    found = {name: json.loads(content) for name, content in contents(checkout).items()}
    record = found["measured.json"]
    assert record["sha256"] == fingerprint(checkout)
    assert record["dev"] == {"gold_sha256": file_sha256(gold), "model_sha256": fingerprint(dev_model)}
    assert record["test"] == record["dev_mentions"] == {"gold_sha256": file_sha256(gold)}
    assert found["test.json"]["documents"] == found["dev_mentions.json"]["documents"] == 2
    assert found["dev_mentions.json"]["mentions"] == found["test.json"]["mentions"]
    assert "end_to_end" not in found["dev_mentions.json"]
    assert all(example["plain"]["entities"] for example in found["examples.json"])
    negation = found["negation.json"]  # the tiny checkpoint relates every pair
    assert [negation[name]["found"] for name in ("false_positives", "control", "separated")] == [60, 20, 0]


def test_dev_scores_stay_as_long_as_the_relations_do(checkout, measured):
    gold = measured["gold"]
    measure(checkout, gold, gold, measured["dev_model"])
    before = contents(checkout)
    measure(checkout, gold, gold)
    assert contents(checkout) == before
    change(checkout / "results" / "test.json", relation_type__tp=7)
    before = contents(checkout)
    with pytest.raises(PublishError, match=r"so score the run that dev chose, too: --dev-model RUN; or, .* --keep-dev"):
        measure(checkout, gold, gold)
    with pytest.raises(PublishError, match="--keep-dev keeps the scores there; give one"):
        measure(checkout, gold, gold, measured["dev_model"], keep_dev=True)
    assert contents(checkout) == before
    measure(checkout, gold, gold, keep_dev=True)
    after = contents(checkout)
    assert {name for name in after if after[name] != before[name]} == {"test.json"}


@pytest.mark.parametrize("arguments", [["--dev-model", "run"], ["--keep-dev"]])
def test_dev_model_and_kept_scores_belong_to_measure(writer, checkout, capsys, arguments):
    with pytest.raises(SystemExit):
        writer.main(arguments, checkout)
    assert "--dev-model and --keep-dev belong to --measure; give DEV and TEST" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name", ["test", "dev", "dev_mentions", "grouping", "negation", "examples", "training", "measured"]
)
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
        for part, known in ((seen, recorded), (seen["plain"], recorded["plain"])):
            assert [strip(each) for each in part["relations"]] == [strip(each) for each in known["relations"]]
            scores = [each["score"] for each in part["relations"]]
            assert scores == pytest.approx([each["score"] for each in known["relations"]], abs=0.01)
        assert [strip(each) for each in seen["plain"]["entities"]] == [
            strip(each) for each in recorded["plain"]["entities"]
        ]


def strip(found: dict) -> dict:
    """Return a relation or an entity without its scores, in which machines differ a little."""
    return {key: value for key, value in found.items() if not key.endswith("score")}
