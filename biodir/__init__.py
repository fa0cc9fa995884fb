"""The import name of the flat modules: `from biodir.document_biodir import Document`.

The modules lie at the top of the repository, where the Hub looks for them. A wheel holds them beside this file; in a
checkout, and in an editable installation, they lie one folder up, and `__path__` is told so. The names exported here
need nothing but the standard library, so that reading a corpus does not load torch; the model and the pipeline are
imported from `biodir.modeling_biodir` and `biodir.pipeline_biodir`.
"""

from pathlib import Path

__version__ = "0.1.0"

_here = Path(__file__).resolve().parent
if not (_here / "modeling_biodir.py").exists():
    __path__.append(str(_here.parent))

from biodir.document_biodir import Document, Entity, Mention, Passage, Relation
from biodir.errors_biodir import AnnotationError, BioDirError, CheckpointError, ParseError, SettingError
from biodir.pubtator_biodir import format_pubtator, parse_document, parse_pubtator, read_pubtator, write_pubtator

__all__ = [
    "AnnotationError",
    "BioDirError",
    "CheckpointError",
    "Document",
    "Entity",
    "Mention",
    "ParseError",
    "Passage",
    "Relation",
    "SettingError",
    "__version__",
    "format_pubtator",
    "parse_document",
    "parse_pubtator",
    "read_pubtator",
    "write_pubtator",
]
