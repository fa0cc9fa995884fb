"""What the answers of a server cost, and what was wrong with them, in lines for the user."""

from collections.abc import Mapping

from biodir.llm.server import ASKED, STORED, STORED_IN, STORED_OUT, TOKENS_IN, TOKENS_OUT, UNCOUNTED

# Prices are those of so many tokens.
PRICED_TOKENS = 1_000_000


def usage_lines(
    counts: Mapping[str, int],
    price_in: float | None = None,
    price_out: float | None = None,
    first_of: Mapping[str, str] | None = None,
) -> list[str]:
    """Return lines with answers, tokens, cost and all that was counted.

    Args:
        counts: of a run.
        price_in: of a million tokens of prompts; None for no cost.
        price_out: of a million tokens of answers.
        first_of: what is counted -> its first example, of those that this process met.

    >>> usage_lines({"answers": 2, "prompt tokens": 1500, "answer tokens": 100, "pairs without a usable answer": 1}, 2)
    ['answers: 2', 'tokens: 1,500 in prompts, 100 in answers; cost: 0.003', 'pairs without a usable answer: 1']
    """
    named = {ASKED, STORED, TOKENS_IN, TOKENS_OUT, STORED_IN, STORED_OUT, UNCOUNTED}
    count = {name: counts.get(name, 0) for name in named}
    stored = f", of these from the cache: {count[STORED]:,}" if count[STORED] else ""
    lines = [f"answers: {count[ASKED]:,}{stored}"]
    tokens = f"tokens: {count[TOKENS_IN]:,} in prompts, {count[TOKENS_OUT]:,} in answers"
    if price_in is not None or price_out is not None:
        cost = _cost(count[TOKENS_IN], count[TOKENS_OUT], price_in, price_out)
        tokens += f"; cost: {cost:.4g}"
        if count[STORED]:
            tokens += f", of this from the cache: {_cost(count[STORED_IN], count[STORED_OUT], price_in, price_out):.4g}"
    if count[UNCOUNTED]:
        tokens += f"; without {count[UNCOUNTED]:,} answers that have no numbers of tokens"
    lines.append(tokens)
    for name, number in sorted(counts.items()):
        if name not in named and number:
            lines.append(f"{name}: {number:,}")
            lines += [f"  the first: {first_of[name]}"] if first_of and name in first_of else []
    return lines


def _cost(tokens_in: int, tokens_out: int, price_in: float | None, price_out: float | None) -> float:
    return (tokens_in * (price_in or 0.0) + tokens_out * (price_out or 0.0)) / PRICED_TOKENS
