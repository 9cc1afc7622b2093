"""From the noise to z: the picture of the location-scale transform, for any family.

The upper row is the noise: its density, or a square where two numbers of noise are behind each z.
The lower row is z: its density, bars for whole numbers, or two of its numbers for a vector. At time
t from 0 to 1 a grain is on the straight way between both, and so is the density: if x is
(1 - t) eps + t z, then 1 / density(x) = (1 - t) / p(eps) + t / q(z).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from pages.trick.families import member as m
from pages.trick.families.sliders import slots
from pages.trick.families.window import Window, nice
from pages.ui.live import Frame
from pages.ui.numbers import three_digits
from vae_core.families import FAMILIES

UPPER_ROW, UPPER_TOP, TOP = 1.1, 0.4, 0.8
CUT = 0.92
ARROWS, LANES = 8, 4
BINS = 36
KINDS = ("scalar", "still", "pair", "vector")


def kind(family: str) -> str:
    """Which of `KINDS` a family is."""
    entry = FAMILIES[family]
    if entry.vector:
        return "vector"
    if entry.path == "none":
        return "still"
    return "scalar" if m.behind(family) == 1 else "pair"


def nudge(family: str, by: str) -> float:
    """How much an arrow moves its parameter: a twentieth of the slider."""
    slot = next(each for each in slots(family) if each.key == by)
    return nice((slot.ends[1] - slot.ends[0]) / 20.0)


class Row:
    """Where noise and z stand in the picture's own coordinates: across as z, up from 0 to 1.6."""

    def __init__(self, family: str, window: Window) -> None:
        self.family, self.window, self.kind = family, window, kind(family)
        self.ends = m.reach(family, 0)
        self.flat = self.kind in {"scalar", "still"} and m.behind(family) == 1

    def across(self, eps: np.ndarray) -> np.ndarray:
        """The first number of the noise, on z's axis."""
        (least, greatest), (low, high, _top) = self.ends, self.window
        return np.asarray(low + (high - low) * (eps - least) / (greatest - least))

    def noise(self, eps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where noise (K, D) or (K, D, M) stands, in its own units across."""
        flat = eps.reshape(len(eps), -1)
        if self.flat or flat.shape[1] == 1:
            return flat[:, 0], np.full(len(eps), UPPER_ROW)
        least, greatest = m.reach(self.family, 1)
        return flat[:, 0], UPPER_ROW + UPPER_TOP * (flat[:, 1] - least) / (greatest - least)

    def z(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where z (K, D) stands."""
        if self.kind != "vector" or z.shape[1] == 1:
            return z[:, 0], np.zeros(len(z))
        low, high, _top = self.window
        return z[:, 0], CUT * (z[:, 1] - low) / (high - low)

    def at(self, t: float, eps: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where grains are on their way."""
        (first, up), (last, down) = self.noise(eps), self.z(z)
        return (1 - t) * self.across(first) + t * last, (1 - t) * up + t * down


def frame(
    family: str, by: str, window: Window, sentences: tuple[str, ...], **given: float
) -> Frame:
    """The picture at time t.

    Args:
        family: its name in the registry.
        by: key of the parameter in which z is differentiated.
        window: what is seen of z.
        sentences: what is said, in the order of `KINDS`, and then of grains out of sight.
        given: the parameters by their keys, and `eps`, `eps_2`, `n`, `seed`, `t`.
    """
    row, at, n, t = Row(family, window), m.values(family, given), int(given["n"]), given["t"]
    one = (given["eps"], given.get("eps_2", 0.0))
    eps, own_eps = m.noise(family, int(given["seed"]))[:n], m.point(family, *one)
    moved, own = m.moved(family, at, by, int(given["seed"])), m.at_point(family, at, by, *one)
    z, x_and_y = moved.z[:n], row.at(t, eps, moved.z[:n])
    base, place = row.noise(eps), row.at(t, own_eps, own.z)
    traces: dict[str, dict[str, Any]] = {
        "paths": _paths(row.across(base[0]), base[1], *x_and_y),
        "noise": {"x": base[0], "y": base[1]},
        "grains": {"x": x_and_y[0], "y": x_and_y[1]},
        "one ε": dict(zip("xy", row.noise(own_eps), strict=True)),
        "its z": {"x": place[0], "y": place[1]},
        **_density(row, at, t),
        **_histogram(row, z, t),
    }
    few, h = min(n, ARROWS), nudge(family, by) * t
    ups = row.at(t, eps[:few], moved.z[:few] + h * moved.slope[:few])
    own_up = row.at(t, own_eps, own.z + h * own.slope)
    lanes = -0.1 - 0.045 * (np.arange(few) % LANES) if row.kind != "vector" else 0.0
    own_lane = -0.34 if row.kind != "vector" else 0.0
    traces |= _arrows("∂z", x_and_y[0][:few], x_and_y[1][:few] + lanes, ups[0], ups[1] + lanes)
    traces |= _arrows("its ∂z", place[0], place[1] + own_lane, own_up[0], own_up[1] + own_lane)
    return Frame(traces, _numbers(row, by, given, own, z, sentences))


def _paths(x: np.ndarray, y: np.ndarray, x_now: np.ndarray, y_now: np.ndarray) -> dict[str, Any]:
    gap = np.full(x.size, np.nan)
    return {
        "x": np.column_stack([x, x_now, gap]).ravel(),
        "y": np.column_stack([y, y_now, gap]).ravel(),
    }


@lru_cache(maxsize=8)
def _ladder(family: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Noise from end to end, closer at the ends; and p there, to its own scale from 0 to 1."""
    low, high = m.reach(family, 0)
    side = np.concatenate([[1e-6, 1e-4, 1e-3, 4e-3], np.linspace(0.01, 0.5, 32)])
    share = np.concatenate([side, 1.0 - side[-2::-1]])
    eps = low + (high - low) * share
    places, heights = m.base_density(family)
    p = np.ones(eps.size) if places.size == 4 else np.interp(eps, places, heights)
    return eps, p, p / p.max()


def _density(row: Row, at: m.Values, t: float) -> dict[str, dict[str, Any]]:
    """The density on its way; beside it the one that it comes to."""
    low, high, top = row.window
    if row.kind == "vector":
        return {}
    if row.kind == "still":
        whole = np.arange(max(np.ceil(low), 0.0), np.floor(high) + 1.0)
        mass = m.density(row.family, at, whole)
        return {"q(z)": _bars(whole, TOP * mass / top)}
    if row.kind == "pair":
        z = np.unique(np.concatenate([np.linspace(low, high, 141), m.spread(row.family, at)]))
        q = np.minimum(TOP * m.density(row.family, at, z) / top, CUT)
        return {"q(z)": {"x": z, "y": q}}
    eps, p, shown = _ladder(row.family)
    z, q = _curve(row.family, at)
    first = row.across(eps)
    start = p * (eps[-1] - eps[0]) / (high - low)
    with np.errstate(divide="ignore"):
        between = 1.0 / ((1 - t) / start + (t / q if t else 0.0))
    scale = (UPPER_TOP * shown[36] / start[36]) ** (1 - t) * (TOP / top) ** t
    foot = UPPER_ROW * (1 - t)
    x = (1 - t) * first + t * z
    return {
        "foot": {"x": x[[0, -1]], "y": np.full(2, foot)},
        "q(z)": {"x": x, "y": foot + np.minimum(scale * between, CUT)},
    }


@lru_cache(maxsize=256)
def _curve(family: str, at: m.Values) -> tuple[np.ndarray, np.ndarray]:
    """z of the ladder's noise, and q there."""
    eps = _ladder(family)[0]
    z = m.transform(family, at, eps[:, None])[:, 0]
    return z, m.density(family, at, z)


def _bars(at: np.ndarray, heights: np.ndarray) -> dict[str, np.ndarray]:
    half = 0.3
    x = np.column_stack([at - half, at - half, at + half, at + half]).ravel()
    y = np.column_stack([0 * heights, heights, heights, 0 * heights]).ravel()
    return {"x": x, "y": y}


def _histogram(row: Row, z: np.ndarray, t: float) -> dict[str, dict[str, Any]]:
    """Steps over the grains that have landed, to the density's scale."""
    if row.kind not in {"scalar", "pair"}:
        return {}
    low, high, top = row.window
    edges = np.linspace(low, high, BINS + 1)
    heights = np.histogram(z[:, 0], edges)[0] / (len(z) * (edges[1] - edges[0]))
    seen = t >= 1.0 and len(z) >= 50
    shown = TOP * heights / top if seen else np.full(BINS, np.nan)
    return {
        "histogram": {"x": np.repeat(edges, 2)[1:-1], "y": np.minimum(np.repeat(shown, 2), CUT)}
    }


def _arrows(
    name: str, x: np.ndarray, y: np.ndarray, x_end: np.ndarray, y_end: np.ndarray
) -> dict[str, dict[str, np.ndarray]]:
    gap = np.full(x.size, np.nan)
    return {
        name: {
            "x": np.column_stack([x, x_end, gap]).ravel(),
            "y": np.column_stack([y, y_end, gap]).ravel(),
        },
        f"{name} up": {"x": np.where(x_end >= x, x_end, np.nan), "y": y_end},
        f"{name} down": {"x": np.where(x_end < x, x_end, np.nan), "y": y_end},
    }


def _numbers(
    row: Row,
    by: str,
    given: dict[str, float],
    own: m.Moved,
    z: np.ndarray,
    sentences: tuple[str, ...],
) -> dict[str, float | str]:
    (low, high, _top), slot = row.window, next(s for s in slots(row.family) if s.key == by)
    shown = z[:, :2]
    out = int(((shown < low) | (shown > high)).any(axis=1).sum())
    texts = {
        "eps": three_digits(given["eps"]),
        "eps_2": three_digits(given.get("eps_2", 0.0)),
        "z": f"{own.z[0, 0]:.0f}" if row.kind == "still" else _vector(own.z[0]),
        "slope": _vector(own.slope[0]),
        "by": slot.letter,
        "nudge": three_digits(nudge(row.family, by)),
        "n": str(len(z)),
        "out": str(out),
    }
    told = sentences[KINDS.index(row.kind)].format(**texts)
    if out:
        told += " " + sentences[len(KINDS)].format(**texts)
    return {
        "told": told,
        "z_told": texts["z"],
        "slope_told": texts["slope"],
        "z": float(own.z[0, 0]),
        "slope": float(own.slope[0, 0]),
        "out": out,
        "letter": slot.letter,
        "mean": float(z[:, 0].mean()),
        "low": low,
        "high": high,
        "top": row.window.top,
        "family": row.family,
        "by_key": by,
    }


def _vector(values: np.ndarray) -> str:
    told = [three_digits(value) for value in values.tolist()]
    return told[0] if len(told) == 1 else f"({', '.join(told)})"
