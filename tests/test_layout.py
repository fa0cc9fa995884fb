"""The layout of the tree: links, what is importable, and which file may import which."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from importlib.util import find_spec
from pathlib import Path

import pytest
from transformers.dynamic_module_utils import get_relative_import_files, get_relative_imports

from helpers.checkout import CHECKOUT

PACKAGE = CHECKOUT / "biodir"
HUB_FILES = sorted(path.stem for path in CHECKOUT.glob("*_biodir.py"))
# The prefixes of the Hub files in the order of the data flow; a file imports none that comes after it.
PREFIXES = ("errors", "labels", "configuration", "document", "processing", "modeling", "pipeline")
WITHOUT_TORCH = ("errors", "labels", "document", "processing", "pipeline")
# The file that puts these parts around a model of transformers; the run-time of ONNX graphs does without it.
WITH_TORCH = "pipeline_biodir"
# What a program that loads a model from the Hub has installed.
HUB_LIBRARIES = {"huggingface_hub", "numpy", "torch", "transformers"}


def modules() -> dict[str, Path]:
    """Return the modules of the package by their names."""
    paths = [*PACKAGE.rglob("*.py"), *(PACKAGE / "dataset_script").glob("*.py")]
    names = {path: ".".join(path.relative_to(CHECKOUT).with_suffix("").parts) for path in paths}
    return {name.removesuffix(".__init__"): path for path, name in names.items()}


def imports_of(name: str, path: Path) -> set[str]:
    """Return the modules and names that a module imports when it is itself imported, all with absolute names."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            found.update({module, *(f"{module}.{alias.name}" for alias in node.names)})
    return found


@pytest.fixture(scope="module")
def graph() -> dict[str, set[str]]:
    """Module of the package -> the modules of the package that it imports."""
    known = modules()
    return {name: (imports_of(name, path) & known.keys()) - {name, "biodir"} for name, path in known.items()}


def test_links_in_the_package_are_the_hub_files_and_the_data_sets():
    links = {path.name: str(path.readlink()) for path in PACKAGE.iterdir() if path.is_symlink()}
    names = [*(f"{name}.py" for name in HUB_FILES), "dataset_script"]
    assert links == {name: f"../{name}" for name in names}


@pytest.mark.parametrize("name", ["setup", "tests", "biodir", "train", "handler", "demo"])
def test_files_around_the_package_are_not_in_it(name):
    assert find_spec(f"biodir.{name}") is None


@pytest.mark.parametrize("name", HUB_FILES)
def test_hub_file_imports_hub_files_before_it_by_relative_name_and_few_libraries(name):
    prefix, path = name.split("_")[0], CHECKOUT / f"{name}.py"
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    relative = {(node.level, node.module) for node in nodes if isinstance(node, ast.ImportFrom) and node.level}
    assert relative <= {(1, other) for other in HUB_FILES}
    siblings = {module for _, module in relative}
    assert set(get_relative_imports(path)) == siblings, "the loader finds siblings by a text search, in docstrings, too"
    before = PREFIXES[: PREFIXES.index(prefix) + 1]
    forbidden = ("modeling",) if prefix == "pipeline" else ()
    assert {module.split("_")[0] for module in siblings} <= {*before} - {*forbidden}
    absolute = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    absolute |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    is_plain = prefix in WITHOUT_TORCH and name != WITH_TORCH
    allowed = HUB_LIBRARIES - {"torch", "transformers"} if is_plain else HUB_LIBRARIES
    assert {module.split(".")[0] for module in absolute} - sys.stdlib_module_names <= allowed


@pytest.mark.parametrize(
    "name", ["configuration_biodir", "modeling_biodir", "modeling_released_biodir", "pipeline_biodir"]
)
def test_file_that_the_hub_loads_names_all_files_that_it_needs(name):
    # From a folder, transformers before 5.8 copies only the files that this one names itself.
    path = CHECKOUT / f"{name}.py"
    needed = {Path(file).name for file in get_relative_import_files(path)}
    assert {f"{module}.py" for module in get_relative_imports(path)} == needed - {path.name}


def test_model_needs_at_most_ten_files():
    needed = {Path(file).name for file in get_relative_import_files(CHECKOUT / "modeling_biodir.py")}
    assert len({"modeling_biodir.py", *needed}) <= 10


def test_model_and_pipeline_do_without_the_model_of_released_weights(graph):
    """The class of `biodir import-released` is imported where a checkpoint names it, and by programs that load any."""
    users = {name for name, imported in graph.items() if "biodir.modeling_released_biodir" in imported}
    assert users == {"biodir.inference.loading", "biodir.released.importing"}


def test_imports_have_no_cycle(graph):
    assert len(list(TopologicalSorter(graph).static_order())) == len(graph)


def test_formats_need_only_documents(graph):
    allowed = {f"biodir.{name}" for name in HUB_FILES if name.startswith(("document", "errors", "labels"))}
    allowed |= {"biodir.files", "biodir.optional"}
    formats = {name for name in graph if name.startswith("biodir.formats.")}
    assert "biodir.formats.pubtator_writer" in formats
    assert set().union(*(graph[name] for name in formats)) <= allowed | formats


def test_documents_are_read_without_torch_and_transformers():
    code = (
        "import sys, biodir, biodir.formats.reading, biodir.document_inputs_biodir, biodir.document_candidates_biodir\n"
        "from biodir.document_sentences_biodir import sentence_spans\n"
        "(document,) = biodir.formats.reading.read_documents('samples/sample.pubtator')\n"
        "assert sentence_spans(document) and biodir.format_pubtator(document)\n"
        "print(sorted({'numpy', 'torch', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
