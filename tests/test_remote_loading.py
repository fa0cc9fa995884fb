"""A saved folder is a complete Hub repository: new processes load it by `trust_remote_code` and get the same scores.

Two processes do everything, since each takes seconds to import transformers. The first loads what this process saved,
and saves it again. The second loads what the first saved, a repository of an offline Hub cache, and the checkout. Both
find the modules in these folders only.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from biodir.checkpoint_names import CHECKPOINT_FILES
from biodir.inference.loading import load_pipeline
from biodir.publishing.model_repository import RELEASED_FILES
from helpers.checkout import CHECKOUT
from helpers.marked import marked_document
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint

pytestmark = pytest.mark.slow

CODE_FILES = {path.name for path in CHECKOUT.glob("*_biodir.py")} - {*RELEASED_FILES}
HUB_ID = "some-group/tiny.model-v1"
DOCUMENT = marked_document(
    "<C:D1 Aspirin> cures <D:D2 pain>. " + "Filler and filler. " * 30 + "The <G:3 gene> causes <D:D2 pain>."
)
# Runs in the new processes, with a plan: names -> folders or ids to load, folders to save to, a working folder.
CHILD = """
import json, os, sys
import transformers
from transformers import AutoConfig, AutoModel, AutoTokenizer, pipeline

plan = json.load(open(sys.argv[1]))
documents = plan["documents"]
found = {}
for name, source in plan["load"].items():
    os.chdir(plan["cwd"].get(name, "."))
    extract = pipeline("biomedical-relation-extraction", model=source, trust_remote_code=True, device="cpu")
    found[name] = {"results": extract(documents, return_all_scores=True), "one": extract(documents[0])}
    found[name]["modules"] = [type(part).__module__ for part in (extract, extract.model, extract.model.config)]
    found[name]["errors"] = []
    for bad in (None, [documents[0], {"text": 5}]):
        try:
            extract(bad)
        except ValueError as error:
            found[name]["errors"].append(type(error).__name__)
    for target in plan["save"].get(name, {}).get("pipeline", []):
        extract.save_pretrained(target)
    for target in plan["save"].get(name, {}).get("classes", []):
        config = AutoConfig.from_pretrained(source, trust_remote_code=True)
        model = AutoModel.from_pretrained(source, trust_remote_code=True)
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=True)
        model.save_pretrained(target)
        tokenizer.save_pretrained(target)
        found[name]["classes"] = [type(part).__name__ for part in (config, model, tokenizer)]
