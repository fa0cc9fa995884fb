"""The errors of this folder."""

from biodir.errors_biodir import BioDirError


class PublishError(BioDirError):
    """Something cannot be published as it is, or the Hub refused it; the message names the fix."""


class HubError(PublishError):
    """The Hub cannot be reached, or refused a request."""
