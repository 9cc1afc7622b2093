"""How many draws of the prior it takes to meet a z that explains an image: five trained models.

What is shown was measured by `python -m vae_core prior-draws`, in ten runs of draws for each model
and image; what one image's log p(x) is comes from importance sampling.
"""

from __future__ import annotations

import json
import math
from functools import lru_cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
import torch

from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.numbers import number, short
from vae_core.training.pretrained import FOLDER, load_pretrained
from vae_core.vae.data import SIDE, held_out_digit

FILE = FOLDER / "prior_draws.json"
DEEPEST, TOP = -100.0, 12.0  # nats about log p(x) that are shown
RAREST = -14.0  # power of ten
NEAR = 0.5  # nats
RARE = (0, -3, -6, -9, -12)
CLEAR = "rgba(0,0,0,0)"
STILL: dict[str, Any] = {"zeroline": False, "showgrid": False}
RIGHT: dict[str, Any] = {"xaxis": "x2", "yaxis": "y2"}
BLANK: dict[str, Any] = {"visible": False, "fixedrange": True}


@lru_cache(maxsize=1)
def measured() -> dict[str, Any]:
    """The file: `runs`, `stops`, and for each model of `models` what is known of ten images."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


@lru_cache(maxsize=1)
def sizes() -> dict[int, str]:
    """The models by the size D of their latent."""
    names = {load_pretrained(name).config.latent: name for name in measured()["models"]}
    return dict(sorted(names.items()))


def stops() -> tuple[int, ...]:
    """After how many draws the runs were looked at."""
    return tuple(measured()["stops"])


def total() -> int:
    """How many draws all runs have together."""
    return int(measured()["runs"]) * stops()[-1]


def known(d: int, digit: int) -> dict[str, Any]:
    """What was measured of a digit's first held-out image with the model of latent size d."""
    found: dict[str, Any] = measured()["models"][sizes()[d]][digit]
    return found


def one_in(log_share: float) -> str:
    """A share in words: one draw in so many."""
    return short(math.exp(-log_share), 2)


def naive(d: int, digit: int) -> np.ndarray:
    """Estimates of log p(x) less log p(x) itself, in nats: (runs, stops)."""
    found = known(d, digit)
    runs: np.ndarray = np.array(found["naive"]) - found["log_evidence"]
    return runs


@lru_cache(maxsize=64)
def dreamt(d: int, digit: int) -> np.ndarray:
    """What the best z of all draws decodes to, (28, 28), the first line on top."""
    z = torch.tensor(known(d, digit)["best"])
    return picture(load_pretrained(sizes()[d]).model.mean_of_x(z))


def picture(x: torch.Tensor) -> np.ndarray:
    """An image (784,) for a heatmap, the first line on top."""
    lines: np.ndarray = x.view(SIDE, SIDE).flip(0).numpy()
    return lines


def frame(d: int, n: int, digit: int) -> Frame:
    """The estimates of the runs after n draws each, and how rare a z is that explains the image.

    Args:
        d: Latent size of the model, one of `sizes`.
        n: Draws, one of `stops`.
        digit: Whose first held-out image.
    """
    found, runs, looked = known(d, digit), naive(d, digit), stops()
    at = looked.index(n)
    shown = np.arange(len(looked)) <= at
    traces: dict[str, dict[str, Any]] = {
        f"run {k}": {
            "x": np.array(looked),
            "y": np.where(shown, np.maximum(run, DEEPEST - 20), np.nan),
        }
        for k, run in enumerate(runs)
    }
    ends = np.clip(runs[:, at], DEEPEST, None)
    traces["ends"] = {"x": np.full(len(ends), n), "y": ends}
    share = found["log_share"] / math.log(10.0)
    traces["chosen"] = {"x": np.array([d]), "y": np.array([share])}
    traces["words"] = {
        "x": np.array([d]),
        "y": np.array([share]),
        "text": [f"1 in {one_in(found['log_share'])}"],
    }
    traces["best"] = {"z": dreamt(d, digit)}
    numbers: dict[str, float | str] = {
        "log_p": found["log_evidence"],
        "log_p_error": found["evidence_error"],
        "threshold": found["threshold"],
        "log_share": -found["log_share"],
        "share_error": found["share_error"],
        "one_in": one_in(found["log_share"]),
        "needed": short(needed(found["log_share"]), 2),
        "kl": found["kl"],
        "count": float(found["count"]),
        "expected": short(total() * math.exp(found["log_share"]), 2),
        "mean_run": float(runs[:, at].mean()),
        "best_log": found["best_log"],
    }
    numbers["verdict"] = verdict(d, n, digit, runs[:, at])
    return Frame(traces, numbers)


