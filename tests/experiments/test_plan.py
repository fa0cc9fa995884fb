"""Files of experiments as data: runs, keys, commands, sizes."""

import os
import subprocess

import pytest
import yaml

from biodir.errors_biodir import SettingError
from experiments.places import CHECKOUT, Places, encoder_identity
from experiments.plan import changed_settings, read_experiment, shown_command, training_options
from helpers.experiment_programs import EXPERIMENT, written

FILES = sorted((CHECKOUT / "experiments").glob("*.yaml"))


@pytest.fixture
def experiment_file(tmp_path):
    """Writes an experiment, with more lines behind those that all tests share."""

    def write(more: str = "", name: str = "prompts.yaml"):
        return written(tmp_path / name, EXPERIMENT + more)

    return write


def test_runs_come_seed_by_seed_with_the_settings_of_their_variant(experiment_file):
    runs = read_experiment(experiment_file()).runs("encoder")
    assert [(run.variant, run.seed) for run in runs] == [("none", 1), ("eight", 1), ("none", 2), ("eight", 2)]
    assert runs[2].settings == {
        "train": ["$DATA/train.pubtator"],
        "dev": "$DATA/dev.pubtator",
        "epochs": 2,
        "soft_prompt_tokens": 0,
        "seed": 2,
    }


def test_options_are_those_of_the_settings_with_placeholders(tmp_path):
    content = yaml.safe_load(EXPERIMENT)
    content["settings"] |= {
        "exclude": [],
        "overwrite": True,
        "resume": False,
        "patience": None,
        "chunks": ["prefix", "infix"],
    }
    path = written(tmp_path / "x.yaml", yaml.safe_dump(content, sort_keys=False))
    run = read_experiment(path).runs("encoder")[0]
    assert training_options(run) == [
        *("--train", "$DATA/train.pubtator", "--dev", "$DATA/dev.pubtator", "--epochs", "2"),
        *("--soft-prompt-tokens", "0", "--overwrite", "--chunks", "prefix", "infix", "--seed", "1"),
        *("--encoder", "$ENCODER", "--output", f"$RUNS/{run.key}/model"),
    ]


def test_shown_command_leaves_variables_to_the_shell():
    assert shown_command(["python", "$RUNS/a b", "x y", "3"]) == "python \"$RUNS/a b\" 'x y' 3"
    assert shown_command(["relation=$RUNS/a", "$RUNSAWAY"]) == "\"relation=$RUNS/a\" '$RUNSAWAY'"


@pytest.mark.parametrize("argument", ["relation=$RUNS/a/model", "$DATA/a b", 'a `b` "c" \\ $d $RUNS', "it's $ENCODER."])
def test_shell_makes_of_a_shown_argument_what_the_runner_does(tmp_path, argument):
    places = Places(tmp_path / "the data", "org/encoder", tmp_path / "runs")
    variables = {name.removeprefix("$"): value for name, value in places.variables.items()}
    command = ["bash", "-c", shown_command(["printf", "%s", argument])]
    printed = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, check=True)
    assert printed.stdout == places.expanded(argument)


@pytest.mark.parametrize("change", ["epochs: 3", "dev: $DATA/other.pubtator"])
def test_other_setting_makes_another_run(experiment_file, change):
    before = read_experiment(experiment_file()).runs("encoder")[0]
    name, value = change.split(": ")
    after = read_experiment(experiment_file(), changes={name: value}).runs("encoder")[0]
    assert before.key != after.key


def test_other_seed_and_other_encoder_make_other_runs(experiment_file):
    experiment = read_experiment(experiment_file())
    runs = [*experiment.runs("encoder"), *experiment.runs("another")]
    assert len({run.key for run in runs}) == len(runs) == 8


def test_equal_settings_of_two_experiments_are_one_run(experiment_file):
    first = read_experiment(experiment_file()).runs("encoder")[1]
    other = written(
        experiment_file().parent / "b.yaml", EXPERIMENT.replace("  eight:", "  best:").replace("  none:", "  no:")
    )
    assert read_experiment(other).runs("encoder")[1].key == first.key


def test_only_and_seeds_choose_runs(experiment_file):
    runs = read_experiment(experiment_file()).runs("encoder", seeds=[7], only=["eight"])
    assert [run.name for run in runs] == ["eight, seed 7"]


def test_unknown_variant_is_refused_with_those_that_exist(experiment_file):
    with pytest.raises(SettingError, match="no variant 'nine'; choose any of none, eight"):
        read_experiment(experiment_file()).runs("encoder", only=["nine"])


SMALL = """
small:
  settings: {epochs: 1, max_documents: 5}
  seeds: [4]
  test: $DATA/test.pubtator
"""


def test_small_size_overrides_and_paper_size_does_not(experiment_file):
    path = experiment_file(SMALL)
    small, paper = read_experiment(path, "small"), read_experiment(path, "paper")
    assert (small.settings["epochs"], small.settings["max_documents"], small.seeds) == (1, 5, (4,))
    assert small.gold_files == {"dev": "$DATA/dev.pubtator", "test": "$DATA/test.pubtator"}
    assert (paper.settings["epochs"], paper.seeds) == (2, (1, 2))
    assert "max_documents" not in paper.settings
    assert paper.gold_files == {"dev": "$DATA/dev.pubtator"}


def test_small_size_can_have_variants_of_its_own(experiment_file):
    path = experiment_file("small: {variants: {four: {soft_prompt_tokens: 4}}}\n")
    assert list(read_experiment(path, "small").variants) == ["four"]


def test_file_wins_over_what_it_extends_at_both_sizes(experiment_file):
    base = "prepare: [{makes: [$RUNS/a], command: make a}]\n"
    experiment_file(SMALL + base, "base.yaml")
    more = (
        "settings: {epochs: 9}\nsmall: {settings: {max_documents: 6}, prepare: [{makes: [$RUNS/b], command: make b}]}"
    )
    path = written(experiment_file().parent / "child.yaml", f"extends: base.yaml\n{more}\n")
    small, paper = read_experiment(path, "small"), read_experiment(path)
    assert (small.settings["epochs"], small.settings["max_documents"]) == (1, 6)
    assert (paper.settings["epochs"], paper.settings["soft_prompt_tokens"]) == (9, 8)
    assert [each.command for each in small.preparations] == ["make a", "make b"]
    assert [each.command for each in paper.preparations] == ["make a"]


def test_set_reads_values_as_yaml():
    found = changed_settings(["epochs=2", "chunks=[prefix, infix]", "mixed-precision=bf16"])
    assert found == {"epochs": 2, "chunks": ["prefix", "infix"], "mixed_precision": "bf16"}


def test_set_wins_over_the_small_size(experiment_file):
    assert read_experiment(experiment_file(SMALL), "small", {"epochs": 6}).settings["epochs"] == 6


def test_set_cannot_undo_what_the_variants_compare(experiment_file):
    with pytest.raises(SettingError, match="soft_prompt_tokens is what the variants differ in"):
        read_experiment(experiment_file(), changes={"soft_prompt_tokens": 4})


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("sedes: [1]\n", "unknown key 'sedes'; did you mean seeds?"),
        ("small: {sead: 1}\n", "small: unknown key 'sead'"),
        ("prepare: [{command: x}]\n", "write `makes`"),
        ("combinations: {both: {novelty: none}}\n", "name a variant for `relation`"),
        ("combinations: {both: {relation: ten}}\n", "combination 'both'"),
        ("combinations: {both: none}\n", "combination 'both' is 'none'; write {task: variant}"),
        ("combinations: {both: {relation: [none]}}\n", "combination 'both' is .*; write {task: variant}"),
        ("combinations: [both]\n", "combinations is \\['both'\\]; write one `name: value` a line"),
        ("small: [seeds]\n", "small is \\['seeds'\\]; write one `name: value`"),
        ("small: {seeds: 1}\n", "yaml: small: seeds is 1; write a list"),
        ("small: {variants: {a: 3}}\n", "yaml: small: variant 'a' is 3; write {option: value}"),
        ("small: {settings: {epochs: {a: 1}}}\n", "yaml: small: settings: epochs is {'a': 1}; write a plain value"),
        ("small: {settings: {1: 2}}\n", "yaml: small: settings: 1 is no option of train.py"),
        ("model_options: --backend\n", "model_options is '--backend'; write a list"),
        ("prepare: [{makes: $RUNS/a, command: make a}]\n", "write `makes` \\(a list of files"),
        ("prepare: [{makes: [$RUNS/a], command: make 'a}]\n", "is no line of shell \\(No closing quotation"),
        ("test: [$DATA/a]\n", "test is \\['\\$DATA/a'\\]; write it as text"),
        ("extends: 3\n", "extends is 3; write it as text"),
    ],
)
def test_mistakes_in_a_file_are_named(experiment_file, more, message):
    with pytest.raises(SettingError, match=message):
        read_experiment(experiment_file(more))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seeds: [1, 2]", "", "has no 'seeds'"),
        ("seeds: [1, 2]", "seeds: [one]", "seeds hold 'one'; write whole numbers"),
        ("seeds: [1, 2]", "seeds: [true]", "seeds hold True; write whole numbers"),
        ("seeds: [1, 2]", "seeds: 1", "seeds is 1; write a list"),
        ("entity_pair, relation_type]", "f1]", "report names 'f1'"),
        ("entity_pair, relation_type]", "[f1]]", "report is .*; write a list of plain values"),
        (
            "  none: {soft_prompt_tokens: 0}\n  eight: {soft_prompt_tokens: 8}",
            "  [a]",
            "variants is \\['a'\\]; write one",
        ),
        ("dev: $DATA/dev.pubtator, ", "", "settings have no 'dev'"),
        ("question", ": [", "is no YAML"),
    ],
)
def test_mistakes_in_the_shared_part_are_named(tmp_path, old, new, message):
    with pytest.raises(SettingError, match=message):
        read_experiment(written(tmp_path / "x.yaml", EXPERIMENT.replace(old, new)))


def test_file_that_is_not_utf_8_is_named(tmp_path):
    (tmp_path / "x.yaml").write_bytes(EXPERIMENT.replace("vectors", "V\u00e9ctors").encode("latin-1"))
    with pytest.raises(SettingError, match=r"x\.yaml: is no YAML \(.*utf-8"):
        read_experiment(tmp_path / "x.yaml")


def test_files_that_extend_each_other_in_a_circle_are_named(tmp_path):
    written(tmp_path / "a.yaml", "extends: b.yaml")
    written(tmp_path / "b.yaml", "extends: ../" + tmp_path.name + "/a.yaml")
    with pytest.raises(SettingError, match=r"a\.yaml extends b\.yaml extends a\.yaml; extend a file that does not"):
        read_experiment(tmp_path / "a.yaml")
    own = written(tmp_path / "own.yaml", EXPERIMENT + "extends: own.yaml\n")
    with pytest.raises(SettingError, match=r"own\.yaml extends own\.yaml"):
        read_experiment(own)


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("chunks=[prefix", "--set 'chunks=\\[prefix': the value is no YAML .*; close brackets"),
        ("epochs={a: 1}", "--set: epochs is {'a': 1}; write a plain value"),
        ("epochs", "--set 'epochs': write NAME=VALUE"),
    ],
)
def test_mistakes_in_set_are_named(pair, message):
    with pytest.raises(SettingError, match=message):
        changed_settings([pair])


def test_key_of_a_run_is_the_one_that_finished_runs_have(experiment_file):
    assert [run.key for run in read_experiment(experiment_file()).runs("encoder", [1])] == [
        "0f36972cfc27",
        "cf351e7de713",
    ]


def test_combination_needs_all_its_runs_of_a_seed(experiment_file):
    experiment = read_experiment(experiment_file("combinations: {joined: {relation: none, novelty: eight}}\n"))
    runs = experiment.runs("encoder", only=["joined"])
    assert [run.name for run in runs] == ["none, seed 1", "eight, seed 1", "none, seed 2", "eight, seed 2"]
    combined = experiment.combined_runs(runs[:3])
    assert [(each.name, {task: run.name for task, run in each.parts.items()}) for each in combined] == [
        ("joined, seed 1", {"relation": "none, seed 1", "novelty": "eight, seed 1"})
    ]


# The files of the project.


