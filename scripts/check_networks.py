"""Open the files of networks with programs that are not ours, and compare what they read.

    python scripts/check_networks.py FOLDER

FOLDER has `graph.cx2`, `graph.graphml` and the CSV files of one network. Needs the environment that
`make check-networks` makes; no part of it uses the network.
"""

import json
import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

import igraph
import ndex2.cx2
import networkx
import pandas

# What CX2 has beside the properties that all formats have, and GraphML.
CX2_ONLY, GRAPHML_ONLY = {"represents", "interaction"}, {"label", "weight", "id"}
Rows = Counter[str]


def rows(values: Any, without: set[str]) -> Rows:
    """Return rows of properties as texts that can be compared: lists are lines, and what is empty is left out."""
    return Counter(
        json.dumps(
            {
                name: " ".join("\n".join(value).split()) if isinstance(value, list) else _plain(value)
                for name, value in sorted(row.items())
                if name not in without and value not in ("", [], None) and value == value
            }
        )
        for row in values
    )


def _plain(value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value, str) else float(value)


def from_cx2(path: Path) -> tuple[Rows, Rows]:
    """Return the nodes and edges that ndex2 reads."""
    network = ndex2.cx2.RawCX2NetworkFactory().get_cx2network(json.loads(path.read_text(encoding="utf-8")))
    parts = network.get_nodes(), network.get_edges()
    nodes, edges = (rows((each["v"] for each in part.values()), CX2_ONLY) for part in parts)
    return nodes, edges


def from_networkx(path: Path) -> tuple[Rows, Rows]:
    """Return the nodes and edges that networkx reads."""
    graph = networkx.read_graphml(path, force_multigraph=True)
    nodes, edges = (dict(each) for _, each in graph.nodes(data=True)), (each for *_, each in graph.edges(data=True))
    return rows(nodes, GRAPHML_ONLY), rows(edges, GRAPHML_ONLY)


def from_igraph(path: Path) -> tuple[Rows, Rows]:
    """Return the nodes and edges that igraph reads."""
    graph = igraph.Graph.Read_GraphML(str(path))
    nodes, edges = ([each.attributes() for each in part] for part in (graph.vs, graph.es))
    return rows(nodes, GRAPHML_ONLY), rows(edges, GRAPHML_ONLY)


def csv_faults(folder: Path, nodes: int, edges: int) -> list[str]:
    """Return what the importer of Neo4j would refuse: ids that are not distinct, ends without node, other types."""
    node_rows, edge_rows = (pandas.read_csv(folder / f"graph_{name}.csv") for name in ("nodes", "edges"))
    ids = node_rows["key:ID"]
    ends = set(edge_rows[":START_ID"]) | set(edge_rows[":END_ID"])
    integers = [name for table in (node_rows, edge_rows) for name in table if name.endswith(":int")]
    tables = {**node_rows.dtypes, **edge_rows.dtypes}
    checks = {
        "number of rows": (len(node_rows), len(edge_rows)) == (nodes, edges),
        "ids are not distinct": ids.is_unique,
        "ends that are no nodes": ends == set(ids),
        "no integers": all(tables[name].kind == "i" for name in integers) and bool(integers),
        "no truth values": tables["directed:boolean"].kind == "b",
        "empty types": not edge_rows[":TYPE"].isna().any(),
    }
    return [f"CSV: {fault}" for fault, is_right in checks.items() if not is_right]


def main(folder: Path) -> int:
    """Check the files in the folder and return 1 if there is any fault."""
    expected = from_cx2(folder / "graph.cx2")
    sizes = tuple(part.total() for part in expected)
    print(f"ndex2 {version('ndex2')}: {sizes[0]} nodes, {sizes[1]} edges")
    faults = csv_faults(folder, *sizes)
    for name, read in (("networkx", from_networkx), ("igraph", from_igraph)):
        found = read(folder / "graph.graphml")
        print(f"{name} {version(name)}: {found[0].total()} nodes, {found[1].total()} edges")
        for what, ours, theirs in zip(("nodes", "edges"), expected, found, strict=True):
            for row in list(theirs - ours)[:3]:
                faults.append(f"{name}: other {what} than ndex2 reads, such as {row}")
            if ours - theirs:
                faults.append(f"{name}: {what} that ndex2 reads are absent: {(ours - theirs).total()}")
    for fault in faults:
        print(f"  {fault}")
    print(f"faults: {len(faults)}")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
