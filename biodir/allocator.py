"""Let the C library keep freed memory, so that the pages of large tensors are not mapped again at every step."""

import ctypes
import os
import platform
from typing import Any

# Parameters of mallopt(3), from <malloc.h> of the GNU C library, and what they are set to; values are C ints.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
KEPT = {M_MMAP_MAX: 0, M_TRIM_THRESHOLD: 2**31 - 1, M_TOP_PAD: 2**28}


def keep_freed_memory() -> bool:
    """Let this process keep freed memory from now on, and return whether it does: only the GNU C library can.

    By default every large block is returned to the system when it is freed, and zeroed page by page when the next
    one is allocated, which can take longer than the computation. Nothing changes if the environment has variables
    `MALLOC_*`, which are the user's choice, or `LD_PRELOAD`, which may name another allocator.
    """
    library = _library()
    return library is not None and all(library.mallopt(parameter, value) == 1 for parameter, value in KEPT.items())


def release_freed_memory() -> None:
    """Return freed memory to the system once, where `keep_freed_memory` works.

    Blocks of many sizes leave gaps that nothing fills: a process that computes one batch after another would grow.
    """
    library = _library()
    if library is not None:
        library.malloc_trim(0)


def _library() -> Any:
    """Return the GNU C library, None where it is another one or the user chose how it allocates."""
    chosen = any(name.startswith("MALLOC_") for name in os.environ) or bool(os.environ.get("LD_PRELOAD"))
    return None if chosen or platform.libc_ver()[0] != "glibc" else ctypes.CDLL(None)
