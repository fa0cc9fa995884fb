"""The layout holds: who may import whom, and what a wheel contains."""

import ast
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import biodir
from helpers.checkout import CHECKOUT

# Every flat module, in the order of the data flow: a module imports only modules above it.
FLAT_ORDER = (
    "errors_biodir",
    "configuration_biodir",
    "document_biodir",
    "document_sentences_biodir",
    "document_pubtator_biodir",
    "document_inputs_biodir",
    "document_candidates_biodir",
    "processing_windows_biodir",
    "processing_features_biodir",
    "processing_batching_biodir",
    "processing_tokens_biodir",
    "processing_document_biodir",
    "modeling_attention_biodir",
    "modeling_pooled_biodir",
    "modeling_document_biodir",
    "modeling_heads_biodir",
    "modeling_losses_biodir",
    "modeling_biodir",
    "pipeline_decoding_biodir",
    "pipeline_engine_biodir",
    "pipeline_biodir",
)
OUTSIDE_LIBRARIES = {"torch", "transformers"}
# Holds `strict`, by which transformers declares its configurations; transformers does not exist without it.
STRICT_CONFIGURATION = "huggingface_hub.dataclasses"
NO_SOURCE_FOLDERS = {"build", "dist", "runs", "shared", "venv"}
SUBPACKAGES = ("dataset_script", "evaluation", "formats", "inference", "publishing", "training")
FLAT_FILES = sorted(CHECKOUT.glob("*_biodir.py"))
# A text search finds the siblings when transformers copies a model's code from the Hub, in docstrings, too.
HUB_RELATIVE_IMPORT = re.compile(r"^\s*(?:import\s+\.(\S+)|from\s+\.(\S+)\s+import)", re.MULTILINE)


def folder_files() -> list[Path]:
    """The Python files beside the flat modules: in folders, and scripts such as train.py."""
    folders = [path for path in CHECKOUT.glob("[!.]*/") if path.name not in NO_SOURCE_FOLDERS]
    scripts = [path for path in CHECKOUT.glob("*.py") if path not in FLAT_FILES]
    return sorted([path for folder in folders for path in folder.rglob("*.py")] + scripts)


def imports_of(source: str) -> Iterator[ast.Import | ast.ImportFrom]:
    """The import statements of a source text, wherever they stand."""
    return (node for node in ast.walk(ast.parse(source)) if isinstance(node, (ast.Import, ast.ImportFrom)))


def flat_import_faults(source: str, allowed_siblings: set[str]) -> list[str]:
    """What a flat module imports against the rule, one sentence each."""
    faults = []
    for node in imports_of(source):
        place = f"line {node.lineno}: `{ast.unparse(node)}`"
        if isinstance(node, ast.ImportFrom) and node.level:
            if node.level > 1 or node.module is None or "." in node.module:
                faults.append(f"{place}: siblings are imported as `from .module import name`")
            elif node.module not in allowed_siblings:
                faults.append(f"{place}: {node.module} is no flat module above this one")
            continue
        names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
        roots = {name.split(".")[0] for name in names if name != STRICT_CONFIGURATION}
        if not roots <= OUTSIDE_LIBRARIES | sys.stdlib_module_names:
            faults.append(f"{place}: flat modules use the standard library, torch and transformers only")
    return faults


def folder_import_faults(source: str) -> list[str]:
    """Where a file in a folder imports a flat module otherwise than as `biodir.<module>`, one sentence each."""
    faults = []
    for node in imports_of(source):
        if isinstance(node, ast.ImportFrom):
            relative_or_bare = node.level > 0 or node.module.split(".")[0] != "biodir"
            names = [node.module or "", *(alias.name for alias in node.names)] if relative_or_bare else []
        else:
            names = [alias.name for alias in node.names if not alias.name.startswith("biodir.")]
        if any(part.endswith("_biodir") for name in names for part in name.split(".")):
            faults.append(f"line {node.lineno}: `{ast.unparse(node)}`: import flat modules as biodir.<module>")
    return faults


@pytest.mark.parametrize("path", FLAT_FILES, ids=lambda path: path.stem)
def test_flat_module_imports_only_what_stands_above_it(path):
    assert path.stem in FLAT_ORDER, f"{path.name} is not in FLAT_ORDER; give it its place in the data flow"
    above = set(FLAT_ORDER[: FLAT_ORDER.index(path.stem)])
    assert flat_import_faults(path.read_text(encoding="utf-8"), above) == []


@pytest.mark.parametrize("path", FLAT_FILES, ids=lambda path: path.stem)
def test_text_search_of_the_hub_loader_finds_the_real_siblings(path):
    source = path.read_text(encoding="utf-8")
    real = {node.module for node in imports_of(source) if isinstance(node, ast.ImportFrom) and node.level}
    assert {first or second for first, second in HUB_RELATIVE_IMPORT.findall(source)} == real


