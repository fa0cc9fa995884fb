"""Files of questions as data: trials, folders, sizes, mistakes."""

import pytest

from biodir.errors_biodir import SettingError
from experiments.plan import SIZES, read_question
from experiments.run import CHECKOUT
from helpers.experiment_programs import QUESTION, written

FILES = sorted((CHECKOUT / "experiments").glob("*.yaml"))
SMALL = """
small:
  settings: {max_documents: 1, max_dev_documents: 5}
  seeds: [4]
  test: $DATA/test.pubtator
"""


@pytest.fixture
def question_file(tmp_path):
    """Write a question, with more lines after those that all tests share."""

    def write(more: str = "", name: str = "prompts.yaml"):
        return written(tmp_path / name, QUESTION + more)

    return write


def test_trials_come_seed_by_seed_with_the_settings_of_their_variant(question_file):
    trials = read_question(question_file()).trials("encoder")
    assert [(trial.variant, trial.seed) for trial in trials] == [("none", 1), ("eight", 1), ("none", 2), ("eight", 2)]
    assert trials[2].settings == {
        "train": ["$DATA/train.pubtator"],
        "dev": "$DATA/dev.pubtator",
        "max_documents": 2,
        "soft_prompt_tokens": 0,
        "seed": 2,
        "encoder": "encoder",
    }


def test_equal_settings_of_two_questions_have_one_folder(question_file, tmp_path):
    first = read_question(question_file()).trials("encoder")[1]
    other = written(tmp_path / "b.yaml", QUESTION.replace("  eight:", "  best:").replace("  none:", "  no:"))
    assert read_question(other).trials("encoder")[1].folder == first.folder


def test_combination_has_a_trial_of_each_seed_after_its_parts(question_file):
    question = read_question(question_file("combinations: {joined: {relation: none, novelty: eight}}\n"))
    trials = question.trials("encoder", only=["joined"])
    assert [trial.variant for trial in trials] == ["none", "eight", "joined"] * 2
    assert trials[2].parts == {"relation": trials[0], "novelty": trials[1]}
    assert len({trial.folder for trial in trials}) == 6


def test_file_overrides_what_it_extends_at_both_sizes(question_file, tmp_path):
    question_file(SMALL + "prepare: [{makes: [$RUNS/a], command: make a}]\n", "base.yaml")
    small = "{settings: {max_dev_documents: 6}, prepare: [{makes: [$RUNS/b], command: make b}]}"
    path = written(tmp_path / "child.yaml", f"extends: base.yaml\nsettings: {{max_documents: 9}}\nsmall: {small}\n")
    small, paper = read_question(path, "small"), read_question(path)
    assert (small.settings["max_documents"], small.settings["max_dev_documents"]) == (1, 6)
    assert (paper.settings["max_documents"], paper.settings["soft_prompt_tokens"]) == (9, 8)
    assert [each["command"] for each in small.prepare] == ["make a", "make b"]
    assert [each["command"] for each in paper.prepare] == ["make a"]


def test_changes_cannot_override_what_the_variants_compare(question_file):
    with pytest.raises(SettingError, match="the variants differ in soft_prompt_tokens"):
        read_question(question_file(), changes={"soft_prompt_tokens": 4})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seeds: [1, 2]", "", r"seeds"),
        ("seeds: [1, 2]", "seeds: [1]\nsedes: [1]", "sedes"),
        ("entity_pair, relation_type]", "f1]", "report.*f1"),
        (
            "soft_prompt_tokens: 8}\nvar",
            "soft_prompt_token: 8}\nvar",
            "'soft_prompt_token' is not an option of train.py",
        ),
        ("  none: {soft_prompt_tokens: 0}", "  none: 3", "variants.*3"),
        ("seeds: [1, 2]", "seeds: [1]\ncombinations: {a: {novelty: none}}", "combination 'a' is .*, with relation"),
        ("question", ": [", "is no YAML"),
    ],
)
def test_mistakes_in_a_file_are_named(tmp_path, old, new, message):
    assert old in QUESTION
    with pytest.raises(SettingError, match=rf"x\.yaml: .*{message}"):
        read_question(written(tmp_path / "x.yaml", QUESTION.replace(old, new)))


# The files of the project.


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_of_the_project_are_questions(path, size):
    question = read_question(path, size)
    trials = question.trials("encoder")
    assert len({trial.folder for trial in trials}) == len(trials) > 1
    assert len(trials) == (len(question.variants) + len(question.combinations)) * len(question.seeds)
    assert all(gold.startswith(("$DATA/", "$RUNS/")) for gold in (question.settings["dev"], question.test))
