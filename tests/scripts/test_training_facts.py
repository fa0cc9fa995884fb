"""results/training.json holds what the logs of the runs hold."""

import json

import pytest

from biodir.publishing.card import LEVEL_NAMES
from helpers.script_module import script

facts = script("training_facts")


def epoch(number: int, f1: float, none_bias: float = -0.5) -> dict:
    """A log's entry; each level has a tenth less than the one before."""
    dev = {level: {"f1": f1 - place / 10} for place, level in enumerate(LEVEL_NAMES)}
    return {"epoch": number, "loss": number + 0.12345, "train_s": 100.0, "none_bias": none_bias, "dev": dev}


def log(epochs: list[dict], best_epoch: int, commit: str = "0123456789abcdef") -> dict:
    settings = {"seed": 4, "rare_copies": 1, "rare_below": 100, "output_dir": "runs/x", "encoder": "runs/x"}
    record = {"settings": settings, "provenance": {"commit": commit, "threads": 3}}
    return {**record, "epochs": epochs, "best_epoch": best_epoch, "finished": True}


LOGS = {
    "stage1": log([epoch(1, 0.7), epoch(2, 0.6)], 1),
    "stage2": log([epoch(1, 0.61111), epoch(2, 0.7, -0.25), epoch(3, 0.6)], 2),
    "stage2-final": log([{**epoch(1, 0, -0.25), "dev": {}}, {**epoch(2, 0, -0.25), "dev": {}}], 2, "fedcba9876543210"),
}
COPIES = {"seed": 4, "threads": 3, "rare_copies": 1, "rare_below": 100}
WANTED = {
    "hardware": "an abacus",
    "first_stage": [
        {"commit": "0123456", "minutes": 3, "seed": 4, "epochs": 2, "corpora": 16, "f1": [70.0, 60.0, 50.0, 40.0, 30.0]}
    ],
    "second_stage": {
        **COPIES,
        "commit": "0123456",
        "minutes": 5,
        "epochs": [
            {"epoch": 1, "loss": 1.123, "f1": [61.11, 51.11, 41.11, 31.11, 21.11]},
            {"epoch": 2, "loss": 2.123, "f1": [70.0, 60.0, 50.0, 40.0, 30.0]},
            {"epoch": 3, "loss": 3.123, "f1": [60.0, 50.0, 40.0, 30.0, 20.0]},
        ],
        "best_epoch": 2,
        "final": {"commit": "fedcba9", "minutes": 3, "seeds": [4], "epochs": 2, "none_bias": -0.25},
    },
}


def tagger_log(name: str, encoder: str, scores: list[float], best_epoch: int, **settings) -> dict:
    """The log of a tagger whose runs were started outside a clone; precision and recall are around F1."""
    found = log([epoch(number, 0) for number in range(1, len(scores) + 1)], best_epoch, "unknown")
    for entry, f1 in zip(found["epochs"], scores, strict=True):
        entry["dev"] = {"mentions": {"precision": f1 + 0.01, "recall": f1 - 0.01, "f1": f1}}
    settings |= {"output_dir": f"runs/{name}", "encoder": encoder, "freeze_relations": True}
    settings = {"tagger_layers": 4, "mention_train": ["tmvar3"], **settings}
    return {**found, "settings": {**found["settings"], **settings}}


TAGGER = {
    "tagger1": tagger_log("tagger1", "final", [0.8], 1),
    "tagger2": tagger_log("tagger2", "runs/tagger1/", [0.81, 0.83333, 0.82], 2),
    "tagger3": tagger_log("tagger3", "runs/tagger2", [0.84], 1, sentence_share=0.5, tagger_layers=6),
}
STAGE = {"minutes": 2, "seed": 4, "sentence_share": 0.0, "layers": 4, "mention_files": 1, "threads": 3, "best_epoch": 1}
WANTED_TAGGER = [
    {**STAGE, "epochs": [{"epoch": 1, "loss": 1.123, "precision": 81.0, "recall": 79.0, "f1": 80.0}]},
    {
        **STAGE,
        "minutes": 5,
        "epochs": [
            {"epoch": 1, "loss": 1.123, "precision": 82.0, "recall": 80.0, "f1": 81.0},
            {"epoch": 2, "loss": 2.123, "precision": 84.33, "recall": 82.33, "f1": 83.33},
            {"epoch": 3, "loss": 3.123, "precision": 83.0, "recall": 81.0, "f1": 82.0},
        ],
        "best_epoch": 2,
    },
    {
        **STAGE,
        "sentence_share": 0.5,
        "layers": 6,
        "epochs": [{"epoch": 1, "loss": 1.123, "precision": 85.0, "recall": 83.0, "f1": 84.0}],
    },
]


@pytest.fixture
def called(tmp_path):
    """Calls the program with these logs and facts; returns the facts that it leaves."""

    def path_of(name: str) -> str:
        return str(tmp_path / name)

    def call(logs: dict, known: dict) -> dict:
        for name, content in logs.items():
            (tmp_path / name).mkdir()
            (tmp_path / name / "training.json").write_text(json.dumps(content))
        (tmp_path / "facts.json").write_text(json.dumps(known))
        arguments = []
        for kind in ("stage1", "stage2", "stage3", "tagger"):
            runs = [path_of(name) for name in logs if name.startswith(kind)]
            arguments += [f"--{kind}", *runs] if runs else []
        facts.main(arguments, tmp_path / "facts.json")
        return json.loads((tmp_path / "facts.json").read_text())

    return call


def test_facts_are_taken_from_the_logs_and_the_others_stay(called):
    found = called(LOGS, {"hardware": "an abacus", "first_stage": [{"corpora": 16, "minutes": 9}, {}]})
    assert found == WANTED
    assert list(found)[:2] == ["hardware", "first_stage"]


