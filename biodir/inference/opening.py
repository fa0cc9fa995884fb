"""The pipeline of the commands: over ONNX graphs where they are, else over torch; libraries print nothing."""

import os
import platform
import shutil
import tempfile
import weakref
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from biodir.checkpoint_names import check_folder, check_revision, default_model, is_path
from biodir.errors_biodir import CheckpointError, SettingError
from biodir.pipeline_extraction_biodir import RelationExtraction
from biodir.runtime.loading import AUTO, has_graphs, load
from biodir.runtime.manifest import ENDINGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from biodir.runtime.extraction import OnnxPipeline

# Files that show an accelerator of NVIDIA or AMD, on Linux; to ask torch takes seconds.
ACCELERATORS = ("/dev/nvidiactl", "/dev/kfd")


def open_pipeline(
    model: str | os.PathLike[str] | None = None,
    device: str | int | None = None,
    backend: str = AUTO,
    warn: "Callable[[str], object]" = print,
    revision: str | None = None,
) -> RelationExtraction:
    """Return the pipeline of a checkpoint.

    Args:
        model: folder or Hub id; None for $BIODIR_MODEL or, in a checkout, the checkpoint in it.
        device: see `load_pipeline`.
        backend: one of `BACKENDS`; "auto" for the run-time of ONNX graphs if the device is a CPU and the checkpoint has
            graphs, else torch. Without graphs "onnx" and "onnx-int8" are exported at every start.
        warn: takes a line about graphs that were not taken or are exported.
        revision: branch, tag or commit of a Hub id, for all its files; None for main.

    Raises:
        CheckpointError: there is no checkpoint, or its files are missing or do not fit together.
        SettingError: the device or the back end cannot be used, a library is missing, or a folder has a revision.
    """
    name = os.fspath(model) if model else default_model()
    check_revision(name, revision)
    if is_path(name):
        check_folder(name)
    if backend == AUTO:
        return _graphs_of(name, device, warn, revision) or _torch_pipeline(name, device, "torch", revision)
    if backend not in ENDINGS:
        return _torch_pipeline(name, device, backend, revision)
    if device not in (None, "cpu"):
        raise SettingError(f"backend {backend!r} is for CPUs, but the device is {device}; choose torch, or device cpu")
    if not is_path(name) or has_graphs(Path(name)):
        return load(name, backend, revision=revision)
    return _exported(name, backend, warn)


def _graphs_of(
    name: str, device: str | int | None, warn: "Callable[[str], object]", revision: str | None
) -> "OnnxPipeline | None":
    """Return the pipeline over the graphs of a checkpoint; None where torch serves better or is needed."""
    if device not in (None, "cpu") or (device is None and _has_accelerator()) or not find_spec("onnxruntime"):
        return None
    if is_path(name) and not has_graphs(Path(name)):
        return None
    try:
        return load(name, revision=revision)
    except CheckpointError as error:
        if not find_spec("torch"):
            raise
        if is_path(name):  # a model on the Hub may have no graphs
            warn(f"the graphs are not taken: {error}")
        return None


def _torch_pipeline(
    name: str, device: str | int | None, backend: str, revision: str | None = None
) -> RelationExtraction:
    for library in ("torch", "transformers"):
        if not find_spec(library):
            raise _without(library, name, backend)
    from transformers.utils import logging as transformers_logging

    from biodir.inference.loading import load_pipeline

    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    return load_pipeline(name, device, backend, revision)


def _without(library: str, name: str, backend: str) -> SettingError:
    """Return the error that a library is missing that a checkpoint needs."""
    if is_path(name) and has_graphs(Path(name)):
        return SettingError(
            f"{name}: the back end {backend} needs {library}, which biodir-runtime does not install; leave --backend "
            "out to take the graphs, or choose one of " + ", ".join(ENDINGS)
        )
    return SettingError(
        f"{name}: without ONNX graphs this needs {library}, which biodir-runtime does not install; pip install biodir "
        "elsewhere, or write the graphs where it is installed, with biodir export-onnx"
    )


def _exported(name: str, backend: str, warn: "Callable[[str], object]") -> "OnnxPipeline":
    """Return the pipeline over graphs that are written to a folder that goes with it."""
    from biodir.inference.onnx_export import export_model

    warn("exporting the ONNX graphs, which takes a while; biodir export-onnx writes them once for all starts")
    found = _torch_pipeline(name, "cpu", "torch")
    folder = Path(tempfile.mkdtemp(prefix="biodir-onnx-"))
    try:
        export_model(found.model, found.tokenizer, folder, [backend], Path(name))  # type: ignore[attr-defined]
        extract = load(folder, backend)
    except BaseException:
        shutil.rmtree(folder)
        raise
    weakref.finalize(extract, _remove, folder, os.getpid())
    return extract


def _remove(folder: Path, process: int) -> None:
    if os.getpid() == process:  # not in a fork, which may end before the process that it came from
        shutil.rmtree(folder, ignore_errors=True)


def _has_accelerator() -> bool:
    is_apple = platform.system() == "Darwin" and platform.machine() == "arm64"
    return is_apple or any(map(os.path.exists, ACCELERATORS))
