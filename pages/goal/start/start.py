"""Start: what this is, the one picture of the problem, and where to go."""

from dataclasses import replace

import streamlit as st

from pages import contents
from pages.goal.start import picture, ways
from pages.ui import controls, layout
from pages.ui.lesson import Lesson
from pages.ui.live import Param, Picture, Preset, live_figure
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
LETTERS = ("x", "phi", "mu", "sigma", "eps", "z", "theta", "K", "B", "D")


def noise() -> Param:
    """The slider of the noise; it starts where the seed's dice fell."""
    seed, fit = controls.read(SEED.key, SEED.default, SEED.parse)
    if not fit:
        controls.note(SEED.label)
    eps = Param("eps", "noise ε", -3, 3, 0.02, colour="eps")
    fell = min(eps.positions[-1], max(eps.positions[0], picture.draw_noise(int(seed))))
    return replace(eps, default=eps.parse(str(fell)))


def letters() -> str:
    """The letters that one meets first, as a table."""
    known = Lesson("symbols").entries("letter")
    rows = (f"| {known[name].title} | {known[name].text} |" for name in LETTERS)
    return "\n".join(("| Letter | What it is |", "|:--|:--|", *rows))


with layout.page_layout("start") as lesson:
    ways.resume(lesson)
    view = controls.choice("view", "How the sample is made", VIEWS, horizontal=True)
    outside = view == "reparameterize"
    live_figure(
        "passage",
        Picture(
            frame=picture.reparameterized if outside else picture.sampled,
            figure=picture.diagram(outside=outside),
            params=(MU, SIGMA, noise() if outside else SEED),
            takeaway=lesson.text(f"takeaway_{view}"),
            tex=lesson.text(f"formula_{view}"),
            table=NUMBERS,
            presets=(
                Preset(lesson.text("try_outside"), {"view": "reparameterize"}),
                Preset(lesson.text("try_still"), {"view": "reparameterize", "eps": 0}),
                Preset(lesson.text("try_flat"), {"view": "reparameterize", "mu": 1, "eps": -2}),
            ),
            source=(picture.passage, Normal.transform),
        ),
    )
    lesson(view)
    lesson("cost")

    st.subheader("A way through", anchor=False)
    ways.show(lesson)

    st.subheader("Where to go", anchor=False)
    with st.container(key="where_to_go"):
        for chapter, pages in contents.CHAPTERS.items():
            st.markdown(f"**{chapter}**")
            others = [page for page in pages if page.key != "start"]
            for first in range(0, len(others), A_ROW):
                row = others[first : first + A_ROW]
                for column, page in zip(st.columns(A_ROW), row, strict=False):
                    with column:
                        layout.page_link(page)
                        Lesson(page.key)("teaser")

    st.subheader("The letters", anchor=False)
    st.markdown(letters())
    layout.page_link(contents.page_info("symbols"))