@pytest.mark.parametrize("size", ["paper", "small"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_of_the_project_are_experiments(path, size):
    experiment = read_experiment(path, size)
    runs = experiment.runs("encoder")
    assert len({run.key for run in runs}) == len(runs) == len(experiment.variants) * len(experiment.seeds) > 1
    assert all(value.startswith(("$DATA/", "$RUNS/")) for value in experiment.gold_files.values())


def test_files_of_the_project_answer_every_question_at_the_size_of_the_paper():
    variants = {path.stem: [*read_experiment(path).variants.values()] for path in FILES}
    assert [each["soft_prompt_tokens"] for each in variants["soft_prompt"]] == [0, 4, 8, 16]
    assert len({frozenset(each["chunks"]) for each in variants["chunks"]}) == len(variants["chunks"]) == 7
    assert len({frozenset(each["tasks"]) for each in variants["tasks"]}) == len(variants["tasks"]) == 7
    for name in ("baseline", "chunks", "chunk_widths", "soft_prompt", "tasks", "joint", "redocred"):
        settings = read_experiment(FILES[0].parent / f"{name}.yaml").settings
        assert (settings["max_tokens"], settings["epochs"], settings["pair_encoding"]) == (512, 10, "pairwise")


def test_the_full_model_is_trained_once_for_all_experiments_on_bioredirect():
    variants = {
        "baseline": "three chunks, soft prompt 8",
        "chunks": "prefix, suffix and infix",
        "chunk_widths": "all that fits",
        "soft_prompt": "8 vectors",
        "tasks": "relation, novelty and direction",
        "joint": "one model",
        "losses": "shares",
    }
    runs = [run for path in FILES for run in read_experiment(path).runs("e", [1])]
    key = read_experiment(FILES[0].parent / "joint.yaml").runs("e", [1], ["one model"])[0].key
    assert sorted(run.variant for run in runs if run.key == key) == sorted(variants.values())


# Places and encoders.


def test_places_are_put_in_and_hidden_again(tmp_path):
    places = Places(tmp_path / "data", "org/encoder", tmp_path / "runs")
    text = places.expanded("$DATA/a.pubtator $RUNS/b $ENCODER")
    assert text == f"{tmp_path}/data/a.pubtator {tmp_path}/runs/b org/encoder"
    assert places.hidden(f"{text} {CHECKOUT}/train.py") == "$DATA/a.pubtator $RUNS/b $ENCODER train.py"


def test_folder_inside_another_is_hidden_by_its_own_name(tmp_path):
    places = Places(tmp_path, "org/encoder", tmp_path / "runs")
    text = f"{tmp_path}/runs/a {tmp_path}/runs2/b {tmp_path}/c '{tmp_path}'"
    assert places.hidden(text) == "$RUNS/a $DATA/runs2/b $DATA/c '$DATA'"


def test_hub_id_is_hidden_where_it_is_a_whole_argument(tmp_path):
    places = Places(tmp_path / "data", "bert", tmp_path / "runs")
    text = "roberta bert.json org/bert bert-base x=bert 'bert', bert/config.json: no bert."
    hidden = "roberta bert.json org/bert bert-base x=$ENCODER '$ENCODER', $ENCODER/config.json: no $ENCODER."
    assert places.hidden(text) == hidden


def test_name_that_begins_like_that_of_a_folder_is_not_hidden_by_it(tmp_path):
    places = Places(tmp_path / "data", "org/encoder", tmp_path / "runs")
    text = f"/mnt{tmp_path}/data {tmp_path}/data.old {tmp_path}/data."
    assert places.hidden(text) == f"/mnt{tmp_path}/data {tmp_path}/data.old $DATA."


def test_encoders_with_other_weights_have_other_fingerprints(tmp_path):
    written(tmp_path / "config.json", '{"model_type": "bert", "num_hidden_layers": 6, "hidden_size": 384}')
    written(tmp_path / "model.safetensors", "one")
    first = encoder_identity(str(tmp_path), "MiniLM")
    written(tmp_path / "model.safetensors", "two")
    second = encoder_identity(str(tmp_path))
    assert first.description == f"MiniLM, bert, 6 layers of 384, weights {first.fingerprint}"
    assert (second.name, len(second.fingerprint)) == (tmp_path.name, 12)
    assert first.fingerprint != second.fingerprint


def test_hub_id_stands_for_itself():
    assert encoder_identity("org/encoder").description == "org/encoder"


def test_folder_without_weights_is_no_encoder(tmp_path):
    with pytest.raises(SettingError, match="holds no config"):
        encoder_identity(str(tmp_path))
