"""Start: what this is, the one picture of the problem, and where to go."""

from dataclasses import replace
from functools import partial

import streamlit as st

from pages.ui import controls, frame
from pages.ui import start_figures as picture
from pages.ui.live_figure import Param, Preset, live_figure
from vae_core.families import Normal

VIEWS = {"sample": "Draw z directly", "reparameterize": "Draw the noise outside"}
MU = Param("mu", "mean μ", -3, 3, 0.1, default=1.2, colour="mu")
SIGMA = Param("sigma", "deviation σ", 0.1, 2, 0.05, default=0.5, colour="sigma")
SEED = Param("seed", "seed", kind="seed", maximum=999_999, default=0)
NUMBERS = {
    "z = μ + σε": "{z:.4f}",
    "cost = z²": "{cost:.4f}",
    "∂cost/∂z": "{by_z:.4f}",
    "∂cost/∂μ": "{by_mu:.4f}",
    "∂cost/∂σ": "{by_sigma:.4f}",
}
A_ROW = 3


def noise() -> Param:
    """The slider of the noise; it starts where the seed's dice fell."""
    seed, fit = controls.read(SEED.key, SEED.default, SEED.parse)
    if not fit:
        controls.note(SEED.label)
    eps = Param("eps", "noise ε", -3, 3, 0.02, colour="eps")
    fell = min(eps.positions[-1], max(eps.positions[0], picture.draw_noise(int(seed))))
    return replace(eps, default=eps.parse(str(fell)))


with frame.page_frame("start") as lesson:
    view = controls.choice("view", "How the sample is made", VIEWS, horizontal=True)
    outside = view == "reparameterize"
    live_figure(
        "passage",
        frame=picture.reparameterized if outside else picture.sampled,
        figure=partial(picture.draw, outside=outside),
        narrow=partial(picture.draw, outside=outside, narrow=True),
        params=(MU, SIGMA, noise() if outside else SEED),
        takeaway=lesson.text(f"takeaway_{view}"),
        formula=lesson.text(f"formula_{view}"),
        table=NUMBERS,
        presets=(
            Preset(lesson.text("try_outside"), {"view": "reparameterize"}),
            Preset(lesson.text("try_still"), {"view": "reparameterize", "eps": 0}),
            Preset(lesson.text("try_flat"), {"view": "reparameterize", "mu": 1, "eps": -2}),
        ),
        source=(picture.passage, Normal.transform),
        steady=True,
    )
    lesson(view)
    lesson("cost")

    st.subheader("Where to go", anchor=False)
    others = frame.ALL_PAGES[1:]
    for first in range(0, len(others), A_ROW):
        row = others[first : first + A_ROW]
        for column, page in zip(st.columns(A_ROW), row, strict=False):
            with column:
                frame.page_link(page)
                st.markdown(lesson.text(page.key))

    st.subheader("The letters", anchor=False)
    lesson("letters")
