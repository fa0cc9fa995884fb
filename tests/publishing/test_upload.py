"""Uploads by huggingface_hub itself to a Hub on loopback: one commit, one tag, nothing twice."""

import re
from pathlib import Path

import pytest
from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import HfHubHTTPError

from biodir.publishing.assembly import RepositoryFile, assemble
from biodir.publishing.errors import HubError, PublishError
from biodir.publishing.upload import Destination, Plan, Upload, check_repo_id, check_tag, plan_upload, upload
from helpers.hub_server import TOKEN, Hub, running_hub

FILES = {
    "README.md": "---\nlanguage: en\n---\n\n# A card\n",
    "model.safetensors": "weights\n",
    "code_biodir.py": "x = 1\n",
    "samples/sample.pubtator": "1|t|A title.\n",
}
DESTINATION = Destination("some-group/tiny", "model", "v0.1.0")
OTHER_CARD = "---\nlanguage: en\n---\n\n# Another card\n"
NEXT = Destination("some-group/tiny", "model", "v0.2.0")


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
    """An assembled folder with these files."""
    listed = [RepositoryFile(name, tmp_path / name, text) for name, text in files.items()]
    return assemble(listed, tmp_path / "repository")


def repository(hub: Hub, kind: str = "models"):
    return hub.repositories[(kind, DESTINATION.repo_id)]


def contents(commit) -> dict[str, str]:
    return {path: content.decode() for path, content in commit.files.items() if path != ".gitattributes"}


def test_all_files_go_in_one_commit_with_a_tag(hub, api, folder):
    done = upload(folder, DESTINATION, api)
    initial, commit = repository(hub).commits
    assert initial.message == "initial commit"
    assert commit.message == "biodir v0.1.0"
    assert contents(commit) == FILES
    assert commit.large == {"model.safetensors"}
    assert repository(hub).tags == {"v0.1.0": commit.oid}
    assert done == Upload(commit.oid, tuple(sorted(FILES)), (), is_tag_new=True)


def test_second_run_does_nothing(hub, api, folder):
    first = upload(folder, DESTINATION, api)
    second = upload(folder, DESTINATION, api)
    assert second == Upload(first.commit, (), (), is_tag_new=False)
    assert len(repository(hub).commits) == 2
    assert hub.count("PUT /objects/") == 1


def test_uploaded_file_comes_back(hub, api, folder, tmp_path):
    upload(folder, DESTINATION, api)
    where = {"cache_dir": tmp_path / "cache", "endpoint": hub.url, "revision": "v0.1.0"}
    assert Path(hf_hub_download(DESTINATION.repo_id, "model.safetensors", **where)).read_text() == "weights\n"


def test_run_after_a_lost_commit_sends_no_large_file_again(hub, api, folder):
    hub.fail("POST /api/models/some-group/tiny/commit", 500)
    with pytest.raises(PublishError, match="the Hub answered 500: told to fail; run the command again"):
        upload(folder, DESTINATION, api)
    assert len(repository(hub).commits) == 1
    hub.failures.clear()
    upload(folder, DESTINATION, api)
    assert len(repository(hub).commits) == 2
    assert hub.count("PUT /objects/") == 1, "the object of the first run is there"


def test_run_after_a_lost_tag_only_tags(hub, api, folder):
    hub.fail("/tag/", 403)
    with pytest.raises(PublishError, match="the Hub answered 403: told to fail; use a token that may write there"):
        upload(folder, DESTINATION, api)
    hub.failures.clear()
    done = upload(folder, DESTINATION, api)
    assert done == Upload(repository(hub).commits[-1].oid, (), (), is_tag_new=True)
    assert len(repository(hub).commits) == 2
    assert list(repository(hub).tags) == ["v0.1.0"]


def test_run_after_a_lost_large_file_sends_it(hub, api, folder):
    hub.fail("PUT /objects/", 403)
    with pytest.raises(
        PublishError, match=r"some-group/tiny: Error while uploading 'model.safetensors'.*run the command"
    ):
        upload(folder, DESTINATION, api)
    assert len(repository(hub).commits) == 1
    hub.failures.clear()
    upload(folder, DESTINATION, api)
    assert contents(repository(hub).commits[-1]) == FILES


def test_tag_with_other_content_asks_for_another_version(hub, api, folder, tmp_path):
    upload(folder, DESTINATION, api)
    changed = make(tmp_path, {**FILES, "code_biodir.py": "x = 2\n"})
    with pytest.raises(PublishError, match=r"v0.1.0 is there with other content \(code_biodir.py\); raise the version"):
        upload(changed, DESTINATION, api)
    assert len(repository(hub).commits) == 2


