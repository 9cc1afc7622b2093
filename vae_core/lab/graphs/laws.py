"""The families that a random node may have: those of a single number that plain torch knows."""

from __future__ import annotations

import re
from collections.abc import Mapping

from vae_core.families import FAMILIES, Family

WITHOUT_PATH: dict[tuple[str, ...], str] = {
    ("probs",): "Bernoulli(probs)",
    ("logit",): "Bernoulli(logits=logit)",
    ("rate",): "Poisson(rate)",
}


def torch_law(family: Family) -> str | None:
    """Torch's distribution in the family's parameters, "Normal(loc, scale)"; None if it has none.

    >>> torch_law(FAMILIES["rayleigh"])
    'Weibull(2**0.5 * scale, 2.0)'
    """
    if family.name == "categorical":
        return f"Categorical(logits=torch.stack(({', '.join(family.parameters)}), -1))"
    if family.path == "none":
        return WITHOUT_PATH.get(tuple(family.parameters))
    match = re.fullmatch(r"(\w+\([^()]*\))\.rsample\(\)", family.torch or "")
    return match[1] if match else None


def written(law: str, given: Mapping[str, str]) -> str:
    """A distribution with what is given in place of its parameters.

    >>> written("Weibull(2**0.5 * scale, 2.0)", {"scale": "x"})
    'Weibull(2**0.5 * (x), 2.0)'
    """

    def put(found: re.Match[str]) -> str:
        return f"{found[1]}({given[found[2]]})" if found[1] else given[found[2]]

    return re.sub(rf"(\* )?\b({'|'.join(given)})\b(?!=)", put, law)


OFFERED = {name: entry for name, entry in FAMILIES.items() if not entry.vector and torch_law(entry)}
