"""README.md and docs/evaluation.md have the numbers of the measured files of results/."""

import json

import pytest
from transformers import AutoTokenizer

from biodir.configuration_biodir import BioDirConfig
from biodir.formats.pubtator_reader import read_pubtator
from biodir.processing_tagger_biodir import TaggerProcessor
from biodir.processing_tokens_biodir import ProcessingSettings
from biodir.publishing.card import LEVEL_NAMES
from helpers.checkout import CHECKOUT

README, EVALUATION = (
    " ".join((CHECKOUT / name).read_text(encoding="utf-8").split()) for name in ("README.md", "docs/evaluation.md")
)


def report(name: str) -> dict:
    return json.loads((CHECKOUT / "results" / name).read_text(encoding="utf-8"))


def percent(share: float) -> str:
    return f"{100 * share:.2f}"


def figures(found: dict, level: str) -> str:
    """The cells of a table: precision, recall, F1 and its interval."""
    low, high = found["intervals"][level]["f1"]
    scores = [percent(found[level][name]) for name in ("precision", "recall", "f1")]
    return " | ".join([*scores, f"{percent(low)} to {percent(high)}"])


def test_evaluation_page_has_the_bc5cdr_scores_of_results():
    found = report("bc5cdr_dev.json")
    scores = found["relation_type"]
    low, high = found["intervals"]["relation_type"]["f1"]
    assert found["documents"] == 500
    assert (
        f"has F1 {percent(scores['f1'])} on the 500 of dev (95 %: {percent(low)} to {percent(high)}; "
        f"P {percent(scores['precision'])}, R {percent(scores['recall'])})"
    ) in EVALUATION


@pytest.mark.parametrize(("level", "name"), LEVEL_NAMES.items())
def test_readme_has_the_bioredirect_scores_of_results(level, name):
    assert f"| {name} | {figures(report('dev.json'), level)} | {figures(report('test.json'), level)} |" in README


@pytest.mark.corpus
@pytest.mark.parametrize("split", ["dev", "test"])
def test_training_facts_have_the_mentions_that_begin_or_end_in_a_word_of_the_tagger(split, data_dir):
    config = BioDirConfig.from_pretrained(CHECKOUT)
    processor = TaggerProcessor(AutoTokenizer.from_pretrained(CHECKOUT), ProcessingSettings.from_config(config))
    cut = 0
    for document in read_pubtator(data_dir / "bioredirect" / f"bioredirect_{split}.pubtator"):
        starts, ends = (set(chars) for chars in zip(*processor.features(document).words, strict=True))
        spans = {(mention.start_char, mention.end_char, mention.entity_type) for mention in document.mentions}
        cut += sum(start not in starts or end not in ends for start, end, _ in spans)
    assert cut == report("training.json")["mentions_that_cut_words"][split]
