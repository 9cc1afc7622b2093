"""Start: what this is, the one picture of the problem, and where to go."""

from __future__ import annotations

import streamlit as st
import torch

from pages.ui import controls, frame, start_figures
from pages.ui.start_figures import Passage
from vae_core.families import Normal

VIEWS = {"sample": "Draw z directly", "reparameterize": "Draw the noise outside"}
MU, SIGMA = 1.2, 0.5
A_ROW = 3


def passage(view: str, seed: int) -> Passage:
    """One draw and the gradient of its cost z^2, by autograd through the real family."""
    loc, scale = (torch.tensor([[v]], dtype=torch.float64, requires_grad=True) for v in (MU, SIGMA))
    q = Normal(loc, scale)
    eps = q.base(1, torch.Generator().manual_seed(seed))
    z = q.transform(eps)
    if view == "sample":  # a draw hands over a number, and not how it came about
        z = z.detach().requires_grad_()
    cost = (z**2).sum()
    slopes = torch.autograd.grad(cost, (z, loc, scale), allow_unused=True)
    by_z, by_mu, by_sigma = (None if slope is None else slope.item() for slope in slopes)
    numbers = (eps.item(), z.item(), cost.item())
    return Passage(MU, SIGMA, *numbers, by_z or 0.0, by_mu, by_sigma)


with frame.page_frame("start") as lesson:
    picture = st.container()
    ways, dice = st.columns([3, 1], vertical_alignment="top")
    with ways:
        view = controls.choice("view", "How the sample is made", VIEWS, horizontal=True)
    with dice:
        seed = controls.seed()
    shown = passage(view, seed)
    picture.markdown(start_figures.gradient_path(shown), unsafe_allow_html=True)
    st.markdown(f"**{start_figures.takeaway(shown)}**")
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
