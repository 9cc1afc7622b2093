"""Pictures of a training: arrays in, figures out."""

import base64
import io

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image

from pages.ui import digits
from pages.ui.runs import curves as figures
from pages.ui.runs.curves import Curve, DrawnCurve, Mark


def curve(count: int) -> Curve:
    steps = np.linspace(0, 1, count)
    return Curve(steps, steps * 100 - 220, steps * 120 - 220, steps * 20)


def test_three_rows_with_titles_and_steady_ranges():
    lines = [
        DrawnCurve("training", curve(5), "red", dash="dot"),
        DrawnCurve("held-out", curve(3), "red"),
    ]
    figure = figures.curves(lines, 2.0, [Mark(0.5, "K = 4")])
    assert [trace.name for trace in figure.data] == ["training", "held-out"] * 3
    assert figure.layout.uirevision
    assert tuple(figure.layout.xaxis3.range) == (0, 2)
    assert [figure.layout[f"yaxis{i}"].title.text for i in ("", 2, 3)] == ["ELBO", "recon.", "KL"]
    assert "nats" in figure.layout.xaxis3.title.text
    again = figures.curves([DrawnCurve("training", curve(9), "red")], 2.0)
    assert again.layout.yaxis.range == figure.layout.yaxis.range
    assert any(note.text == "K = 4" for note in figure.layout.annotations)


def test_curves_of_a_run_without_reports_and_names_beside():
    empty = Curve(*np.zeros((4, 0)))
    figure = figures.curves([DrawnCurve("none yet", empty, "red", beside="above")], 1.0)
    assert isinstance(figure, go.Figure)
    named = figures.curves([DrawnCurve("recorded", curve(4), "red", beside="below")], 1.0)
    assert [note.text for note in named.layout.annotations] == ["recorded"]
    assert not any(trace.showlegend for trace in named.data)


def test_ranges_widen_in_steps():
    assert figures.span(np.array([]), (-200.0, -80.0), 20.0) == (-200.0, -80.0)
    assert figures.span(np.array([-431.0, -100.0]), (-200.0, -80.0), 20.0) == (-440.0, -80.0)
    assert figures.span(np.array([np.nan, 3.0]), (0.0, 30.0), 10.0) == (0.0, 30.0)


def test_long_curves_are_thinned_and_keep_their_end():
    x, y = figures.thinned(np.arange(5000.0), np.arange(5000.0))
    assert len(x) == figures.MOST_POINTS
    assert (x[0], y[-1]) == (0.0, 4999.0)


def test_latent_map_names_every_digit_without_colour():
    means = np.random.default_rng(0).normal(size=(50, 2))
    labels = np.arange(50) % 10
    figure = figures.latent_map(means, labels)
    assert sum(len(trace.x) for trace in figure.data[:-1]) == 50
    assert figure.data[-1].text == tuple(f"<b>{d}</b>" for d in range(10))
    assert figure.layout.xaxis.title.text == "μ₁"
    assert figure.layout.xaxis.range == figure.layout.yaxis.range


def test_kl_bars_mark_the_unused_dimensions():
    figure = figures.kl_bars(np.array([0.0, 2.0, 0.01, 1.0]))
    bar = figure.data[0]
    assert list(bar.y) == [2.0, 1.0, 0.01, 0.0]
    assert len(set(bar.marker.color[:2])) == len(set(bar.marker.color[2:])) == 1
    assert bar.marker.color[0] != bar.marker.color[-1]


def test_a_strip_is_a_sharp_picture_of_its_digits():
    images = np.zeros((10, 784), np.float32)
    images[3, 28 * 5 + 7] = 1.0
    head, data = digits.strip_url(images).split(",")
    assert head == "data:image/png;base64"
    ink = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))[..., 1]
    scale = digits.ENLARGE
    assert ink.shape == (28 * scale, 280 * scale)
    corner = (5 * scale, (3 * 28 + 7) * scale)
    assert (ink[corner[0] : corner[0] + scale, corner[1] : corner[1] + scale] == 255).all()
    assert ink.sum() == 255 * scale**2


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 7.0])
def test_a_strip_survives_bad_numbers(value):
    assert digits.strip_url(np.full((2, 784), value, np.float32))


def test_strips_speak():
    html = digits.strips_html([digits.Strip("a < b", "x", 'ten "digits"', np.zeros((10, 784)))])
    assert 'aria-label="ten &quot;digits&quot;"' in html
    assert "a &lt; b" in html


@pytest.mark.parametrize(("planned", "side"), [(1.0, "left"), (5.0, "right")])
def test_a_recorded_run_is_named_where_there_is_room(planned: float, side: str) -> None:
    line = DrawnCurve("recorded", curve(4), "red", beside="above")
    (name,) = figures.curves([line], planned).layout.annotations
    assert (name.x, name.y) == (line.curve.epochs[-1], line.curve.elbo[-1])
    assert (name.yanchor, name.xanchor) == ("bottom", {"left": "right", "right": "left"}[side])
    assert name.yshift > 0