def test_runs_of_stage_1_follow_each_other(called):
    second = log([epoch(1, 0.5)], 1, "unknown")
    second["settings"] |= {"output_dir": "runs/stage1-2", "encoder": "runs/x", "seed": 2}
    found = called({**LOGS, "stage1-2": second}, {"first_stage": [{"corpora": 16}]})["first_stage"]
    assert found == [
        *WANTED["first_stage"],
        {"minutes": 2, "seed": 2, "epochs": 1, "f1": [50.0, 40.0, 30.0, 20.0, 10.0]},
    ]


def test_several_final_runs_are_added_up(called):
    found = called({**LOGS, "stage2-final-5": {**LOGS["stage2-final"], "settings": {"seed": 5}}}, WANTED)
    assert found["second_stage"]["final"] == WANTED["second_stage"]["final"] | {"seeds": [4, 5], "minutes": 7}


RATES = {"encoder_learning_rate": 5e-05, "head_learning_rate": 0.0002}


def further_log(seed: int, none_bias: float = -0.25) -> dict:
    """The log of a run that went on from the weights of stage 2, of training and development documents."""
    found = LOGS["stage2-final"]
    return {**found, "settings": {**found["settings"], **RATES, "seed": seed, "none_bias": none_bias}}


def test_runs_after_stage_2_are_taken_in_order_and_keep_what_is_in_no_log(called):
    known = {"second_stage": WANTED["second_stage"]}
    known |= {"third_stage": {"share": 0.3, "runs": [{"start": "step 4", "seed": 9}]}}
    found = called({"stage3-5": further_log(5), "stage3-6": further_log(6)}, known)
    run = {"commit": "fedcba9", "minutes": 3, "epochs": 2, **RATES}
    runs = [{"start": "step 4", **run, "seed": 5}, {**run, "seed": 6}]
    assert found == {**known, "third_stage": {"share": 0.3, "runs": runs}}


def test_runs_after_stage_2_have_its_bias(called):
    with pytest.raises(SystemExit, match=r"runs/x: has none_bias 0.0, stage 2 chose -0.25; name runs with that"):
        called({"stage3-5": further_log(5), "stage3-6": further_log(6, 0.0)}, WANTED)


def test_stages_of_the_tagger_are_taken_in_order_and_keep_commits_that_their_logs_lack(called):
    known = [{"commit": "abcdef0", "minutes": 9}, {"commit": "0fedcba"}]
    found = called(TAGGER, {"second_stage": WANTED["second_stage"], "tagger": known})
    first, second, third = WANTED_TAGGER
    assert found["second_stage"] == WANTED["second_stage"]
    assert found["tagger"] == [{"commit": "abcdef0", **first}, {"commit": "0fedcba", **second}, third]


@pytest.mark.parametrize("stages", [1, 2])
def test_a_tagger_of_fewer_stages_leaves_none_of_another(called, stages):
    found = called({name: TAGGER[name] for name in list(TAGGER)[:stages]}, {"tagger": WANTED_TAGGER})
    assert found == {"tagger": WANTED_TAGGER[:stages]}


def test_runs_of_both_kinds_can_be_given_together(called):
    found = called({**LOGS, **TAGGER}, {})
    assert found["tagger"] == WANTED_TAGGER
    assert found["second_stage"] == WANTED["second_stage"]


@pytest.mark.parametrize(
    ("run", "settings", "message"),
    [
        ("tagger2", {"encoder": "runs/x"}, "runs/tagger2: started from runs/x, not from runs/tagger1; name the stages"),
        (
            "tagger3",
            {"encoder": "runs/tagger1"},
            "runs/tagger3: started from runs/tagger1, not from runs/tagger2; name",
        ),
        ("tagger1", {"freeze_relations": False}, "runs/tagger1: changed the relations; run it with freeze_relations"),
        ("tagger3", {"freeze_relations": False}, "runs/tagger3: changed the relations; run it with freeze_relations"),
        (
            "stage1-2",
            {"encoder": "m"},
            "runs/x: started from m, not from runs/x; name the runs of one stage 1",
        ),
    ],
)
def test_runs_that_do_not_follow_each_other_are_refused(called, run, settings, message):
    logs = {**LOGS, **TAGGER, "stage1-2": LOGS["stage1"]}
    with pytest.raises(SystemExit, match=message):
        called({**logs, run: {**logs[run], "settings": {**logs[run]["settings"], **settings}}}, {})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give --stage1 and --stage2, or --stage3, or --tagger, or all"),
        (["--stage1", "a", "b"], "--stage1 and --stage2 belong together; give both"),
        (["--stage1", "a", "--stage2", "b"], "--stage2 needs two runs or more"),
    ],
)
def test_program_needs_the_runs_of_a_kind(tmp_path, capsys, arguments, message):
    with pytest.raises(SystemExit):
        facts.main(arguments, tmp_path / "facts.json")
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("run", "values", "message"),
    [
        ("stage1", {"finished": False}, r"the run was not finished; resume it by train.py --resume_from_checkpoint"),
        (
            "stage2-final",
            {"epochs": LOGS["stage2-final"]["epochs"][:1]},
            "epoch of a final run is 1, on dev 2; name runs of one stage",
        ),
        ("stage2", {"epochs": [epoch(1, 0.1), epoch(2, 0.2)]}, "none_bias of a final run is -0.25, on dev -0.5"),
    ],
)
def test_runs_that_do_not_belong_together_are_refused(called, run, values, message):
    with pytest.raises(SystemExit, match=message):
        called({**LOGS, run: {**LOGS[run], **values}}, WANTED)
