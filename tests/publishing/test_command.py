"""`biodir publish` from the command to a pipeline that loads what was uploaded, over a tiny checkpoint."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from huggingface_hub import HfApi

import biodir
from biodir.cli import main
from biodir.errors_biodir import CheckpointError
from biodir.labels_biodir import ENTITY_TYPES, bio_labels
from biodir.publishing import checking
from biodir.publishing.assembly import assemble
from biodir.publishing.checking import check_model, clean_environment
from biodir.publishing.errors import PublishError
from biodir.publishing.facts import fingerprint
from biodir.publishing.model_repository import RELEASED_FILES, code_files, model_repository
from helpers.checkout import CHECKOUT
from helpers.hub_server import PATIENCE, TOKEN, running_hub
from helpers.published_model import CARD, run, save_publishable
from helpers.tiny_checkpoint import open_pipeline

HUB_ID = "some-group/tiny.model-v1"
TAG = f"v{biodir.__version__}"
FILES = {
    "README.md",
    ".eval_results/corpus.yaml",
    "CITATION.cff",
    "LICENSE",
    "config.json",
    "handler.py",
    "model.safetensors",
    "requirements.txt",
    "samples/sample.pubtator",
    "tokenizer.json",
    "tokenizer_config.json",
    *({path.name for path in CHECKOUT.glob("*_biodir.py")} - {*RELEASED_FILES}),
}
# Loads the repository from the Hub as its users do, with the task and without, and by the Hub's snippet.
USER = """
import json, sys
from transformers import AutoModel, pipeline

name, sample, tag = sys.argv[1:]
text = open(sample).read()
model = AutoModel.from_pretrained(name, trust_remote_code=True, dtype="auto")
extract = pipeline("biomedical-relation-extraction", model=name, trust_remote_code=True, device="cpu")
tagged = pipeline(model=name, revision=tag, trust_remote_code=True, device="cpu")
print(json.dumps([type(model).__name__, extract(text), tagged(text)]))
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return save_publishable(tmp_path_factory.mktemp("publish"))


@pytest.fixture(scope="module")
def repository(model, tmp_path_factory) -> Path:
    return assemble(model_repository(model, HUB_ID), tmp_path_factory.mktemp("assembled") / "repository")


@pytest.fixture
def unchecked(monkeypatch):
    """No new process: the checks of an assembled repository are tests of their own."""
    monkeypatch.setattr(checking, "check_model", lambda folder: 3)


def found_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {".biodir-publish"}


def test_repository_holds_all_that_the_hub_needs(repository, model):
    assert found_in(repository) == FILES
    assert (repository / "README.md").read_text() == CARD.replace("ORG/NAME", HUB_ID)
    for name in ("config.json", "model.safetensors"):
        assert (repository / name).read_bytes() == (model / name).read_bytes()


def test_requirements_are_those_of_the_installation_without_torch(repository):
    lines = (repository / "requirements.txt").read_text().splitlines()
    assert [line.split(">")[0] for line in lines] == ["transformers", "huggingface-hub", "safetensors"]
    assert all(f"\n    {line}\n" in (CHECKOUT / "setup.cfg").read_text() for line in lines)


def test_to_leaves_the_repository_in_a_folder(model, tmp_path, capsys, unchecked):
    assert main(["publish", "--model", str(model), "--repo-id", HUB_ID, "--to", str(tmp_path / "out")]) == 0
    assert found_in(tmp_path / "out") == FILES
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith(f"not uploaded: the repository is in {tmp_path / 'out'}")
    assert lines[-2] == (
        "checked: a new process loads it and finds 3 relations in the sample; handler.py returns the same"
    )
    assert lines[-3].endswith(f" bytes in {len(FILES)} files")
    assert {line.split()[1] for line in lines[:-3]} == FILES


