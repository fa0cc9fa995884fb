"""Load a folder of graphs, or the graphs of a model on the Hub."""

from dataclasses import replace
from numbers import Integral
from pathlib import Path
from typing import Any

from biodir.checkpoint_names import check_folder, check_revision, default_model, fetched_files, is_path
from biodir.errors_biodir import CheckpointError, SettingError
from biodir.runtime.extraction import OnnxPipeline
from biodir.runtime.manifest import ENDINGS, FOLDER, MANIFEST, Manifest, check_sources
from biodir.runtime.sessions import thread_count

AUTO = "auto"


def load(
    model: str | Path | None = None,
    backend: str = AUTO,
    threads: int | None = None,
    revision: str | None = None,
    **parameters: Any,
) -> OnnxPipeline:
    """Return the pipeline over the ONNX graphs of a checkpoint; it needs no torch.

    Args:
        model: folder of a checkpoint with its graphs, or of graphs; or Hub id, of which only the graphs are fetched.
            None for $BIODIR_MODEL or, in a checkout, the checkpoint in it.
        backend: "onnx" (float32), "onnx-int8", or "auto" for the first of these whose graphs are there.
        threads: that compute; by default $OMP_NUM_THREADS, or one for each core that the process may use.
        revision: branch, tag or commit of a Hub id; None for main.
        parameters: of every call that does not give them itself, see `BioDirPipeline`.

    Raises:
        CheckpointError: there are no graphs, or they are of other files than those of the checkpoint beside them.
        SettingError: the back end or a parameter is not as described, a library is missing, or a folder has a revision.
    """
    if threads is not None and (isinstance(threads, bool) or not isinstance(threads, Integral) or threads < 1):
        raise SettingError(f"threads is {threads!r}; it counts threads, at least 1")
    name = str(model) if model is not None else default_model()
    check_revision(name, revision)
    if is_path(name):
        check_folder(name)
    folder = graph_folder(Path(name)) if is_path(name) else _fetched(name, revision)
    manifest = Manifest.read(folder)
    chosen = _chosen(backend, manifest, folder)
    if folder.absolute().name == FOLDER:  # any other folder may lie beside another checkpoint
        check_sources(folder.absolute().parent, manifest)
    manifest = replace(manifest, settings=replace(manifest.settings, name_or_path=name))
    # Files are read when they are needed, then perhaps in another working directory.
    return OnnxPipeline(folder.absolute(), manifest, chosen, thread_count(threads), **parameters)


def has_graphs(folder: Path) -> bool:
    """Return whether a folder, that of a checkpoint or of graphs, has graphs for the run-time."""
    return (graph_folder(folder) / MANIFEST).is_file()


def graph_folder(folder: Path) -> Path:
    """Return the folder of the graphs: the one in that of a checkpoint, or the folder itself if it has a manifest."""
    return folder if (folder / MANIFEST).is_file() else folder / FOLDER


def _chosen(backend: str, manifest: Manifest, folder: Path) -> str:
    if backend not in (AUTO, *ENDINGS):
        raise SettingError(f"backend is {backend!r}; choose one of {', '.join((AUTO, *ENDINGS))}")
    found = manifest.backends
    if not found or backend not in (AUTO, *found):
        raise CheckpointError(
            f"{folder} has no graphs for {'any back end' if backend == AUTO else backend}; write them with "
            "biodir export-onnx"
        )
    return found[0] if backend == AUTO else backend


def _fetched(name: str, revision: str | None) -> Path:
    """Return the folder of the graphs of a model on the Hub."""
    found = fetched_files(name, [f"{FOLDER}/*"], revision)
    if not has_graphs(found):
        raise CheckpointError(
            f"{name}: the model on the Hub has no ONNX graphs; load it with transformers, or write them with biodir "
            "export-onnx into a folder of your own"
        )
    return graph_folder(found)
