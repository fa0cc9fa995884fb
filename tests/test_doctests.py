"""The examples in docstrings give what they show, and every public class has one."""

import doctest
import importlib
import inspect
import pkgutil
from importlib.util import find_spec
from pathlib import Path

import pytest

import biodir
from biodir.document_candidates_biodir import CandidatePair


def modules_with_examples() -> list[str]:
    names = ["handler", *(module.name for module in pkgutil.walk_packages(biodir.__path__, "biodir."))]
    return [name for name in names if b">>> " in Path(find_spec(name).origin).read_bytes()]


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_give_what_they_show(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0


def test_public_classes_have_an_example():
    public = [getattr(biodir, name) for name in biodir.__all__] + [CandidatePair]
    classes = [each for each in public if inspect.isclass(each) and not issubclass(each, Exception)]
    assert [each.__name__ for each in classes if ">>> " not in each.__doc__] == []
