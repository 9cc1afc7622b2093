"""MNIST: the file as it is, and every way in which it can be broken."""

import numpy as np
import pytest
import torch

from vae_core.vae import data
from vae_core.vae.data import DataError, Mnist, as_unit, load_mnist, minibatches


def write(path, **changes):
    """A file of MNIST's layout with random content; a change of None leaves an array out."""
    rng = np.random.default_rng(0)
    arrays = {}
    for split, count in data.COUNTS.items():
        arrays[f"x_{split}"] = np.zeros((count, 28, 28), np.uint8)
        arrays[f"y_{split}"] = rng.integers(0, 10, count).astype(np.uint8)
    arrays |= changes
    np.savez_compressed(path, **{k: v for k, v in arrays.items() if v is not None})
    return path


def test_the_real_file():
    mnist = load_mnist()
    assert mnist.train_images.shape == (60_000, 784)
    assert mnist.test_images.shape == (10_000, 784)
    assert mnist.train_images.dtype == torch.uint8
    assert torch.bincount(mnist.train_labels).tolist()[:2] == [5923, 6742]
    assert load_mnist() is mnist


def test_pixel_mean_and_unit_range():
    mnist = load_mnist().first(500, 10)
    floats = as_unit(mnist.train_images)
    assert floats.min() == 0.0
    assert floats.max() == 1.0
    torch.testing.assert_close(mnist.pixel_mean, floats.mean(0))


def test_missing(tmp_path):
    with pytest.raises(DataError, match=r"missing.*git checkout -- assets/mnist.npz"):
        data._load(tmp_path / "mnist.npz", data.SHA256)


def test_advice_names_the_file_that_was_given(tmp_path):
    (tmp_path / "damaged.npz").write_bytes(b"no archive")
    write(tmp_path / "other.npz", x_test=None)
    for name in ("nowhere.npz", "damaged.npz", "other.npz"):
        with pytest.raises(DataError) as refused:
            load_mnist(tmp_path / name)
        assert str(tmp_path / name) in str(refused.value)
        assert "assets" not in str(refused.value)
    with pytest.raises(DataError, match=r"there is no file nowhere\.npz\. Name another"):
        load_mnist("nowhere.npz")


def test_checksum(tmp_path):
    path = write(tmp_path / "mnist.npz")
    with pytest.raises(DataError, match="checksum is wrong"):
        data._load(path, data.SHA256)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04cut off"])
def test_not_an_archive(tmp_path, content):
    path = tmp_path / "mnist.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        load_mnist(path)


def test_cut_off_and_plain_array(tmp_path):
    whole = write(tmp_path / "mnist.npz").read_bytes()
    (tmp_path / "half.npz").write_bytes(whole[: len(whole) // 2])
    np.save(tmp_path / "array.npy", np.zeros(3))
    for name in ("half.npz", "array.npy"):
        with pytest.raises(DataError, match="cannot be read"):
            load_mnist(tmp_path / name)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x_test": None}, "no array x_test"),
        ({"x_train": np.zeros((60_000, 14, 14), np.uint8)}, "x_train should be bytes of shape"),
        ({"x_test": np.zeros((10_000, 28, 28), np.float32)}, "is float32 of shape"),
        ({"y_train": np.zeros(3, np.uint8)}, "y_train should be"),
        ({"y_test": np.full(10_000, 11, np.uint8)}, "more than digits"),
    ],
)
def test_wrong_content(tmp_path, changes, message):
    with pytest.raises(DataError, match=message):
        load_mnist(write(tmp_path / "mnist.npz", **changes))


def test_another_file_of_the_same_layout(tmp_path):
    assert isinstance(load_mnist(write(tmp_path / "mine.npz")), Mnist)


def test_pickles_are_refused(tmp_path):
    objects = np.array([{"a": 1}], dtype=object)
    np.savez(tmp_path / "mnist.npz", x_train=objects, allow_pickle=True)
    with pytest.raises(DataError, match="cannot be read"):
        load_mnist(tmp_path / "mnist.npz")


def test_minibatches_cover_an_epoch_in_an_order_of_their_own():
    images = torch.arange(10, dtype=torch.uint8)[:, None]
    as_bytes = [
        [(b * 255).round().int().flatten().tolist() for b in minibatches(images, 3, seed, epoch)]
        for seed, epoch in ((0, 0), (0, 0), (0, 1), (1, 0))
    ]
    assert as_bytes[0] == as_bytes[1]
    assert as_bytes[0] != as_bytes[2]
    assert as_bytes[0] != as_bytes[3]
    seen = [value for batch in as_bytes[0] for value in batch]
    assert len(as_bytes[0]) == 3
    assert len(set(seen)) == 9
    rest = [(b * 255).round().int().flatten().tolist() for b in minibatches(images, 3, 0, 0, 2)]
    assert rest == as_bytes[0][2:]