def needed(log_share: float) -> float:
    """Draws after which the chance to have met one that explains is nine in ten."""
    return math.log(10.0) / -math.log1p(-math.exp(log_share))


def verdict(d: int, n: int, digit: int, off: np.ndarray) -> str:
    """How rare a z is that explains, and how far off the runs are after n draws, (runs,)."""
    found = known(d, digit)
    rarity, top = one_in(found["log_share"]), number(found["log_evidence"], 1)
    draws = "1 draw" if n == 1 else f"{n:,} draws"
    says = f"D = {d}: one prior draw in {rarity} explains this {digit}. After {draws}"
    farthest = float(np.abs(off).max())
    if farthest < NEAR:
        return f"{says} all ten runs are within {number(farthest)} nats of log p(x) = {top}."
    low, middle = int((off < 0).sum()), float(np.median(off))
    side = "below" if middle < 0 else "above"
    return (
        f"{says} the middle one of ten runs lies {number(abs(middle), 1)} nats {side} "
        f"log p(x) = {top}, and {low} lie below it."
    )


def draw(now: Frame, digit: int) -> go.Figure:
    """Shares at the left, runs at the right, two pictures between."""
    domains = {"x": [0.0, 0.34], "x2": [0.6, 1.0], "x3": [0.385, 0.515], "x4": [0.385, 0.515]}
    rows = {"y": [0.0, 1.0], "y2": [0.0, 1.0], "y3": [0.54, 0.92], "y4": [0.02, 0.4]}
    return _draw(now, digit, domains, rows)


def draw_narrow(now: Frame, digit: int) -> go.Figure:
    """The runs below, for a phone."""
    domains = {"x": [0.0, 0.66], "x2": [0.0, 1.0], "x3": [0.74, 1.0], "x4": [0.74, 1.0]}
    rows = {"y": [0.56, 1.0], "y2": [0.0, 0.4], "y3": [0.81, 0.97], "y4": [0.56, 0.72]}
    return _draw(now, digit, domains, rows)


def _draw(
    now: Frame, digit: int, across: dict[str, list[float]], up: dict[str, list[float]]
) -> go.Figure:
    fig, at = go.Figure(), now.traces
    _shares(fig, now, digit)
    for name in (name for name in at if name.startswith("run ")):
        line = {"color": theme.var("theta", 0.6), "width": 1.5, "simplify": False}
        fig.add_scatter(name=name, **at[name], mode="lines", line=line, hoverinfo="skip", **RIGHT)
    level = {"color": theme.var("x"), "width": 2.5, "dash": "dash"}
    ends = [1, stops()[-1]]
    fig.add_scatter(
        name="log p(x)", x=ends, y=[0, 0], mode="lines", line=level, hoverinfo="skip", **RIGHT
    )
    marker = {"color": theme.var("theta"), "size": 8, "line": {"width": 0}}
    hover = "this run, after %{x:,} draws: %{y:.2f} nats off<extra></extra>"
    fig.add_scatter(
        name="ends", **at["ends"], mode="markers", marker=marker, hovertemplate=hover, **RIGHT
    )
    _pictures(fig, now, digit)
    _dress(fig, across, up)
    return fig


