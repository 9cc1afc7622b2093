"""A hand-drawn digit as MNIST would have it: box, centre of mass, area averages."""

from __future__ import annotations

import pytest
import torch

from vae_core.vae.data import as_mnist


def hand_drawn(seed: int = 0) -> torch.Tensor:
    """A walk of some cells, away from the edges."""
    gen = torch.Generator().manual_seed(seed)
    cells = torch.zeros(28, 28, dtype=torch.bool)
    row, column = 14, 12
    for step in torch.randint(-1, 2, (60, 2), generator=gen).tolist():
        row, column = (min(23, max(4, at + by)) for at, by in zip((row, column), step, strict=True))
        cells[row : row + 2, column : column + 2] = True
    return cells


def centre_of_mass(picture: torch.Tensor) -> tuple[float, float]:
    square, middles = picture.view(28, 28), torch.arange(28) + 0.5
    return tuple(float((square.sum(d) * middles).sum() / square.sum()) for d in (1, 0))


@pytest.mark.parametrize("seed", range(5))
def test_centre_box_and_ink(seed: int) -> None:
    cells = hand_drawn(seed)
    found = as_mnist(cells)
    assert centre_of_mass(found) == pytest.approx((14.0, 14.0), abs=0.05)
    rows, columns = (cells.any(d).nonzero()[:, 0] for d in (1, 0))
    longest = max(int(each[-1] - each[0]) + 1 for each in (rows, columns))
    # Areas grow by the square of the scale, and nothing is lost.
    assert float(found.sum()) == pytest.approx(float(cells.sum()) * (20 / longest) ** 2)
    assert 0.0 <= float(found.min()) <= float(found.max()) <= 1.0 + 1e-12
    extent = [int(each[-1] - each[0]) + 1 for each in _extents(found)]
    assert max(extent) in (20, 21)


def _extents(picture: torch.Tensor) -> list[torch.Tensor]:
    return [(picture.view(28, 28).sum(d) > 1e-9).nonzero()[:, 0] for d in (1, 0)]


def test_where_it_was_drawn_does_not_matter() -> None:
    cells = hand_drawn(3)
    moved = torch.roll(cells, (-3, 4), dims=(0, 1))
    assert torch.allclose(as_mnist(cells), as_mnist(moved))


def test_a_box_of_the_right_size_in_the_right_place_stays_as_it_is() -> None:
    cells = torch.zeros(28, 28)
    cells[4:24, 6:22] = 1.0
    assert torch.allclose(as_mnist(cells).view(28, 28), cells.double())


def test_a_heavy_corner_does_not_push_the_box_out_of_the_picture() -> None:
    cells = torch.zeros(28, 28)
    cells[2:8, 2:8] = 1.0
    cells[26, 26] = 1.0
    found = as_mnist(cells)
    assert float(found.sum()) == pytest.approx(float(cells.sum()) * (20 / 25) ** 2)


def test_nothing_drawn_is_nothing() -> None:
    assert torch.equal(as_mnist(torch.zeros(28, 28)), torch.zeros(784, dtype=torch.float64))
