"""Lets the C library keep freed memory, so that large tensors are not mapped and faulted in anew at every step."""

import ctypes
import os
import platform

# Parameters of mallopt(3), from <malloc.h> of the GNU C library, and what they are set to; values are C ints.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
KEPT = {M_MMAP_MAX: 0, M_TRIM_THRESHOLD: 2**31 - 1, M_TOP_PAD: 2**28}


def keep_freed_memory() -> bool:
    """True where freed memory is kept by this process from now on: with the GNU C library, unless its user chose.

    By default every large block is given back to the system when it is freed, and zeroed page by page when the next
    one is asked for, which can cost more than the computation. With variables `MALLOC_*` in the environment, or
    anything in `LD_PRELOAD`, which may be another allocator, nothing is changed.
    """
    chosen = any(name.startswith("MALLOC_") for name in os.environ) or bool(os.environ.get("LD_PRELOAD"))
    if chosen or platform.libc_ver()[0] != "glibc":
        return False
    library = ctypes.CDLL(None)
    return all(library.mallopt(parameter, value) == 1 for parameter, value in KEPT.items())