found["biodir"] = sorted(name for name in sys.modules if name.split(".")[0] == "biodir")
json.dump(found, open(sys.argv[2], "w"))
"""


def run_child(folder: Path, load: dict[str, str], save=None, cwd=None) -> dict:
    """Return what a new process finds that knows neither this checkout nor a cache outside the folder."""
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir(parents=True, exist_ok=True)
    plan = {"load": load, "save": save or {}, "cwd": cwd or {}, "documents": [DOCUMENT.to_dict(), {"text": "Nothing."}]}
    (folder / "plan.json").write_text(json.dumps(plan))
    (folder / "child.py").write_text(CHILD)
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "HF_HUB_CACHE")}
    environment |= {"HF_HOME": str(folder / "home"), "HF_MODULES_CACHE": str(folder / "modules"), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, str(folder / "child.py"), str(folder / "plan.json"), str(folder / "found.json")]
    done = subprocess.run(
        command, cwd=elsewhere, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return {**json.loads((folder / "found.json").read_text()), "stderr": done.stdout + done.stderr}


def put_into_hub_cache(folder: Path, home: Path) -> None:
    """Put the files of the folder into a Hub cache, as a download of the repository does."""
    repository = home / "hub" / f"models--{HUB_ID.replace('/', '--')}"
    commit = "0123456789abcdef0123456789abcdef01234567"
    snapshot = repository / "snapshots" / commit
    for part in (repository / "refs", repository / "blobs", snapshot):
        part.mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    for path in folder.iterdir():
        content = path.read_bytes()
        blob = hashlib.sha256(content).hexdigest()
        (repository / "blobs" / blob).write_bytes(content)
        (snapshot / path.name).symlink_to(Path("..", "..", "blobs", blob))


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> dict[str, Path]:
    """The saved folders by who saves them; the first two are filled here."""
    root = tmp_path_factory.mktemp("remote")
    places = {"by classes": save_checkpoint(root / "tiny")}
    places |= {name: root / f"saved {name}.v1-x" for name in ("by pipeline", "again by pipeline", "again by classes")}
    places["again from hub"] = root / "again from hub"
    open_pipeline(places["by classes"]).save_pretrained(places["by pipeline"])
    return places


@pytest.fixture(scope="module")
def expected(folders) -> list:
    """The results in the process that saved, as they come back from JSON."""
    results = open_pipeline(folders["by classes"])([DOCUMENT, {"text": "Nothing."}], return_all_scores=True)
    assert [len(relations) for relations in results] == [3, 0]
    return json.loads(json.dumps(results))


@pytest.fixture(scope="module")
def first(folders, tmp_path_factory) -> dict:
    """What the first new process finds."""
    return run_child(
        tmp_path_factory.mktemp("first"),
        {name: str(folders[name]) for name in ("by classes", "by pipeline")},
        {
            "by classes": {"classes": [str(folders["again by classes"])]},
            "by pipeline": {"pipeline": [str(folders["again by pipeline"])]},
        },
    )


@pytest.fixture(scope="module")
def second(folders, first, tmp_path_factory) -> dict:
    """What the second new process finds, after the first has saved."""
    folder = tmp_path_factory.mktemp("second")
    put_into_hub_cache(folders["by classes"], folder / "home")
    load = {name: str(folders[name]) for name in ("again by pipeline", "again by classes")}
    load |= {"hub": HUB_ID, "again from hub": str(folders["again from hub"]), "checkout": "."}
    save = {"hub": {"pipeline": [str(folders["again from hub"])]}}
    return run_child(folder, load, save, {"checkout": str(CHECKOUT)})


@pytest.mark.parametrize(
    "name", ["by classes", "by pipeline", "again by classes", "again by pipeline", "again from hub"]
)
def test_saved_folder_holds_weights_tokenizer_and_code(name, folders, second):
    assert {path.name for path in folders[name].iterdir()} == {*CHECKPOINT_FILES, *CODE_FILES}
    for code in CODE_FILES:
        assert (folders[name] / code).read_bytes() == (CHECKOUT / code).read_bytes()


@pytest.mark.parametrize("name", ["by classes", "by pipeline"])
def test_new_process_gives_the_same_scores_bit_for_bit(name, first, expected):
    assert first[name]["results"] == expected


@pytest.mark.parametrize("name", ["again by classes", "again by pipeline", "hub", "again from hub"])
def test_folder_saved_by_a_new_process_and_hub_cache_give_the_same_scores(name, second, expected):
    assert second[name]["results"] == expected


def test_code_comes_from_the_folders_only_and_no_question_is_printed(first, second):
    for found in (first, second):
        loaded = [module for entry in found.values() if isinstance(entry, dict) for module in entry["modules"]]
        assert len(loaded) >= 6
        assert all(module.startswith("transformers_modules.") for module in loaded)
        assert found["biodir"] == [], "the installed package was imported"
        assert [words for words in ("custom code", "[y/N]") if words in found["stderr"]] == []


def test_auto_classes_load_the_parts_which_refuse_bad_input_by_their_own_errors(first):
    assert first["by classes"]["classes"] == ["BioDirConfig", "BioDirForRelationExtraction", "BertTokenizer"]
    assert first["by classes"]["errors"] == ["AnnotationError", "AnnotationError"]


def test_checkout_loads_as_a_model_repository(second):
    local = load_pipeline(str(CHECKOUT), "cpu")([DOCUMENT, {"text": "Nothing."}], return_all_scores=True)
    assert second["checkout"]["results"] == json.loads(json.dumps(local))
    assert second["checkout"]["modules"][0].startswith("transformers_modules.")
