"""The errors of this folder."""

from biodir.errors_biodir import BioDirError


class PublishError(BioDirError):
    """Something cannot be published as it is, or the Hub refused it; the message names the fix.

    >>> from biodir.publishing.card_check import metadata_of
    >>> metadata_of("# A card", "card")
    Traceback (most recent call last):
    biodir.publishing.errors.PublishError: card: has no metadata; put YAML between two lines of --- at the beginning
    """


class HubError(PublishError):
    """The Hub cannot be reached, or refused a request; everything else that cannot be published is no HubError.

    >>> try:
    ...     raise HubError("some-group/tiny: the Hub answered 409: busy; run the command again")
    ... except PublishError as error:
    ...     print(error)
    some-group/tiny: the Hub answered 409: busy; run the command again
    """
