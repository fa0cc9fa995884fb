"""Every format writes every text, and its file can be parsed."""

import pytest

from biodir.labels_biodir import CHEMICAL, GENE
from biodir.networks.formats import FORMATS
from biodir.networks.merging import Edge, Evidence, Node
from biodir.networks.settings import NetworkSettings
from helpers.networks import network_of, parsed_files

HARD = [
    *("\ud800", "\x00", "\ufffe", "\x85", "\u2028", "\r\n", " "),
    *('"', '""', "'", "\\", '\\"', ";", ",", "]]>", "<!--", "&amp;"),
]


@pytest.mark.parametrize("hard", HARD, ids=ascii)
@pytest.mark.parametrize("each", FORMATS, ids=lambda each: each.name)
def test_file_can_be_parsed_and_has_its_two_nodes(each, hard, tmp_path):
    if each.library:
        pytest.importorskip(each.library)
    subject = Node(f"text:{hard}", CHEMICAL, hard, (hard, f"a{hard}"), documents=1)
    target = Node(f"text:a{hard}", GENE, f"a{hard}", documents=1)
    edge = Edge(subject, target, "Positive_Correlation", True, (f"d{hard}",), (Evidence(f"d{hard}", 0, 1, hard),))
    output = tmp_path / f"graph{each.suffix}"
    each.write(network_of(edge), output, NetworkSettings())
    parsed = parsed_files(each, output)
    (first, *others) = parsed
    counts = {
        "kgx-tsv": lambda: [len(rows) - 1 for rows in (first, *others)],
        "kgx-jsonl": lambda: list(map(len, parsed)),
        "neo4j": lambda: [len(rows) - 1 for rows in (first, *others)],
        "cx2": lambda: [part["elementCount"] for part in first[1]["metaData"]][-2:],
        "graphml": lambda: [len(first.findall(f".//{{*}}{name}")) for name in ("node", "edge")],
        "page": lambda: [len(first["nodes"]), len(first["edges"])],
        "indra": lambda: [len({first[0][end]["name"] for end in ("subj", "obj")}), len(first)],
    }
    assert counts[each.name]() == [2, 1]
