"""Every format writes every text, and its file can be parsed."""

import csv
import json
from xml.etree import ElementTree

import pytest

from biodir.labels_biodir import CHEMICAL, GENE
from biodir.networks.formats import FORMATS
from biodir.networks.merging import Edge, Evidence, Node
from biodir.networks.settings import NetworkSettings
from helpers.networks import network_of

PARSE = {
    ".tsv": lambda text: [line.split("\t") for line in text.splitlines()],
    ".jsonl": lambda text: list(map(json.loads, text.split("\n")[:-1])),
    ".csv": lambda text: list(csv.reader(text.splitlines(), strict=True)),
    ".cx2": json.loads,
    ".indra.json": json.loads,
    ".graphml": ElementTree.fromstring,
    ".html": lambda text: json.loads(text.split('id="network">', 1)[1].split("</script>", 1)[0]),
}
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
    parsed = [PARSE[each.suffix](path.read_text(encoding="utf-8")) for path in each.paths(output)]
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
