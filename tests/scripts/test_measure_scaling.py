"""What a document costs, step by step."""

from biodir import write_pubtator
from helpers.marked import marked_document
from helpers.script_module import script
from helpers.tiny_checkpoint import save_checkpoint

measuring = script("measure_scaling")


def test_steps_of_marked_documents_are_measured(tmp_path, capsys):
    documents = [marked_document("Too much <C:D4 iron> harms the <D:D5 liver>.", id=str(index)) for index in range(8)]
    write_pubtator(documents, tmp_path / "in.pubtator")
    checkpoint = save_checkpoint(tmp_path)
    measuring.main([str(tmp_path / "in.pubtator"), "--model", str(checkpoint), "--passes", "1"])
    lines = capsys.readouterr().out.splitlines()
    rows = {line[:20].strip(): float(line[20:].split()[0]) for line in lines if line.endswith((" ms", " bytes"))}
    others = sum(value for name, value in rows.items() if name not in ("relate", "bytes"))
    assert rows["relate"] > others / 10 > 0
    assert rows["bytes"] > 100, "each has a relation"
