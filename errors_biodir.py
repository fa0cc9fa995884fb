"""The errors that biodir raises on bad input, all of them subclasses of ValueError.

A message holds the place, the value seen and the fix. When the code was loaded from the Hub with
``trust_remote_code=True`` its classes are separate copies of these: catch ``ValueError`` there.
"""


class BioDirError(ValueError):
    """Base of every error that biodir raises on a caller's bad input."""


class ParseError(BioDirError):
    """A file or string that does not follow its format; names the file and the line."""


class AnnotationError(BioDirError):
    """A document whose mentions, entities or relations contradict its text or the model's labels."""


class SettingError(BioDirError):
    """A parameter or configuration value outside what is allowed."""


class CheckpointError(BioDirError):
    """A model folder that lacks a file, or whose files do not fit together."""
