"""Let the C library keep freed memory, so that the pages of large tensors are not mapped again at every step."""

import ctypes
import os
import platform

# Parameters of mallopt(3), from <malloc.h> of the GNU C library, and what they are set to; values are C ints.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
KEPT = {M_MMAP_MAX: 0, M_TRIM_THRESHOLD: 2**31 - 1, M_TOP_PAD: 2**28}


def keep_freed_memory() -> bool:
    """Let this process keep freed memory from now on, and return whether it does: only the GNU C library can.

    By default every large block is returned to the system when it is freed, and zeroed page by page when the next
    one is allocated, which can take longer than the computation. Nothing changes if the environment has variables
    `MALLOC_*`, which are the user's choice, or `LD_PRELOAD`, which may name another allocator.
    """
    chosen = any(name.startswith("MALLOC_") for name in os.environ) or bool(os.environ.get("LD_PRELOAD"))
    if chosen or platform.libc_ver()[0] != "glibc":
        return False
    library = ctypes.CDLL(None)
    return all(library.mallopt(parameter, value) == 1 for parameter, value in KEPT.items())
