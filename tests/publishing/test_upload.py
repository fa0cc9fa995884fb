"""Uploads by huggingface_hub itself to a Hub on loopback: one tag, nothing twice, no files of others."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import HfApi, hf_hub_download

from biodir.publishing.assembly import assemble
from biodir.publishing.errors import HubError, PublishError
from biodir.publishing.upload import Destination, Plan, check_names, plan_upload, upload
from helpers.hub_server import TOKEN, Hub, running_hub

FILES = {
    "README.md": "---\nlanguage: en\n---\n\n# A card\n",
    "model.safetensors": "weights\n",
    "code_biodir.py": "x = 1\n",
    "samples/[a] sample.pubtator": "1|t|A title.\n",
}
DESTINATION = Destination("some-group/tiny", "model", "v0.1.0")
OTHER_CARD = "---\nlanguage: en\n---\n\n# Another card\n"
NEXT = replace(DESTINATION, tag="v0.2.0")


@pytest.fixture
def hub(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    with running_hub() as found:
        yield found


@pytest.fixture
def api(hub):
    return HfApi(endpoint=hub.url, token=TOKEN)


@pytest.fixture
def folder(tmp_path):
    return make(tmp_path, FILES)


def make(tmp_path, files):
    """Return an assembled folder with these files."""
    return assemble(files, tmp_path / "repository")


def publish(folder: Path, api: HfApi, destination: Destination = DESTINATION) -> Plan:
    """Plan, upload, and return the plan."""
    plan = plan_upload(folder, destination, api)
    upload(folder, destination, plan, api)
    return plan


def repository(hub: Hub, kind: str = "models"):
    return hub.repositories[(kind, DESTINATION.repo_id)]


def contents(commit) -> dict[str, str]:
    return {path: content.decode() for path, content in commit.files.items() if path != ".gitattributes"}


def push(hub, path: str, content: str) -> None:
    """Change a file as somebody else does."""
    HfApi(endpoint=hub.url, token=TOKEN).upload_file(
        path_or_fileobj=content.encode(), path_in_repo=path, repo_id=DESTINATION.repo_id, commit_message=f"add {path}"
    )


def test_all_files_go_in_one_commit_with_a_tag_and_come_back(hub, api, folder, tmp_path):
    plan = plan_upload(folder, DESTINATION, api)
    assert plan == Plan(None, tuple(sorted(FILES)))
    done = upload(folder, DESTINATION, plan, api)
    initial, commit = repository(hub).commits
    assert (initial.message, commit.message) == ("initial commit", "biodir v0.1.0")
    assert contents(commit) == FILES
    assert commit.large == {"model.safetensors"}
    assert repository(hub).tags == {"v0.1.0": commit.oid}
    assert done == commit.oid
    where = {"cache_dir": tmp_path / "cache", "endpoint": hub.url, "revision": "v0.1.0"}
    assert Path(hf_hub_download(DESTINATION.repo_id, "model.safetensors", **where)).read_text() == "weights\n"


def test_second_run_changes_nothing(hub, api, folder):
    publish(folder, api)
    changes = hub.count("POST ") + hub.count("PUT ")
    commit = repository(hub).commits[-1].oid
    assert publish(folder, api) == Plan(commit, (), is_tagged=True)
    assert hub.count("POST ") + hub.count("PUT ") == changes


def test_run_after_a_lost_commit_sends_no_large_file_again(hub, api, folder):
    hub.failures["POST /api/models/some-group/tiny/commit"] = 500
    with pytest.raises(PublishError, match="the Hub answered 500: made to fail; run the command again"):
        publish(folder, api)
    assert len(repository(hub).commits) == 1
    hub.failures.clear()
    publish(folder, api)
    assert len(repository(hub).commits) == 2
    assert hub.count("PUT /objects/") == 1, "the object of the first run is there"


def test_run_after_a_lost_tag_only_tags(hub, api, folder):
    hub.failures["/tag/"] = 403
    with pytest.raises(PublishError, match="the Hub answered 403: made to fail; use a token with write access to it"):
        publish(folder, api)
    hub.failures.clear()
    assert publish(folder, api) == Plan(repository(hub).commits[-1].oid, ())
    assert len(repository(hub).commits) == 2
    assert list(repository(hub).tags) == ["v0.1.0"]


def test_tag_with_other_content_needs_another_version(hub, api, folder, tmp_path):
    publish(folder, api)
    changed = make(tmp_path, {**FILES, "code_biodir.py": "x = 2\n"})
    with pytest.raises(PublishError, match=r"v0.1.0 exists with other content \(code_biodir.py\); raise the version"):
        publish(changed, api)
    assert len(repository(hub).commits) == 2


def test_next_version_writes_what_changed_and_deletes_own_files_that_are_gone(hub, api, folder, tmp_path):
    publish(folder, api)
    files = {"README.md": FILES["README.md"], "model.safetensors": "WEIGHTS\n"}  # the size stays
    plan = publish(make(tmp_path, files), api, NEXT)
    assert (plan.written, plan.deleted) == (("model.safetensors",), ("code_biodir.py", "samples/[a] sample.pubtator"))
    assert contents(repository(hub).commits[-1]) == files
    assert contents(repository(hub).at("v0.1.0")) == FILES


def test_files_of_an_unrelated_repository_stay_unless_deletion_is_allowed(hub, api, folder):
    api.create_repo("some-group/tiny")
    push(hub, "weights.bin", "theirs")
    push(hub, "README.md", OTHER_CARD)
    push(hub, "code_biodir.py", FILES["code_biodir.py"])
    plan = plan_upload(folder, DESTINATION, api)
    assert (plan.deleted, plan.foreign) == (("weights.bin",), ("README.md", "weights.bin"))
    message = r"^some-group/tiny: biodir did not upload README.md, weights.bin, .* with --delete$"
    with pytest.raises(PublishError, match=message):
        upload(folder, DESTINATION, plan, api)
    assert contents(repository(hub).commits[-1])["weights.bin"] == "theirs"
    assert repository(hub).tags == {}
    publish(folder, api, replace(DESTINATION, may_delete=True))
    assert contents(repository(hub).commits[-1]) == FILES


def test_later_part_of_a_large_upload_is_own_content(hub, api, folder, tmp_path, monkeypatch):
    publish(folder, api)
    monkeypatch.setattr(repository(hub), "commits", [
        replace(commit, message=f"{commit.message} (part 2)") for commit in repository(hub).commits
    ])  # fmt: skip
    assert plan_upload(make(tmp_path, {"README.md": "new"}), NEXT, api).foreign == ()


def test_changes_of_main_since_the_tag_are_reported(hub, api, folder):
    publish(folder, api)
    tagged = repository(hub).tags["v0.1.0"]
    push(hub, "note.txt", "theirs")
    assert publish(folder, api) == Plan(tagged, (), ("note.txt",), is_tagged=True)


def test_private_repository_is_created_private_and_never_public(hub, api, folder):
    private = replace(DESTINATION, private=True)
    publish(folder, api, private)
    assert repository(hub).private
    repository(hub).private = False
    with pytest.raises(PublishError, match="exists and is public; make it private"):
        publish(folder, api, private)
    assert len(repository(hub).commits) == 2


@pytest.mark.parametrize("token", [None, "hf_wrong"])
def test_missing_and_wrong_tokens_are_reported(hub, folder, monkeypatch, token):
    monkeypatch.setattr("biodir.publishing.upload.get_token", lambda: None)
    message = "the Hub answered 401: .*" if token else "there is no token for the Hub"
    with pytest.raises(PublishError, match=f"{message}; log in with `hf auth login`, or set HF_TOKEN"):
        publish(folder, HfApi(endpoint=hub.url, token=token))
    assert hub.repositories == {}


def test_hub_that_cannot_be_reached_is_reported(folder):
    with pytest.raises(HubError, match=r"^some-group/tiny: .*run the command again"):
        plan_upload(folder, DESTINATION, HfApi(endpoint="http://127.0.0.1:9", token=TOKEN))


def test_change_by_others_while_files_are_listed_is_not_tagged(hub, api, folder, monkeypatch):
    api.create_repo("some-group/tiny")
    real = api.list_repo_tree

    def overtaken(*arguments, **named):
        listed = list(real(*arguments, **named))
        monkeypatch.setattr(api, "list_repo_tree", real)
        push(hub, "note.txt", "theirs")
        return listed

    monkeypatch.setattr(api, "list_repo_tree", overtaken)
    with pytest.raises(HubError, match=r"answered 412: .*; somebody changed the repository in the meantime"):
        publish(folder, api)
    assert repository(hub).tags == {}


@pytest.mark.parametrize("tag", ["", "main", "a b", "-x", "v1..2", "v1.", "a/b", "v1^"])
def test_tag_that_git_refuses_is_refused(tag):
    with pytest.raises(PublishError, match=f"^--tag {re.escape(repr(tag))}: write a name such as v1.2"):
        check_names(DESTINATION.repo_id, tag)


@pytest.mark.parametrize("name", ["tiny", "a/b/c", "/tiny", "some group/tiny", "some-group/", ""])
def test_repository_needs_organisation_and_name(name):
    with pytest.raises(PublishError, match="write ORG/NAME"):
        check_names(name, "v1")
