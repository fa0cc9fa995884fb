"""The layout: which file may import which, and what a wheel, a source distribution and a checkout hold."""

import ast
import importlib.util
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import biodir
from helpers.checkout import CHECKOUT

# The prefixes of the flat modules in the order of the data flow: a file imports only files of its own prefix and of
# those before it. `test_flat_modules_have_no_cycle` sees to the order within a prefix.
PREFIXES = ("errors", "labels", "configuration", "document", "processing", "modeling", "pipeline")
# What flat modules may use beside the standard library; processing knows no torch.
OUTSIDE_LIBRARIES = {"torch", "transformers", "numpy", "packaging"}
WITHOUT_TORCH = ("errors", "labels", "document", "processing")
# Holds `strict`, by which transformers declares its configurations; transformers does not exist without it.
STRICT_CONFIGURATION = "huggingface_hub.dataclasses"
NO_SOURCE_FOLDERS = {"build", "dist", "runs", "shared", "venv"}
FLAT_FILES = sorted(CHECKOUT.glob("*_biodir.py"))
# A text search finds the siblings when transformers copies a model's code from the Hub, in docstrings, too.
HUB_RELATIVE_IMPORT = re.compile(r"^\s*(?:import\s+\.(\S+)|from\s+\.(\S+)\s+import)", re.MULTILINE)


def name_of(path: Path) -> str:
    """Return the path in the checkout."""
    return path.relative_to(CHECKOUT).as_posix()


def imports_of(source: str) -> Iterator[ast.Import | ast.ImportFrom]:
    """Return the import statements of a source text, also those in functions."""
    return (node for node in ast.walk(ast.parse(source)) if isinstance(node, (ast.Import, ast.ImportFrom)))


def siblings_of(path: Path) -> set[str]:
    """Return the flat modules that a flat module imports."""
    nodes = imports_of(path.read_text(encoding="utf-8"))
    return {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.level}


def flat_import_faults(name: str, source: str) -> list[str]:
    """Return what a flat module imports against the rules, one sentence for each import."""
    prefix, faults = name.split("_")[0], []
    allowed = OUTSIDE_LIBRARIES - ({"torch", "transformers"} if prefix in WITHOUT_TORCH else set())
    for node in imports_of(source):
        place = f"line {node.lineno}: `{ast.unparse(node)}`"
        if isinstance(node, ast.ImportFrom) and node.level:
            if node.level > 1 or not re.fullmatch(r"\w+_biodir", node.module or ""):
                faults.append(f"{place}: siblings are imported as `from .module_biodir import name`")
            elif PREFIXES.index(node.module.split("_")[0]) > PREFIXES.index(prefix):
                faults.append(f"{place}: {node.module} comes after this file in the data flow")
            elif prefix == "pipeline" and node.module.startswith("modeling"):
                faults.append(f"{place}: the pipeline gets its model as an argument and knows no class of it")
            continue
        names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        roots = {module.split(".")[0] for module in names if module != STRICT_CONFIGURATION}
        if not roots <= allowed | sys.stdlib_module_names:
            faults.append(f"{place}: use the standard library and {', '.join(sorted(allowed))} only")
    return faults


@pytest.mark.parametrize("path", FLAT_FILES, ids=lambda path: path.stem)
def test_flat_module_imports_only_what_it_may(path):
    assert flat_import_faults(path.stem, path.read_text(encoding="utf-8")) == []


def test_flat_modules_have_no_cycle():
    rest = {path.stem: siblings_of(path) for path in FLAT_FILES}
    while free := [name for name, needs in rest.items() if not needs & set(rest)]:
        for name in free:
            del rest[name]
    assert rest == {}, "these import each other"


@pytest.mark.parametrize("path", FLAT_FILES, ids=lambda path: path.stem)
def test_text_search_of_the_hub_loader_finds_the_real_siblings(path):
    found = HUB_RELATIVE_IMPORT.findall(path.read_text(encoding="utf-8"))
    assert {first or second for first, second in found} == siblings_of(path)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("document_biodir", "from . import errors_biodir"),
        ("document_biodir", "from ..errors_biodir import BioDirError"),
        ("document_biodir", "from .sub.errors_biodir import BioDirError"),
        ("document_biodir", "from .evaluation import scores"),
        ("document_biodir", "from biodir.errors_biodir import BioDirError"),
        ("document_biodir", "from .processing_windows_biodir import windows"),
        ("processing_biodir", "import torch"),
        ("modeling_biodir", "from huggingface_hub import snapshot_download"),
        ("modeling_biodir", "def load():\n    import datasets"),
        ("pipeline_biodir", "from .modeling_biodir import BioDirForRelationExtraction"),
    ],
)
def test_import_rule_of_flat_modules_refuses(name, line):
    assert len(flat_import_faults(name, line)) == 1


def test_reading_documents_loads_neither_torch_nor_transformers():
    code = "import sys, biodir; print(sorted({'torch', 'transformers', 'numpy'} & set(sys.modules)))"
    assert run([sys.executable, "-c", code], CHECKOUT) == "[]\n"


def test_names_in_all_exist():
    assert [name for name in biodir.__all__ if not hasattr(biodir, name)] == []


def test_every_flat_module_and_the_data_sets_have_a_link_in_the_package():
    links = {path.name: path.resolve() for path in (CHECKOUT / "biodir").iterdir() if path.is_symlink()}
    assert links == {path.name: path for path in [*FLAT_FILES, CHECKOUT / "dataset_script"]}


@pytest.mark.parametrize("name", ["setup", "tests", "biodir", "train", "handler"])
def test_checkout_does_not_make_other_files_modules_of_the_package(name):
    assert importlib.util.find_spec(f"biodir.{name}") is None


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
    kept = {name_of(path) for path in sources if path.suffix in (".py", ".j2") or path.name == "py.typed"}
    expected = {path if path.startswith("biodir/") else f"biodir/{path}" for path in kept}
    metadata = f"biodir-{biodir.__version__}.dist-info"
    files = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "top_level.txt", "licenses/LICENSE")
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
    program = f"import sys; sys.path.insert(0, {str(target)!r}); from biodir.__main__ import main; main(['--help'])"
    assert "usage: biodir" in run([sys.executable, "-c", program], elsewhere)


def run(command: list[str], cwd: Path) -> str:
    """Return the standard output of a command that succeeds; fail with its error output otherwise."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout
