"""The command `biodir` as `python -m biodir`."""

import sys

from biodir.cli import main

if __name__ == "__main__":
    sys.exit(main())
