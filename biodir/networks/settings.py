"""Settings of the writers of networks."""

import re
from dataclasses import dataclass

from biodir.errors_biodir import SettingError

KNOWLEDGE_SOURCE = "infores:biodir"


@dataclass(frozen=True)
class NetworkSettings:
    """What a user can choose for the files of a network.

    Args:
        knowledge_source: the information resource that edges name as their source, as a CURIE with the prefix
            ``infores:``.

    Raises:
        SettingError: it is no such CURIE.

    >>> NetworkSettings("biodir")
    Traceback (most recent call last):
    biodir.errors_biodir.SettingError: knowledge_source is 'biodir'; it is like 'infores:biodir', in lower case
    """

    knowledge_source: str = KNOWLEDGE_SOURCE

    def __post_init__(self) -> None:
        if not re.fullmatch("infores:[a-z0-9][a-z0-9-]*", self.knowledge_source):
            raise SettingError(
                f"knowledge_source is {self.knowledge_source!r}; it is like {KNOWLEDGE_SOURCE!r}, in lower case"
            )
