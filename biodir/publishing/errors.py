"""The errors of this folder."""

from biodir.errors_biodir import BioDirError


class PublishError(BioDirError):
    """Something that cannot be published as it is, or that the Hub refused; says what to do."""


class HubError(PublishError):
    """The Hub cannot be reached or refuses what it was asked."""
