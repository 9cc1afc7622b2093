"""Members of families by the names and numbers that a visitor or a shell gives."""

from __future__ import annotations

from collections.abc import Mapping

from vae_core.families import FAMILIES, PARAMETRIZATIONS, Family


def find_family(name: str) -> Family:
    """The registry's entry of that name. Raises ValueError, which lists those there are."""
    if name not in FAMILIES:
        raise ValueError(f"{name!r} is no family; there are {', '.join(FAMILIES)}.")
    return FAMILIES[name]


def complete(entry: Family, given: Mapping[str, float]) -> dict[str, float]:
    """A number for each parameter, in the registry's order. Raises ValueError for more or fewer.

    The parameters may be those of another parametrization.
    """
    entry = entry.in_terms_of(given)
    sets = [", ".join(each.parameters) for each in (entry, *PARAMETRIZATIONS.get(entry.name, ()))]
    words = f"the family {entry.name} has {'; or '.join(dict.fromkeys(sets))}"
    for name in given:
        if name not in entry.parameters:
            raise ValueError(f"{name!r} is no parameter: {words}.")
    missing = [name for name in entry.parameters if name not in given]
    if missing:
        raise ValueError(f"{' and '.join(missing)} has no value: {words}.")
    return {name: float(given[name]) for name in entry.parameters}
