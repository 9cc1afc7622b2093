"""Draw your own digit: a sheet of 28 x 28 cells, what the encoder makes of it, ten ways back.

Encoder and decoder run in the browser while the hand still moves (`assets/sheet/sheet.js`). When
it rests, the hand-drawn digit goes into the address: six cells a letter, empty ones at the end
left out.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import streamlit as st
import torch
from numpy.typing import NDArray

from pages.practice.inside_vae.models import WIDE, held_out
from pages.ui import assets, controls
from pages.ui.live.lookahead import pack_constants
from vae_core.training.pretrained import load_pretrained
from vae_core.vae.data import PIXELS

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
BITS = 6
MOST_LETTERS = -(-PIXELS // BITS)
RECONSTRUCTIONS = 10
INKED = 0.5
KEY, NAME = "inside_draw", "drawing"

Cells = NDArray[np.bool_]

_component = st.components.v2.component("ttn_sketch", js=assets.START, isolate_styles=False)


def sketch(digit: int, specimen: int, seed: int) -> None:
    """Show the sheet and what comes of the hand-drawn digit.

    Args:
        digit, specimen: the held-out image that the button puts on the sheet.
        seed: of the ten eps.

    Raises:
        CheckpointError: the trained model is missing or damaged.
        DataError: there are no usable images.
    """
    model = load_pretrained(WIDE)
    specimen_text = text_of(held_out(digit, specimen).numpy() > INKED)
    text, fit = controls.read(NAME, specimen_text, parse)
    _component(
        key=KEY,
        data={
            "script": assets.url("sheet/sheet.js"),
            "css": [assets.url(name) for name in ("live/figure.css", "sheet/sheet.css")],
            "weights": assets.url(f"pretrained/{WIDE}.safetensors"),
            "drawing": text,
            "specimen": specimen_text,
            "noise": pack_constants({"eps": noise(seed, model.config.latent).ravel()}),
            "usual": model.bound.elbo,
            "present": controls.presenting(),
        },
        on_changed_change=lambda: _hear(specimen_text),
    )
    if not fit:
        controls.note("drawing")


def _hear(specimen_text: str) -> None:
    """Take the hand-drawn digit that the browser says after a stroke."""
    told = st.session_state.get(KEY, {}).get("changed")
    try:
        text = parse(told["drawing"])
    except (ValueError, TypeError, KeyError):
        return
    controls.write({NAME: None if text == specimen_text else text})


@lru_cache(maxsize=64)
def noise(seed: int, latent: int) -> NDArray[np.float64]:
    """Ten eps ~ N(0, 1), (RECONSTRUCTIONS, D)."""
    gen = torch.Generator().manual_seed(seed)
    return torch.randn((RECONSTRUCTIONS, latent), generator=gen, dtype=torch.float64).numpy()


def text_of(cells: Cells) -> str:
    """A hand-drawn digit, (784,) bool, as it stands in the address."""
    bits = np.zeros(MOST_LETTERS * BITS, dtype=int)
    bits[:PIXELS] = cells.reshape(-1)
    values = bits.reshape(-1, BITS) @ (1 << np.arange(BITS)[::-1])
    return "".join(LETTERS[value] for value in values).rstrip(LETTERS[0]) or LETTERS[0]


def parse(text: Any) -> str:
    """The text itself, if it is a hand-drawn digit as `text_of` writes it.

    Raises:
        ValueError: if it is none.
    """
    if not isinstance(text, str) or text != text_of(cells_of(text)):
        raise ValueError("no hand-drawn digit")
    return text


def cells_of(text: str) -> Cells:
    """The hand-drawn digit behind a text: (784,) bool. Raises ValueError if it is none."""
    if not 0 < len(text) <= MOST_LETTERS or not set(text) <= set(LETTERS):
        raise ValueError("no hand-drawn digit")
    values = [LETTERS.index(letter) for letter in text]
    bits = [value >> shift & 1 for value in values for shift in reversed(range(BITS))]
    cells = np.zeros(MOST_LETTERS * BITS, dtype=bool)
    cells[: len(bits)] = bits
    return cells[:PIXELS]
