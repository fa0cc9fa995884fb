"""Files that appear whole or not at all."""

import json

import pytest

from biodir.files import write_atomic, write_json


def test_json_file_is_the_old_one_until_it_is_whole(tmp_path):
    path = tmp_path / "log.json"
    write_json(path, {"epoch": 1})
    with pytest.raises(TypeError):
        write_json(path, {"epoch": object()})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"loss": float("nan")})
    assert json.loads(path.read_text()) == {"epoch": 1}
    write_json(path, {"epoch": 2, "name": "é"})
    assert path.read_text(encoding="utf-8") == '{\n  "epoch": 2,\n  "name": "é"\n}\n'
    assert [each.name for each in tmp_path.iterdir()] == ["log.json"]


def test_file_is_the_old_one_where_writing_is_cut_off(tmp_path, monkeypatch):
    path = tmp_path / "page.md"
    write_atomic(path, "old")

    def died(source, target):
        raise OSError("power cut")

    monkeypatch.setattr("os.replace", died)
    with pytest.raises(OSError, match="power cut"):
        write_atomic(path, "new")
    assert path.read_text() == "old"
