"""Files are written atomically, and a file that cannot be opened is named."""

import gzip
import json
from pathlib import Path

import pytest

from biodir.errors_biodir import ParseError, SettingError
from biodir.files import (
    check_paths,
    expand_inputs,
    file_sha256,
    open_input,
    open_output,
    open_text_output,
    write_atomic,
    write_json,
)


def test_json_file_is_the_old_one_until_the_new_one_is_complete(tmp_path):
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


def test_file_is_the_old_one_if_writing_is_cut_off(tmp_path, monkeypatch):
    path = tmp_path / "page.md"
    write_atomic(path, "old")

    def died(source, target):
        raise OSError("power cut")

    monkeypatch.setattr("os.replace", died)
    with pytest.raises(OSError, match="power cut"):
        write_atomic(path, "new")
    assert path.read_text() == "old"


def test_file_is_opened_or_named(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    with open_input(tmp_path / "a") as file:
        assert file.read() == b"abc"
    assert file_sha256(tmp_path / "a").startswith("ba7816bf8f01cfea")
    message = r"b: cannot be read \(No such file or directory\); check the file$"
    with pytest.raises(ParseError, match=message), open_input(tmp_path / "b"):
        pass


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_output_appears_when_it_is_complete(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(b"old")
    with pytest.raises(TypeError), open_text_output(path) as file:
        print("new", file=file, end=7)
    assert path.read_bytes() == b"old"
    with open_text_output(path) as file:
        file.write("\u03b1\n")
        assert path.read_bytes() == b"old"
    content = path.read_bytes()
    assert (gzip.decompress(content) if name.endswith(".gz") else content) == "\u03b1\n".encode()
    assert list(tmp_path.iterdir()) == [path]


def test_output_to_standard_output_leaves_it_open(capfdbinary):
    for _ in range(2):
        with open_output(Path("-")) as file:
            file.write(b"\xff")
    assert capfdbinary.readouterr().out == b"\xff\xff"


def test_files_of_folders_and_patterns_are_sorted_and_outputs_are_not_among_them(tmp_path):
    names = ("b.jsonl", "a.txt", "a.ann", ".hidden", "in/c.xml", "out.jsonl", "out.jsonl.parts/part-00000000")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    outputs = [tmp_path / "out.jsonl", tmp_path / "out.jsonl.parts"]
    found = expand_inputs([tmp_path / "b.jsonl", tmp_path, Path("-")], outputs)
    assert [each.relative_to(tmp_path).as_posix() for each in found[:-1]] == ["b.jsonl", "a.ann", "b.jsonl", "in/c.xml"]
    assert found[-1] == Path("-")
    assert expand_inputs([tmp_path / "*" / "*.xml"]) == [tmp_path / "in" / "c.xml"]
    with pytest.raises(SettingError, match=r"\*\.gz: names no file; check the pattern"):
        expand_inputs([tmp_path / "*.gz"])


def test_zstandard_is_unpacked_and_a_file_that_is_cut_off_is_an_error(tmp_path):
    zstd = pytest.importorskip("backports.zstd")
    packed = zstd.compress(bytes(range(256)) * 1000)
    (tmp_path / "a.txt").write_bytes(packed)
    with open_input(tmp_path / "a.txt") as file:
        assert file.read() == bytes(range(256)) * 1000
    for damaged in (packed[:-5], packed[:4] + b"\xff" * 40):
        (tmp_path / "a.txt").write_bytes(damaged)
        with pytest.raises(ParseError, match=r"a\.txt: is damaged or cut off"), open_input(tmp_path / "a.txt") as file:
            file.read()


def test_output_over_the_text_of_an_input_is_an_error(tmp_path):
    for name in ("a.ann", "a.txt"):
        (tmp_path / name).touch()
    with pytest.raises(SettingError, match=r"a\.txt is an input as well"):
        check_paths([tmp_path / "a.ann"], [tmp_path / "a.txt"])


def test_two_outputs_with_one_path_are_an_error(tmp_path):
    with pytest.raises(SettingError, match="is given for two outputs; name another file"):
        check_paths([], [tmp_path / "same.html", tmp_path / "." / "same.html"])


def test_standard_input_is_one_file():
    check_paths([Path("-")])
    with pytest.raises(SettingError, match=r"^-: standard input is given twice, and can be read once; name a file"):
        check_paths([Path("-"), Path("-")])