def test_next_version_writes_what_changed_and_deletes_what_is_gone(hub, api, folder, tmp_path):
    upload(folder, DESTINATION, api)
    files = {"README.md": FILES["README.md"], "model.safetensors": "better weights\n"}
    done = upload(make(tmp_path, files), NEXT, api)
    assert (done.written, done.deleted) == (("model.safetensors",), ("code_biodir.py", "samples/sample.pubtator"))
    assert contents(repository(hub).commits[-1]) == files
    assert contents(repository(hub).at("v0.1.0")) == FILES


def push(hub, path: str, content: str) -> None:
    """What somebody else does."""
    HfApi(endpoint=hub.url, token=TOKEN).upload_file(
        path_or_fileobj=content.encode(), path_in_repo=path, repo_id=DESTINATION.repo_id, commit_message=f"add {path}"
    )


def test_files_of_an_unrelated_repository_are_left_alone(hub, api, folder):
    api.create_repo("some-group/tiny")
    push(hub, "weights.bin", "theirs")
    push(hub, "README.md", OTHER_CARD)
    push(hub, "code_biodir.py", FILES["code_biodir.py"])
    told = []
    with pytest.raises(
        PublishError,
        match=r"^some-group/tiny: holds README.md, weights.bin, which biodir did not put there .* with --delete$",
    ):
        upload(folder, DESTINATION, api, told.append)
    assert [(plan.deleted, plan.foreign) for plan in told] == [(("weights.bin",), ("README.md", "weights.bin"))]
    assert contents(repository(hub).commits[-1])["weights.bin"] == "theirs"
    assert repository(hub).tags == {}


def test_files_of_an_unrelated_repository_go_where_it_is_allowed(hub, api, folder):
    api.create_repo("some-group/tiny")
    push(hub, "weights.bin", "theirs")
    done = upload(folder, Destination("some-group/tiny", "model", "v0.1.0", may_delete=True), api)
    assert done.deleted == ("weights.bin",)
    assert contents(repository(hub).commits[-1]) == FILES


def test_what_others_changed_since_the_last_upload_is_left_alone(hub, api, folder, tmp_path):
    upload(folder, DESTINATION, api)
    push(hub, "picture.png", "theirs")
    push(hub, "README.md", OTHER_CARD)
    with pytest.raises(PublishError, match=r"holds README.md, picture.png, which biodir did not put there"):
        upload(make(tmp_path, {"README.md": "---\nlanguage: de\n---\n"}), NEXT, api)
    assert contents(repository(hub).commits[-1]) == {**FILES, "README.md": OTHER_CARD, "picture.png": "theirs"}


def test_plan_reads_only(hub, api, folder, tmp_path):
    assert plan_upload(folder, DESTINATION, api) == Plan(None, tuple(sorted(FILES)))
    done = upload(folder, DESTINATION, api)
    changes = hub.count("POST ") + hub.count("PUT ")
    assert plan_upload(folder, DESTINATION, api) == Upload(done.commit, (), (), is_tag_new=False)
    files = {"README.md": "new", "model.safetensors": FILES["model.safetensors"]}
    assert plan_upload(make(tmp_path, files), NEXT, api) == Plan(
        done.commit, ("README.md",), ("code_biodir.py", "samples/sample.pubtator")
    )
    assert hub.count("POST ") + hub.count("PUT ") == changes


def test_plan_without_a_hub_says_so(folder):
    with pytest.raises(HubError, match=r"^some-group/tiny: "):
        plan_upload(folder, DESTINATION, HfApi(endpoint="http://127.0.0.1:9"))


def test_main_that_went_on_since_the_tag_is_told(hub, api, folder):
    done = upload(folder, DESTINATION, api)
    push(hub, "note.txt", "theirs")
    again = upload(folder, DESTINATION, api)
    assert again == Upload(done.commit, (), (), is_tag_new=False, main_differs=("note.txt",))


def test_same_content_can_have_another_tag(hub, api, folder):
    done = upload(folder, DESTINATION, api)
    assert upload(folder, NEXT, api) == Upload(done.commit, (), (), is_tag_new=True)
    assert repository(hub).tags == {"v0.1.0": done.commit, "v0.2.0": done.commit}


def test_file_of_the_same_size_is_told_by_its_hash(hub, api, folder, tmp_path):
    upload(folder, DESTINATION, api)
    files = {**FILES, "model.safetensors": "WEIGHTS\n", "code_biodir.py": "x = 3\n"}
    done = upload(make(tmp_path, files), NEXT, api)
    assert done.written == ("code_biodir.py", "model.safetensors")


def test_data_set_goes_to_a_data_set(hub, api, folder):
    upload(folder, Destination("some-group/tiny", "dataset", "v0.1.0"), api)
    assert contents(repository(hub, "datasets").commits[-1]) == FILES
    assert ("models", "some-group/tiny") not in hub.repositories


def test_private_repository_is_made_private(hub, api, folder):
    upload(folder, Destination("some-group/tiny", "model", "v0.1.0", private=True), api)
    assert repository(hub).private


def test_private_upload_to_a_public_repository_is_refused(hub, api, folder):
    api.create_repo("some-group/tiny")
    with pytest.raises(PublishError, match="is there and public"):
        upload(folder, Destination("some-group/tiny", "model", "v0.1.0", private=True), api)
    assert len(repository(hub).commits) == 1


def test_without_a_token_nothing_is_asked(hub, folder, monkeypatch):
    monkeypatch.setattr("biodir.publishing.upload.get_token", lambda: None)
    with pytest.raises(PublishError, match="no token of the Hub; log in with `hf auth login`, or set HF_TOKEN"):
        upload(folder, DESTINATION, HfApi(endpoint=hub.url))
    assert hub.requests == []


def test_wrong_token_is_told(hub, folder):
    with pytest.raises(PublishError, match=r"the Hub answered 401: .*; log in with `hf auth login`"):
        upload(folder, DESTINATION, HfApi(endpoint=hub.url, token="hf_wrong"))


def test_hub_that_is_not_there_is_told(folder, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    with pytest.raises(PublishError, match=r"^some-group/tiny: .*run the command again"):
        upload(folder, DESTINATION, HfApi(endpoint="http://127.0.0.1:9", token=TOKEN))


def test_change_by_others_meanwhile_is_not_overwritten(hub, api, folder, monkeypatch):
    real = api.create_commit

    def overtaken(**arguments):
        monkeypatch.setattr(api, "create_commit", real)
        HfApi(endpoint=hub.url, token=TOKEN).upload_file(
            path_or_fileobj=b"theirs", path_in_repo="note.txt", repo_id="some-group/tiny"
        )
        return real(**arguments)

    monkeypatch.setattr(api, "create_commit", overtaken)
    with pytest.raises(PublishError, match=r"the Hub answered 412: .*; somebody changed the repository meanwhile"):
        upload(folder, DESTINATION, api)
    assert list(contents(repository(hub).commits[-1])) == ["note.txt"]


def test_file_that_is_pushed_while_files_are_listed_is_no_part_of_the_tag(hub, api, folder, monkeypatch):
    real = api.list_repo_tree

    def overtaken(*arguments, **named):
        listed = list(real(*arguments, **named))
        monkeypatch.setattr(api, "list_repo_tree", real)
        push(hub, "note.txt", "theirs")
        return listed

    monkeypatch.setattr(api, "list_repo_tree", overtaken)
    with pytest.raises(PublishError, match=r"the Hub answered 412: .*; somebody changed the repository meanwhile"):
        upload(folder, DESTINATION, api)
    assert repository(hub).tags == {}
    assert list(contents(repository(hub).commits[-1])) == ["note.txt"]


def test_hub_of_the_tests_lists_one_level_and_asks_for_a_token(hub, api, folder):
    upload(folder, DESTINATION, api)
    top = [entry.path for entry in api.list_repo_tree(DESTINATION.repo_id)]
    assert top == [".gitattributes", "README.md", "code_biodir.py", "model.safetensors", "samples"]
    assert [entry.path for entry in api.list_repo_tree(DESTINATION.repo_id, "samples")] == ["samples/sample.pubtator"]
    with pytest.raises(HfHubHTTPError, match="401"):
        HfApi(endpoint=hub.url, token=False).create_tag(DESTINATION.repo_id, tag="v9")


@pytest.mark.parametrize("tag", ["", "main", "a b", "-x", "v1..2", "v1.", "a/b", "v1^"])
def test_tag_that_git_refuses_is_refused(tag):
    with pytest.raises(PublishError, match=f"^--tag {re.escape(repr(tag))}: write a name such as v1.2"):
        check_tag(tag)


@pytest.mark.parametrize("tag", ["v0.1.0", "2026-01-02", "retrained_2"])
def test_usual_tags_are_taken(tag):
    check_tag(tag)


@pytest.mark.parametrize("name", ["tiny", "a/b/c", "/tiny", "some group/tiny", "some-group/", ""])
def test_repository_needs_organisation_and_name(name):
    with pytest.raises(PublishError, match="write ORG/NAME"):
        check_repo_id(name)


@pytest.mark.parametrize("name", ["some-group/tiny", "me/biodir.v1", "A1/b_c"])
def test_usual_names_are_taken(name):
    check_repo_id(name)
