"""Every public class has an example, and the examples in docstrings give what they show."""

import doctest
import importlib
import inspect
import pkgutil
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import biodir
from biodir.labels_biodir import ENTITY_TYPES, bio_labels
from helpers.marked import marked_document
from helpers.tiny_checkpoint import open_pipeline, save_checkpoint

MODULES = [module.name for module in pkgutil.walk_packages(biodir.__path__, "biodir.")]
# Lines of output may be wrapped, and "..." leaves some out.
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def has_example(name: str) -> bool:
    return b">>> " in Path(find_spec(name).origin).read_bytes()


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """What an example may use without making it: a document of one pair, and a checkpoint with random weights."""
    folder = save_checkpoint(tmp_path_factory.mktemp("examples"), tagger_labels=bio_labels(ENTITY_TYPES))
    extract = open_pipeline(folder)
    document = marked_document("<C:D007501 Iron> binds <G:1956 EGFR>.")
    return {"document": document, "folder": str(folder), "model": extract.model, "tokenizer": extract.tokenizer}


@pytest.mark.parametrize("name", list(filter(has_example, MODULES)))
def test_examples_give_what_they_show(name, given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # Code of a checkpoint goes to a folder of this test, even after other tests have loaded some from another.
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.syspath_prepend(tmp_path / "modules")
    for loaded in [each for each in sys.modules if each.split(".")[0] == "transformers_modules"]:
        monkeypatch.delitem(sys.modules, loaded)
    result = doctest.testmod(importlib.import_module(name), extraglobs=given, optionflags=OPTIONS)
    assert result.attempted > 0
    assert result.failed == 0


def test_public_classes_have_an_example():
    members = [(name, *member) for name in MODULES for member in inspect.getmembers(importlib.import_module(name))]
    classes = [
        (f"{name}.{key}", value.__doc__ or "")
        for name, key, value in members
        if inspect.isclass(value) and value.__module__ == name and not key.startswith("_")
    ]
    assert len(classes) > 50
    assert [name for name, text in classes if ">>> " not in text] == []
