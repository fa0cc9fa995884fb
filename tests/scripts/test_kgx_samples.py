"""The networks that `make check-kgx` checks."""

from biodir import write_pubtator
from biodir.document_biodir import Relation
from biodir.networks.biolink import RULES, rule_of
from helpers.marked import marked_document
from helpers.script_module import script

samples = script("kgx_samples")


def test_every_rule_has_an_edge():
    assert {rule_of(edge) for edge in samples.network_of_all_rules().edges} == set(RULES)


def test_networks_of_rules_and_inputs_are_written_in_both_forms(tmp_path, capsys):
    document = marked_document("<C:D007501 Iron> and <G:text:x X>.", relations=(Relation("Bind", "D007501", "text:x"),))
    write_pubtator([document], tmp_path / "mine.pubtator")
    samples.main(tmp_path / "kgx", [tmp_path / "mine.pubtator"])
    parts = [f"{part}.{suffix}" for part in ("edges", "nodes") for suffix in ("jsonl", "tsv")]
    names = [f"{name}_{part}" for name in ("mine", "mine_linked", "rules") for part in parts]
    assert sorted(path.name for path in (tmp_path / "kgx").iterdir()) == sorted(names)
    assert f"{tmp_path}/kgx/mine: 2 nodes, 1 edges" in capsys.readouterr().out
