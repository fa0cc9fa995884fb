"""What the service answers: JSON values, or that it knows nothing of what is wanted."""

import json
from typing import Any

from biodir.web.answers import PassingFault, Patience, Refusal, answer_bytes

# What the service answers, with the status 400, if it knows none of the identifiers.
NOTHING_KNOWN = "Could not retrieve publications"


def json_answer(url: str, patience: Patience) -> list[Any]:
    """Return the JSON values of the answer of a server as a list, empty if it says that it knows nothing of these.

    PubTator 3 gives one value; its predecessor and mirrors of it give one for each article, one after another.

    Raises:
        PassingFault: there is no complete answer; the next attempt may have one.
        ServiceError: the server refuses the request.
    """
    try:
        content = answer_bytes(url, patience)
    except Refusal as refusal:
        if refusal.status == 400 and NOTHING_KNOWN in refusal.text:
            return []
        raise
    try:
        text = content.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise PassingFault("the answer is not UTF-8") from error
    if not text:
        raise PassingFault("the answer is empty")
    if text.startswith("<"):
        raise PassingFault("the answer is a page of HTML or XML, not JSON")
    decoder, values, place = json.JSONDecoder(), [], 0
    while place < len(text):
        try:
            value, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            raise PassingFault(f"the answer is cut off or no JSON ({error})") from error
        values.append(value)
        while place < len(text) and text[place].isspace():
            place += 1
    return values
