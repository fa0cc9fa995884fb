"""The error of this folder."""

from biodir.errors_biodir import BioDirError


class PublishError(BioDirError):
    """Something that cannot be published as it is, or that the Hub refused; says what to do."""