@pytest.fixture
def hub(monkeypatch):
    """A Hub that the command finds and may write to."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with running_hub() as found:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", found.url)
        yield found


def publish(capsys, model: Path, *options: str) -> list[str]:
    """Return what the command prints after the result of the check."""
    assert main(["publish", "--model", str(model), "--repo-id", HUB_ID, *options]) == 0
    lines = capsys.readouterr().out.splitlines()
    return lines[next(index for index, line in enumerate(lines) if line.startswith("checked: ")) + 1 :]


def test_dry_run_uploads_nothing(model, capsys, unchecked, hub, monkeypatch):
    files = f"{HUB_ID}: {len(FILES)} files to write, 0 to delete in a new repository (none is visible with this token)"
    assert publish(capsys, model, "--dry-run") == [
        files,
        f"not uploaded: would go to {HUB_ID} (model) with the tag {TAG}",
    ]
    assert hub.repositories == {}
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    (line,) = publish(capsys, model, "--dry-run")
    assert line.startswith(f"the present content of the repository is not known: {HUB_ID}: ")


def test_dry_run_and_upload_refuse_an_unrelated_repository(model, capsys, unchecked, hub):
    api = HfApi(endpoint=hub.url, token=TOKEN)
    api.create_repo(HUB_ID)
    for name in ("LICENSE", "weights.bin"):
        api.upload_file(path_or_fileobj=b"theirs", path_in_repo=name, repo_id=HUB_ID)
    planned = [
        f"{HUB_ID}: {len(FILES)} files to write, 1 to delete",
        "   overwrite  LICENSE",
        "      delete  weights.bin",
    ]
    for options in (["--dry-run"], []):
        assert main(["publish", "--model", str(model), "--repo-id", HUB_ID, *options]) == 1
        printed = capsys.readouterr()
        assert printed.out.splitlines()[-3:] == planned
        assert "biodir did not upload LICENSE, weights.bin" in printed.err
        assert len(hub.repositories[("models", HUB_ID)].commits) == 3
    done = publish(capsys, model, "--delete")
    commit = hub.repositories[("models", HUB_ID)].commits[-1].oid
    assert done == [*planned, f"{HUB_ID}: tagged {TAG}, commit {commit}"]


def test_checkout_without_a_code_file_is_refused(model, tmp_path):
    with pytest.raises(PublishError, match=r"lacks handler\.py.*; publish from a checkout of biodir"):
        model_repository(model, HUB_ID, tmp_path)
    for name in FILES:
        if name.endswith("_biodir.py"):
            (tmp_path / name).write_bytes((CHECKOUT / name).read_bytes())
    assert code_files(tmp_path) == sorted(path.name for path in tmp_path.iterdir())
    assert set(code_files(CHECKOUT, RELEASED_FILES)) - set(code_files(CHECKOUT)) == set(RELEASED_FILES)
    (tmp_path / "modeling_losses_biodir.py").unlink()
    with pytest.raises(
        PublishError, match=r"modeling_losses_biodir\.py: there is no such file; publish from a checkout"
    ):
        code_files(tmp_path)


def test_missing_files_are_refused(model, tmp_path):
    copy = copied(model, tmp_path)
    card = (copy / "model_card.md").rename(tmp_path / "card")
    with pytest.raises(PublishError, match=r"lacks model_card\.md; write the card of this model"):
        model_repository(copy, HUB_ID)
    card.rename(copy / "model_card.md")
    (copy / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"lacks model\.safetensors; save model and tokenizer"):
        model_repository(copy, HUB_ID)
    (copy / "model.safetensors.index.json").write_text("{}")
    with pytest.raises(PublishError, match=r"weights are in several files; save them in one model\.safetensors w"):
        model_repository(copy, HUB_ID)


@pytest.mark.parametrize("is_default", [False, True])
def test_hub_id_is_no_model_to_publish(is_default, capsys, monkeypatch):
    monkeypatch.setenv("BIODIR_MODEL", HUB_ID)
    assert main(["publish", "--repo-id", HUB_ID, *([] if is_default else ["--model", HUB_ID])]) == 1
    fix = "name the folder of a checkpoint; a Hub id is not taken here"
    assert capsys.readouterr().err == f"biodir: error: {HUB_ID}: there is no such folder; {fix}\n"


def test_results_of_another_checkpoint_are_refused(model, tmp_path):
    copy = copied(model, tmp_path)
    (copy / "results").mkdir()
    (copy / "results" / "measured.json").write_text(json.dumps({"sha256": fingerprint(copy)}))
    assert "results/measured.json" in model_repository(copy, HUB_ID)
    with open(copy / "config.json", "a") as file:
        file.write("\n")
    with pytest.raises(PublishError, match=r"measured with a config\.json of sha256 .*; measure this checkpoint"):
        model_repository(copy, HUB_ID)


def copied(model: Path, tmp_path: Path) -> Path:
    """Return a copy of the files at the top of the folder."""
    copy = tmp_path / "model"
    copy.mkdir()
    for path in filter(Path.is_file, model.iterdir()):
        shutil.copy(path, copy)
    return copy


GOOD = {
    "task": "biomedical-relation-extraction",
    "relations": [{"score": 0.5}],
    "pairs": [{"score": 0.5}, {"score": 0.25}],
    "handler_pairs": [{"score": 0.5}, {"score": 0.25}],
    "modules": ["transformers_modules.tiny.modeling_biodir"],
}


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({"modules": [*GOOD["modules"], "biodir.modeling_biodir"]}, "code came from biodir.modeling_biodir, not from"),
        ({"task": "text-classification"}, "the task of the pipeline is 'text-classification'"),
        ({"pairs": [], "handler_pairs": []}, "the pipeline finds no pair in the sample"),
        ({"handler_pairs": [{"score": 0.5}, {"score": 0.75}]}, "handler.py and the pipeline differ on the sample"),
        ({"plain": {"entities": []}, "handler_plain": []}, "handler.py and the pipeline differ on the sample's plain"),
    ],
)
def test_fault_that_the_new_process_finds_is_named(monkeypatch, tmp_path, found, message):
    monkeypatch.setattr(checking, "run_fresh", lambda program, folder: {**GOOD, **found})
    with pytest.raises(PublishError, match=message):
        check_model(tmp_path)


def test_new_process_sees_no_cache_and_no_setting_of_biodir():
    hidden = ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "BIODIR_MODEL", "BIODIR_MAX_PAIRS")
    found = clean_environment("/new", {**dict.fromkeys(hidden, "5"), "HF_HOME": "/old", "PATH": "/bin"})
    assert found.keys().isdisjoint(hidden)
    assert (found["HF_HOME"], found["PATH"], found["HF_HUB_OFFLINE"]) == ("/new/home", "/bin", "1")


@pytest.mark.slow
def test_new_process_tags_the_plain_text_of_the_sample(tmp_path):
    model = save_publishable(tmp_path / "tagger", tagger_labels=bio_labels(ENTITY_TYPES))
    repository = assemble(model_repository(model, HUB_ID), tmp_path / "repository")
    found = checking.run_fresh("fresh_model.py", repository)
    title, abstract = (
        line.split("|", 2)[2] for line in (repository / "samples" / "sample.pubtator").read_text().splitlines()[:2]
    )
    expected = open_pipeline(model)(f"{title} {abstract}", return_entities=True)
    assert found["plain"]["entities"] == json.loads(json.dumps(expected["entities"]))
    assert found["plain"] == found["handler_plain"]
    assert len(expected["entities"]) > 0
    assert check_model(repository) == len(found["relations"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("modeling_losses_biodir.py", None, "modeling_losses_biodir"),
        ("pipeline_decoding_biodir.py", "import biodir.errors_biodir\n", "biodir"),
    ],
)
def test_check_fails_without_a_module_or_with_one_that_needs_biodir(repository, tmp_path, name, text, message):
    copy = Path(shutil.copytree(repository, tmp_path / "copy"))
    if text is None:
        (copy / name).unlink()
    else:
        (copy / name).write_text(text + (repository / name).read_text())
    with pytest.raises(PublishError, match=message):
        check_model(copy)


@pytest.mark.slow
def test_published_model_is_loaded_from_the_hub(model, tmp_path):
    """From start to end: the command uploads, and a user with only transformers loads by the id of the Hub."""
    with running_hub() as hub:
        settings = {**clean_environment(str(tmp_path)), **PATIENCE}
        settings |= {"HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1"}
        del settings["HF_HUB_OFFLINE"]
        command = [sys.executable, "-m", "biodir", "publish", "--model", str(model), "--repo-id", HUB_ID]
        published = run(command, {**settings, "HF_TOKEN": TOKEN}, CHECKOUT)
        *_, checked, planned, tagged = published.splitlines()
        assert planned.startswith(f"{HUB_ID}: {len(FILES)} files to write, 0 to delete")
        uploaded = hub.repositories[("models", HUB_ID)]
        assert [commit.message for commit in uploaded.commits] == ["initial commit", f"biodir {TAG}"]
        assert set(uploaded.commits[-1].files) == {*FILES, ".gitattributes"}, "the check left no files"
        assert tagged == f"{HUB_ID}: tagged {TAG}, commit {uploaded.commits[-1].oid}"
        assert uploaded.tags == {TAG: uploaded.commits[-1].oid}

        sample = CHECKOUT / "samples" / "sample.pubtator"
        program = f"import sys\nsys.modules['biodir'] = None\n{USER}"
        printed = run([sys.executable, "-I", "-c", program, HUB_ID, str(sample), TAG], settings, tmp_path)
        kind, by_task, by_tag = json.loads(printed.splitlines()[-1])
        expected = json.loads(json.dumps(open_pipeline(model)(sample.read_text())))
        assert kind == "BioDirForRelationExtraction"
        assert by_task == by_tag == expected
        assert len(expected) > 0
        assert checked.startswith(f"checked: a new process loads it and finds {len(expected)} relations in the sample")