def _shares(fig: go.Figure, now: Frame, digit: int) -> None:
    """The share of the prior that explains the image, for each model; counted, where any was."""
    each = {d: known(d, digit) for d in sizes()}
    ten = math.log(10.0)
    fig.add_scatter(
        name="shares",
        x=list(each),
        y=[found["log_share"] / ten for found in each.values()],
        error_y={
            "array": [2.0 * found["share_error"] / ten for found in each.values()],
            "color": theme.var("z"),
            "thickness": 1.5,
        },
        text=[one_in(found["log_share"]) for found in each.values()],
        mode="markers+lines",
        marker={"color": theme.var("z"), "size": 9},
        line={"color": theme.var("z", 0.5), "width": 1.5, "simplify": False},
        hovertemplate="D = %{x}: one draw in %{text} explains it<extra></extra>",
    )
    counted = {d: found["count"] for d, found in each.items() if found["count"]}
    fig.add_scatter(
        name="counted",
        x=list(counted),
        y=[math.log10(count / total()) for count in counted.values()],
        text=[f"{count:,}" for count in counted.values()],
        mode="markers",
        marker={
            "color": theme.var("ink"),
            "size": 12,
            "symbol": "cross-thin-open",
            "line": {"width": 2},
        },
        hovertemplate=f"D = %{{x}}: %{{text}} of {total():,} draws explained it<extra></extra>",
    )
    ring = {"color": CLEAR, "size": 17, "line": {"color": theme.var("ink"), "width": 2}}
    fig.add_scatter(
        name="chosen", **now.traces["chosen"], mode="markers", marker=ring, hoverinfo="skip"
    )
    font = {"color": theme.var("ink"), "size": 14}
    fig.add_scatter(
        name="words",
        **now.traces["words"],
        mode="text",
        textposition="bottom left",
        textfont=font,
        hoverinfo="skip",
    )


def _pictures(fig: go.Figure, now: Frame, digit: int) -> None:
    """The image, and the best that the draws have found."""
    ramp = [[0.0, theme.var("panel")], [1.0, theme.var("ink")]]
    tiles = (
        ("image", picture(held_out_digit(digit, 1)), "3", "x"),
        ("best", now.traces["best"]["z"], "4", f"best of {total():,}"),
    )
    for name, grey, axes, title in tiles:
        fig.add_heatmap(
            name=name,
            z=grey,
            zmin=0,
            zmax=1,
            colorscale=ramp,
            showscale=False,
            hoverinfo="skip",
            xaxis=f"x{axes}",
            yaxis=f"y{axes}",
        )
        fig.add_annotation(
            text=title,
            x=0.5,
            y=1.0,
            xref=f"x{axes} domain",
            yref=f"y{axes} domain",
            yanchor="bottom",
            showarrow=False,
            font={"color": theme.var("muted"), "size": 13},
        )


def _dress(fig: go.Figure, across: dict[str, list[float]], up: dict[str, list[float]]) -> None:
    named = ["1"] + [f"10<sup>{power}</sup>" for power in RARE[1:]]
    fig.update_layout(
        xaxis={
            "title": "latent size D",
            "range": [0, 21],
            "domain": across["x"],
            "tickvals": list(sizes()),
            **STILL,
        },
        yaxis={
            "title": "share that explains x",
            "range": [RAREST, 0.4],
            "domain": up["y"],
            "tickvals": list(RARE),
            "ticktext": named,
            "zeroline": False,
        },
        xaxis2={
            "title": "draws of the prior",
            "type": "log",
            "range": [-0.1, math.log10(stops()[-1]) + 0.1],
            "domain": across["x2"],
            "anchor": "y2",
            "dtick": 1,
            "showgrid": False,
        },
        yaxis2={
            "title": "nats above log p(x)",
            "range": [DEEPEST, TOP],
            "domain": up["y2"],
            "anchor": "x2",
            "zeroline": False,
        },
        uirevision="blind",
        showlegend=False,
        hovermode="closest",
    )
    for axes in ("3", "4"):
        fig.update_layout(
            {
                f"xaxis{axes}": {"domain": across[f"x{axes}"], "anchor": f"y{axes}", **BLANK},
                f"yaxis{axes}": {
                    "domain": up[f"y{axes}"],
                    "anchor": f"x{axes}",
                    "scaleanchor": f"x{axes}",
                    **BLANK,
                },
            }
        )
