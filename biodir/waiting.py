"""Let threads that wait for work sleep, so that several programs on one machine do not slow each other down."""

import os
from collections.abc import MutableMapping

# OpenMP of GCC, which torch for Linux has, and of Intel and LLVM; its runs of one thread are not changed by these.
PASSIVE = {"OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0"}
CHOSEN_BY = (*PASSIVE, "GOMP_SPINCOUNT", "KMP_LIBRARY")


def wait_passively(environment: MutableMapping[str, str] = os.environ) -> None:
    """Let threads of OpenMP sleep while they wait, in this process and in those that it starts.

    By default a thread that has finished its part of an operation runs on until the others have, for some milliseconds.
    Where two programs take all cores, these are taken from the threads that it waits for. It must be called before
    torch is imported. Nothing changes if a variable of the environment chooses how threads wait.

    Args:
        environment: in which the variables are set.

    >>> variables = {"GOMP_SPINCOUNT": "1000"}
    >>> wait_passively(variables)
    >>> variables
    {'GOMP_SPINCOUNT': '1000'}
    """
    if not any(name in environment for name in CHOSEN_BY):
        environment.update(PASSIVE)
