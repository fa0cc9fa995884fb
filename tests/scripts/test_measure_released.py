"""Released weights are timed without and with the padding of the released code, on the same logits."""

import json

import pytest

from biodir.errors_biodir import SettingError
from biodir.formats.pubtator_writer import format_pubtator
from biodir.released.importing import import_released
from helpers.marked import marked_document
from helpers.released import save_released
from helpers.script_module import script
from helpers.tiny_checkpoint import save_checkpoint

measure = script("measure_released")
DOCUMENT = marked_document("<C:1 Aspirin> causes <D:2 pain>. The <G:3 gene> binds. " + "filler " * 400)


@pytest.fixture
def file(tmp_path):
    (tmp_path / "in.pubtator").write_text(format_pubtator(DOCUMENT))
    return tmp_path / "in.pubtator"


def test_tokens_and_seconds_of_both_ways_are_printed(tmp_path, file, capsys):
    import_released(save_released(tmp_path / "source"), tmp_path / "imported")
    capsys.readouterr()
    measure.main([str(tmp_path / "imported"), str(file), "--rounds", "2"])
    found = json.loads(capsys.readouterr().out)
    assert (found["pairs"], found["tokens"]["padded"]) == (3, 3 * 3 * 512)
    assert found["tokens"]["biodir"] < found["tokens"]["padded"]
    assert [len(found["seconds"][name]) for name in ("biodir", "padded")] == [2, 2]


def test_other_checkpoints_are_refused(tmp_path, file):
    with pytest.raises(SettingError, match="pair_encoding is 'pairwise'; name an imported checkpoint"):
        measure.measured(str(save_checkpoint(tmp_path)), file, documents=1, rounds=1)
