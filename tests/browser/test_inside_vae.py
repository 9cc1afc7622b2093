"""Inside the trained VAE under a real hand: map, chain and sheet, and the browser's own model."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect
from torch import Tensor

from pages.practice.inside_vae import maps
from pages.practice.inside_vae.models import PLANE, WIDE, held_out
from pages.practice.inside_vae.sheet import cells_of, noise, text_of
from pages.practice.inside_vae.views import VIEWS
from pages.ui import assets
from pages.ui.live.lookahead import pack_constants
from tests.browser.test_access import grave, tab_through
from tests.browser.test_live import count_runs
from tests.conftest import Opener
from tests.support.live_page import LivePage
from vae_core.estimators import ESTIMATORS, Cost
from vae_core.families import Normal
from vae_core.training.pretrained import load_pretrained
from vae_core.vae.data import as_mnist
from vae_core.vae.objective import elbo, kl_to_standard_normal

pytestmark = pytest.mark.browser

PAGE = "/inside_vae"
PICTURES = "(gd) => Array.from(gd.querySelectorAll('.hm image'), (i) => i.href.baseVal)"


def look(open_page: Opener, view: str, query: str = "", **options: Any) -> LivePage:
    page = open_page(f"{PAGE}?view={view}{query}", **options).page
    return LivePage(page, f"inside_{view}").ready()


def pictures(live: LivePage) -> list[str]:
    """Everything that is shown as a heatmap."""
    found: list[str] = live.root.locator(".ttn-plot").evaluate(PICTURES)
    return found


@pytest.mark.parametrize("view", ["map", pytest.param("manifold", marks=pytest.mark.exhaustive)])
def test_a_drag_in_the_plane_changes_the_digit_without_the_server(
    view: str, open_page: Opener
) -> None:
    live = look(open_page, view)
    names = [param for param in ("z1", "z2", "u1", "u2") if param in live.values]
    before = dict(live.values)
    live.page.wait_for_timeout(800)
    runs = count_runs(live)
    box = live.root.locator(".ttn-grip").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    live.page.mouse.move(x, y)
    live.page.mouse.down()
    seen, said = set(), set()
    for step in range(1, 13):
        live.page.mouse.move(x + 7 * step, y - 7 * step)
        live.page.wait_for_timeout(60)
        seen.add(pictures(live)[-1])
        said.add(live.root.locator(".ttn-takeaway").inner_text())
    assert len(seen) >= 8
    assert len(said) >= 8
    assert live.page.evaluate(runs) == 0
    live.page.mouse.up()
    live.wait_for_change(names[0], before[names[0]])
    assert all(live.values[name] > before[name] for name in names)
    assert all(f"{name}=" in live.page.url for name in names)


@pytest.mark.exhaustive
def test_the_painted_digit_is_the_one_that_plotly_draws(open_page: Opener) -> None:
    """Pixel by pixel: what the finger saw, and what stands there after a reload."""
    live = look(open_page, "map")
    grey = """(gd) => new Promise((done) => {
      const image = new Image();
      image.onload = () => {
        const canvas = Object.assign(document.createElement('canvas'), { width: 28, height: 28 });
        const context = canvas.getContext('2d');
        context.imageSmoothingEnabled = false;
        context.drawImage(image, 0, 0, 28, 28);
        const { data } = context.getImageData(0, 0, 28, 28);
        done(Array.from({ length: 784 }, (unused, i) => data[4 * i]));
      };
      image.src = gd.querySelector('.hm image').href.baseVal;
    })"""
    plot = live.root.locator(".ttn-plot")
    first = pictures(live)
    left, width, middle = live.grab("z1")
    live.page.mouse.move(left + 0.8 * width, middle)
    live.page.wait_for_function(
        "(first) => document.querySelector('.hm image').href.baseVal !== first",
        arg=first[0],
    )
    live.page.wait_for_timeout(100)
    painted = plot.evaluate(grey)
    live.page.mouse.up()
    live.page.wait_for_url("**z1=*")
    live.page.reload()
    live.ready()
    live.page.wait_for_timeout(500)
    drawn = plot.evaluate(grey)
    assert np.abs(np.subtract(painted, drawn)).max() <= 2
    assert np.ptp(painted) > 100


def test_the_browsers_model_is_the_core(open_page: Opener) -> None:
    """Encoder and decoder in double precision, to 1e-9 of what vae_core says."""
    page = look(open_page, "map").page
    x = held_out(7, 3).double()
    for name in (PLANE, WIDE):
        model = load_pretrained(name).model
        z = torch.linspace(-1.5, 2.0, model.encoder(x[None].float()).loc.shape[-1]).double()
        found = page.evaluate(
            """async ([address, x, z]) => {
              const { loadModel, encode, decode } = await import('/assets/shared/network.js');
              const model = await loadModel(address);
              const { mu, sigma } = encode(model, x);
              return [mu, sigma, decode(model, z)].map((each) => Array.from(each));
            }""",
            [assets.url(f"pretrained/{name}.safetensors"), x.tolist(), z.tolist()],
        )
        precise = type(model)(latent=len(z)).double()
        precise.load_state_dict(model.state_dict())
        with torch.no_grad():
            q = precise.encoder(x[None])
            wanted = (q.loc[0], q.scale[0], precise.mean_of_x(z))
        for ours, theirs in zip(found, wanted, strict=True):
            np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("view", ["map", pytest.param("manifold", marks=pytest.mark.exhaustive)])
def test_the_browsers_frames_are_pythons(view: str, open_page: Opener) -> None:
    """The frames in Python are float32, so they agree to that precision."""
    page = look(open_page, view).page
    formula = {"map": "latent_map", "manifold": "manifold"}[view]
    frame = getattr(maps, f"{view}_frame")
    constants = pack_constants(getattr(maps, f"{view}_constants")())
    names = {"map": ("z1", "z2"), "manifold": ("u1", "u2")}[view]
    places = {"map": [(0.5, -0.4), (-3.98, 4.0)], "manifold": [(0.525, 0.525), (0.025, 0.97)]}
    for place in places[view]:
        setting = dict(zip(names, place, strict=True))
        found = page.evaluate(
            """async ([formula, setting, packed]) => {
              const { unpackConstants } = await import('/assets/shared/decode.js');
              const { frame, prepare } = await import(`/assets/frames/${formula}.js`);
              const constants = unpackConstants(packed);
              await prepare(constants);
              const { traces, numbers } = frame(setting, constants);
              return { digit: Array.from(traces.digit.z), numbers, point: traces.point };
            }""",
            [formula, setting, constants],
        )
        wanted = frame(**setting)
        np.testing.assert_allclose(found["digit"], wanted.traces["digit"]["z"], atol=1e-5)
        assert found["numbers"] == pytest.approx(dict(wanted.numbers), abs=1e-12)
        assert [found["point"][axis][0] for axis in "xy"] == list(place)


@pytest.mark.exhaustive
def test_the_chain_plays_and_each_step_shows_other_pictures(open_page: Opener) -> None:
    live = look(open_page, "cover", "&t=0")
    live.page.wait_for_timeout(1500)
    runs = count_runs(live)
    first = pictures(live)
    live.root.get_by_role("button", name="Play").click()
    live.page.wait_for_timeout(2500)
    assert live.page.evaluate(runs) == 0
    later = pictures(live)
    assert later[0] == first[0]
    assert all(after != before for before, after in zip(first[1:], later[1:], strict=True))


@pytest.mark.exhaustive
def test_refinement_closes_the_gap_in_the_picture(open_page: Opener) -> None:
    live = look(open_page, "gap")
    said = live.root.locator(".ttn-takeaway")
    expect(said).to_contain_text("amortization gap 3.2")
    live.root.locator(".ttn-stage").focus()
    live.page.keyboard.press("End")
    expect(said).to_contain_text("amortization gap 0.00")
    expect(said).to_contain_text("approximation gap 0.49")


# ---- the sheet ------------------------------------------------------------------------------


def sheet(open_page: Opener, query: str = "", **options: Any) -> Page:
    page = open_page(f"{PAGE}?view=draw{query}", **options).page
    page.locator(".ttn-sketch[data-settled]").wait_for()
    return page


def shown(page: Page) -> list[str]:
    """The ten reconstructions."""
    found: list[str] = page.locator(".ttn-back").evaluate(
        "(back) => Array.from(back.children, (canvas) => canvas.toDataURL())"
    )
    return found


def told(page: Page, count: int | None = None) -> np.ndarray:
    """The hand-drawn digit in the address, once it has so many inked cells, or any: (28, 28)."""
    for _ in range(100):
        found = re.search(r"drawing=([\w-]+)", page.url)
        cells = cells_of(found[1]) if found else np.zeros(784, dtype=bool)
        if cells.sum() == count or (count is None and cells.any()):
            return cells.reshape(28, 28)
        page.wait_for_timeout(100)
    pytest.fail(f"the address has {cells.sum()} inked cells: {page.url}")


def test_a_hand_drawn_digit_gives_ten_reconstructions_and_stays(open_page: Opener) -> None:
    page = sheet(open_page)
    before = shown(page)
    assert len(set(before)) == 10
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".ttn-sketch .ttn-takeaway")).to_contain_text("An empty sheet")
    box = page.locator(".ttn-sheet").bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.55 * box["width"], box["y"] + 0.8 * box["height"], steps=6)
    page.mouse.up()
    expect(page.locator(".ttn-sketch .ttn-takeaway")).to_contain_text("ELBO")
    page.wait_for_function("() => location.search.length > 60")
    page.wait_for_timeout(1500)  # the address may be written once more, at the stroke's end
    after = shown(page)
    assert len(set(after)) == 10
    assert not set(after) & set(before)
    cells = told(page)
    assert 30 < cells.sum() < 80
    assert cells[6:22, 13:17].any(axis=1).all()
    page.reload()
    page.locator(".ttn-sketch[data-settled]").wait_for()
    assert shown(page) == after


def test_the_keyboard_draws_and_erases(open_page: Opener) -> None:
    page = sheet(open_page, "&drawing=A")
    page.locator(".ttn-sheet").focus()
    page.keyboard.press("Space")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowDown")
    assert told(page, 4)[14:18, 14].all()
    expect(page.locator(".ttn-sketch [role=status]")).to_have_text("Row 18, column 15, inked.")
    page.keyboard.press("Space")
    assert not told(page, 3)[17, 14]


def test_a_finger_draws_and_the_page_stays(open_page: Opener) -> None:
    page = sheet(open_page, "&drawing=A", width=390, has_touch=True)
    box = page.locator(".ttn-sheet").bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert told(page)[13:15, 13:15].all()
    for button in page.locator(".ttn-sketch button").all():
        assert button.bounding_box()["height"] >= 44


@pytest.mark.exhaustive
def test_a_test_digit_is_put_on_the_sheet(open_page: Opener) -> None:
    page = sheet(open_page, "&drawing=A&digit=3")
    page.get_by_role("button", name="Put a test digit here").click()
    page.wait_for_function("() => !location.search.includes('drawing')")
    assert len(set(shown(page))) == 10


def _at_known_noise(cost: Cost, q: Normal, _k: int, _gen: object, eps: Tensor) -> Tensor:
    """An estimator whose noise is given."""
    return cost(q.transform(eps))


def test_the_sheets_numbers_are_the_cores(open_page: Opener) -> None:
    """The hand-drawn digit as text and as MNIST has it; mu, sigma, KL and ELBO."""
    page = sheet(open_page)
    model = load_pretrained(WIDE).model
    eps = noise(5, 20)
    gen = np.random.default_rng(1)
    blob = np.zeros((28, 28), dtype=bool)
    blob[5:12, 8:24] = gen.random((7, 16)) < 0.4
    heavy = np.zeros((28, 28), dtype=bool)
    heavy[1:7, 1:7] = heavy[27, 27] = True
    for cells in (held_out(2, 1).numpy() > 0.5, blob.ravel(), heavy.ravel()):
        found = page.evaluate(
            """async ([text, address, eps]) => {
              const { answer } = await import('/assets/sheet/answer.js');
              const { asMnist, cellsOf, textOf } = await import('/assets/sheet/mnist.js');
              const { loadModel } = await import('/assets/shared/network.js');
              const cells = cellsOf(text);
              const x = asMnist(cells);
              const found = answer(await loadModel(address), x, eps);
              const { kl, elbo, mu, sigma } = found;
              const [last] = found.pictures.slice(-1);
              return { text: textOf(cells), x: Array.from(x), kl, elbo,
                mu: Array.from(mu), sigma: Array.from(sigma), last: Array.from(last) };
            }""",
            [text_of(cells), assets.url(f"pretrained/{WIDE}.safetensors"), eps.ravel().tolist()],
        )
        assert found["text"] == text_of(cells)
        x = as_mnist(torch.from_numpy(cells))
        np.testing.assert_allclose(found["x"], x.numpy(), rtol=1e-6, atol=1e-9)
        q = model.encoder(x[None].float())
        np.testing.assert_allclose(found["mu"], q.loc[0].numpy(), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(found["sigma"], q.scale[0].numpy(), rtol=1e-4)
        assert found["kl"] == pytest.approx(float(kl_to_standard_normal(q)[0]), rel=1e-5)
        z = q.loc + q.scale * torch.from_numpy(eps[-1:]).float()
        last = model.mean_of_x(z[0]).numpy()
        np.testing.assert_allclose(found["last"], last, atol=1e-4)
        at_noise = partial(_at_known_noise, eps=torch.from_numpy(eps).float()[:, None])
        known = replace(ESTIMATORS["pathwise"], function=at_noise)
        bound = elbo(x[None].float(), model, known, len(eps), torch.Generator())
        assert found["elbo"] == pytest.approx(float(bound.elbo), rel=1e-5)


@pytest.mark.exhaustive
@pytest.mark.parametrize("view", list(VIEWS)[1:])
def test_everyone_can_work_the_other_views_too(view: str, open_page: Opener) -> None:
    """Axe in both themes, every control in the keyboard's reach, no sideways scroll on a phone."""
    page = open_page(f"{PAGE}?view={view}", reduced_motion="reduce").page
    page.locator(".ttn-live[data-settled]").first.wait_for()
    for scheme in ("dark", "light"):
        assert grave(page, scheme) == [], scheme
    missed, unseen = tab_through(page)
    assert missed == []
    assert unseen == []
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(500)
    main = "document.querySelector('.stMain')"
    assert page.evaluate(f"{main}.scrollWidth <= {main}.clientWidth + 1")
