"""Looks back through a run: thinned, counted, written and read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.support.stage import BOUND, CONFIG, views
from vae_core.runs.looks import (
    MOST_LOOKS,
    Look,
    load_looks,
    looks_bytes,
    save_looks,
    thin_looks,
)
from vae_core.training.gradient_noise import GradientNoise
from vae_core.training.train import Progress


def report(step: int, **others: object) -> Progress:
    values = {"views": views(step), "kl_per_dimension": np.full(3, 0.5)} | others
    return Progress(step, 0.0, 0, 0.0, 0.0, 0.0, CONFIG.settings, BOUND, **values)


def looks(count: int) -> list[Look]:
    found: list[Look] = []
    for step in range(count):
        found.append(Look.of(report(step), found[-1] if found else None))
    return found


def test_a_report_without_pictures_is_no_look():
    assert Look.of(report(1, views=None)) is None


def test_few_looks_stay_as_they_are():
    few = looks(MOST_LOOKS)
    assert thin_looks(few) == tuple(few)


def test_many_looks_are_thinned_and_their_ends_stay():
    kept: tuple[Look, ...] = ()
    for look in looks(400):
        kept = thin_looks([*kept, look])
    at = [look.step for look in kept]
    assert len(at) == MOST_LOOKS
    assert (at[0], at[-1]) == (0, 399)
    assert at == sorted(set(at))
    gaps = np.diff(np.sqrt(at))
    assert gaps.max() < 4 * np.median(gaps)
    assert np.diff(at)[:5].max() < np.diff(at)[-10:].max()


def test_shared_arrays_count_once():
    one, ten = looks(1), looks(10)
    pictures = one[0].views.reconstructions.nbytes
    assert ten[3].views.originals is ten[0].views.originals
    assert looks_bytes(ten) == looks_bytes(one) + 9 * (pictures + ten[0].kl_per_dimension.nbytes)


def test_digits_that_change_are_kept_each():
    first = Look.of(report(0))
    changed = replace(views(1), originals=np.ones((10, 784), dtype=np.float32))
    assert Look.of(report(1, views=changed), first).views.originals.all()


@pytest.mark.parametrize("plane", [True, False])
@pytest.mark.parametrize("noise", [None, {"score": GradientNoise(0.5, 2.0)}])
@pytest.mark.parametrize("changing", [True, False])
def test_what_is_written_is_read(tmp_path, plane, noise, changing):
    gen = np.random.default_rng(0)
    digits = gen.random((10, 784), dtype=np.float32)
    written = []
    for step in (0, 7, 30):
        digits = gen.random((10, 784), dtype=np.float32) if changing else digits
        means = gen.normal(size=(3, 2)).astype(np.float32) if plane else None
        picture = gen.random((10, 784), dtype=np.float32)
        seen = replace(views(0), originals=digits, samples=picture, latent_means=means)
        written.append(Look(step, step / 10, seen, gen.random(2, dtype=np.float32), noise))
    save_looks(tmp_path / "looks.safetensors", written)
    read = load_looks(tmp_path / "looks.safetensors")
    assert [(look.step, look.epoch) for look in read] == [(0, 0.0), (7, 0.7), (30, 3.0)]
    for before, after in zip(written, read, strict=True):
        for name in ("originals", "reconstructions", "samples"):
            pair = getattr(before.views, name), getattr(after.views, name)
            np.testing.assert_allclose(*pair, atol=0.5 / 255 + 1e-6)
            assert pair[1].dtype == np.float32
        if plane:
            np.testing.assert_array_equal(before.views.latent_means, after.views.latent_means)
        else:
            assert after.views.latent_means is None
        np.testing.assert_array_equal(before.kl_per_dimension, after.kl_per_dimension)
        assert after.gradient_noise == noise
    assert (read[0].views.originals is read[2].views.originals) is not changing


def test_pictures_beyond_black_and_white_are_cut_off(tmp_path):
    picture = np.array([[-0.3, 0.5, 1.7]], dtype=np.float32)
    look = Look(0, 0.0, replace(views(0), samples=picture), None)
    save_looks(tmp_path / "looks.safetensors", [look])
    (read,) = load_looks(tmp_path / "looks.safetensors")
    np.testing.assert_allclose(read.views.samples, [[0.0, 0.5, 1.0]], atol=0.002)
    assert read.kl_per_dimension is None


def test_missing_and_damaged_files_hold_no_looks(tmp_path):
    path = tmp_path / "looks.safetensors"
    assert load_looks(path) == ()
    save_looks(path, looks(3))
    path.write_bytes(path.read_bytes()[:-100])
    assert load_looks(path) == ()
    save_looks(path, [])
    assert not path.exists()