@pytest.mark.parametrize(
    "line",
    [
        "from . import errors_biodir",
        "from ..errors_biodir import BioDirError",
        "from .sub.errors_biodir import BioDirError",
        "from .pipeline_biodir import BioDirPipeline",
        "from .evaluation import scores",
        "import numpy as np",
        "from huggingface_hub import snapshot_download",
        "from biodir.errors_biodir import BioDirError",
        "def load():\n    import datasets",
    ],
)
def test_import_rule_of_flat_modules_refuses(line):
    assert len(flat_import_faults(line, {"errors_biodir"})) == 1


@pytest.mark.parametrize(
    "line",
    [
        "from .errors_biodir import BioDirError",
        "import torch.nn as nn",
        "from transformers import Pipeline",
        "import re",
    ],
)
def test_import_rule_of_flat_modules_accepts(line):
    assert flat_import_faults(line, {"errors_biodir"}) == []


def test_pipeline_does_not_import_modeling():
    path = CHECKOUT / "pipeline_biodir.py"
    assert "modeling_biodir" not in {
        node.module for node in imports_of(path.read_text()) if isinstance(node, ast.ImportFrom)
    }


@pytest.mark.parametrize("path", folder_files(), ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_folder_imports_flat_modules_by_the_import_name(path):
    assert folder_import_faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "from ..document_biodir import Document",
        "from .. import document_biodir",
        "from document_biodir import Document",
        "import document_biodir",
    ],
)
def test_import_rule_of_folders_refuses(line):
    assert len(folder_import_faults(line)) == 1


@pytest.mark.parametrize(
    "line",
    [
        "from biodir.document_biodir import Document",
        "import biodir.document_biodir",
        "from biodir import Document",
        "from .scores import f1",
    ],
)
def test_import_rule_of_folders_accepts(line):
    assert folder_import_faults(line) == []


def test_reading_documents_loads_neither_torch_nor_transformers():
    code = "import sys, biodir; print(sorted({'torch', 'transformers', 'numpy'} & set(sys.modules)))"
    assert run_python(code, cwd=CHECKOUT) == "[]"


def test_names_in_all_exist():
    assert [name for name in biodir.__all__ if not hasattr(biodir, name)] == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """A wheel built from a copy of the checkout that also holds weights and a helper at the top."""
    folder = tmp_path_factory.mktemp("wheel")
    kept_out = shutil.ignore_patterns(".*", *NO_SOURCE_FOLDERS, "*.egg-info", "__pycache__", "*.safetensors")
    shutil.copytree(CHECKOUT, folder / "tree", ignore=kept_out)
    (folder / "tree" / "model.safetensors").write_bytes(b"weights")
    (folder / "tree" / "train.py").write_text("raise SystemExit\n")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        ".",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        str(folder),
    ]
    run(command, cwd=folder / "tree")
    return next(folder.glob("*.whl"))


@pytest.mark.slow
def test_wheel_holds_the_package_and_nothing_else(wheel):
    expected = {f"biodir/{path.name}" for path in [*FLAT_FILES, *(CHECKOUT / "biodir").glob("*.py")]}
    for name in SUBPACKAGES:
        expected |= {f"biodir/{path.relative_to(CHECKOUT)}" for path in (CHECKOUT / name).rglob("*.py")}
        expected |= {f"biodir/{path.relative_to(CHECKOUT)}" for path in (CHECKOUT / name).rglob("*.j2")}
    metadata = f"biodir-{biodir.__version__}.dist-info"
    files = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "top_level.txt", "licenses/LICENSE")
    expected |= {f"{metadata}/{name}" for name in files}
    with zipfile.ZipFile(wheel) as archive:
        assert sorted(archive.namelist()) == sorted(expected)


@pytest.mark.slow
def test_installed_wheel_is_imported_from_its_own_folder(wheel, tmp_path):
    target, elsewhere = tmp_path / "installed", tmp_path / "elsewhere"
    elsewhere.mkdir()
    run(
        [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", str(target), str(wheel)],
        tmp_path,
    )
    modules = ["biodir", "biodir.document_biodir", *(f"biodir.{name}" for name in SUBPACKAGES)]
    code = f"""if True:
        import importlib, sys
        sys.path.insert(0, {str(target)!r})
        for name in {modules!r}:
            print(importlib.import_module(name).__file__)
        import biodir
        print(len(biodir.__path__), biodir.__version__)
    """
    *files, path_and_version = run_python(code, cwd=elsewhere).splitlines()
    assert len(files) == len(modules)
    assert [file for file in files if target not in Path(file).parents] == []
    assert path_and_version == f"1 {biodir.__version__}", "an installed package needs no folder but its own"


def run_python(code: str, cwd: Path) -> str:
    """What the code prints in a new interpreter that knows nothing of this one's import path."""
    return run([sys.executable, "-c", code], cwd).strip()


def run(command: list[str], cwd: Path) -> str:
    """The standard output of a command that succeeds; the test fails with its error output otherwise."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout
