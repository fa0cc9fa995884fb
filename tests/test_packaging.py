"""What a wheel and a source distribution hold."""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import biodir
from helpers.checkout import CHECKOUT

NO_SOURCE_FOLDERS = {"build", "dist", "runs", "shared", "venv"}


def name_of(path: Path) -> str:
    """Return the path in the checkout."""
    return path.relative_to(CHECKOUT).as_posix()


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> dict[str, Path]:
    """A wheel, a source distribution, and a wheel made from that, of a copy of the checkout."""
    folder = tmp_path_factory.mktemp("built")
    left_out = shutil.ignore_patterns(".*", *NO_SOURCE_FOLDERS, "*.egg-info", "__pycache__", "*.safetensors")
    shutil.copytree(CHECKOUT, folder / "tree", symlinks=True, ignore=left_out)
    (folder / "tree" / "model.safetensors").write_bytes(b"weights")
    build = "import sys, setuptools.build_meta as b; b.build_sdist(sys.argv[1])"
    run([sys.executable, "-c", build, str(folder)], folder / "tree")
    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    found = {"sdist": sdist}
    for name, tree in (("wheel", folder / "tree"), ("wheel of sdist", next((folder / "unpacked").iterdir()))):
        options = ["--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder / name)]
        run([sys.executable, "-m", "pip", "wheel", str(tree), *options], folder)
        (found[name],) = (folder / name).glob("*.whl")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", ["wheel", "wheel of sdist"])
def test_wheel_holds_the_package_and_nothing_else(built, name):
    sources = [path for folder in ("biodir", "dataset_script") for path in (CHECKOUT / folder).rglob("*")]
    suffixes = (".py", ".j2", ".html", ".css", ".js", ".LICENSE", ".typed")
    kept = {name_of(path) for path in sources if path.suffix in suffixes}
    expected = {path if path.startswith("biodir/") else f"biodir/{path}" for path in kept}
    metadata = f"biodir-{biodir.__version__}.dist-info"
    files = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "top_level.txt", "licenses/LICENSE")
    files += ("licenses/biodir/networks/assets/cytoscape.LICENSE",)
    with zipfile.ZipFile(built[name]) as archive:
        assert sorted(archive.namelist()) == sorted(expected | {f"{metadata}/{file}" for file in files})
        assert [each.filename for each in archive.infolist() if each.external_attr >> 28 == 0o12] == [], "links"


@pytest.mark.slow
def test_source_distribution_holds_files_for_links_and_no_tests(built):
    with tarfile.open(built["sdist"]) as archive:
        members = archive.getmembers()
    assert [member.name for member in members if member.issym() or member.islnk()] == []
    assert [member.name for member in members if "/tests" in member.name or "safetensors" in member.name] == []


@pytest.mark.slow
def test_installed_wheel_is_imported_from_its_own_folder(built, tmp_path):
    target, elsewhere = tmp_path / "installed", tmp_path / "elsewhere"
    elsewhere.mkdir()
    options = ["--no-deps", "--no-index", "--target", str(target)]
    run([sys.executable, "-m", "pip", "install", *options, str(built["wheel"])], tmp_path)
    modules = ("biodir", "biodir.modeling_biodir", "biodir.dataset_script.builder", "biodir.publishing.command")
    code = f"import importlib, sys; sys.path.insert(0, {str(target)!r})\n"
    code += f"for name in {modules}: print(importlib.import_module(name).__file__)"
    files = run([sys.executable, "-c", code], elsewhere).splitlines()
    assert len(files) == len(modules)
    assert [file for file in files if target not in Path(file).parents] == []
    program = f"import sys; sys.path.insert(0, {str(target)!r}); from biodir.cli import main; main(['--help'])"
    assert "Usage: biodir" in run([sys.executable, "-c", program], elsewhere)


def run(command: list[str], cwd: Path) -> str:
    """Return the standard output of a command that succeeds; fail with its error output otherwise."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout
