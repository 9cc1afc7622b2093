"""The questions: all of the viewers', what their links set, the search, the answers' numbers."""

from __future__ import annotations

import math
import re
from itertools import groupby

import numpy as np
import pytest
import torch
from scipy import special, stats

from pages import contents
from pages.review.questions import search
from pages.review.questions.asked import Asked, all_asked
from pages.ui import controls
from pages.ui.lesson import Lesson, read_entry
from tests.support import pages_sweep
from tests.support.lesson_links import assert_read, each_link
from vae_core.families import Normal
from vae_core.training.pretrained import load_pretrained
from vae_core.vae.data import as_unit, load_mnist
from vae_core.vae.likelihoods import LIKELIHOODS

PAGE = contents.page_info("questions")
ASKED = all_asked(Lesson("questions"))
# What the viewers of the lecture asked, in their order, and what the issue adds.
VIEWERS = (
    ["learns"], ["reconstruction"], ["decoder"], ["spaces"], ["joint", "theta"], ["likelihood"],
    ["dz"], ["leibniz"], ["example"], ["base"], ["prior", "prior_learned"], ["target"], ["gan"],
    ["topics", "gan", "diffusion"],
)  # fmt: skip
ADDED = ["inverse"]


def answer(name: str) -> str:
    return ASKED[name].text


def test_every_viewers_question_is_answered() -> None:
    assert len(VIEWERS) == 14
    assert {name for names in VIEWERS for name in names} | set(ADDED) == set(ASKED)


@pytest.mark.parametrize("one", ASKED.values(), ids=ASKED)
def test_a_question_asks_and_its_answer_is_short(one: Asked) -> None:
    assert one.question.endswith("?")
    assert len(re.findall(r"[.;:?](?=\s|$)", one.text)) >= 2
    assert len(one.text.split()) <= 100
    assert not one.text.endswith(":")


def test_questions_stand_by_chapters_in_the_storys_order() -> None:
    in_turn = [chapter.title for chapter, _ in groupby(one.chapter for one in ASKED.values())]
    assert in_turn == [title for title in contents.CHAPTERS if title in in_turn]


@each_link((link for one in ASKED.values() for link in one.links), every=12)
def test_a_link_says_what_its_page_reads(page: str, query: tuple[tuple[str, str], ...]) -> None:
    assert_read(page, query)


# Words, and the questions that hold them.
FOUND = {
    "Dirichlet": {"topics"},
    "dirich": {"topics"},
    "  DÍRICHLET ": {"topics"},
    "lotus": {"dz"},
    "jacob": set(),
    "VampPrior": {"prior_learned"},
    "epsilon": {
        n for n, one in ASKED.items() if re.search(r"ε|\\varepsilon", one.question + one.text)
    },
    "ε": {n for n, one in ASKED.items() if re.search(r"ε|\\varepsilon", one.question + one.text)},
    "mu": {n for n, one in ASKED.items() if re.search(r"μ|\\mu", one.question + one.text)},
    "topic softmax": {"topics"},
    "topic VampPrior": set(),
}


@pytest.mark.parametrize(("query", "names"), FOUND.items())
def test_words_are_found_whatever_their_case_accents_and_letters(
    query: str, names: set[str]
) -> None:
    assert set(search.found(ASKED, query, "all")) == names


def test_what_is_found_keeps_the_order_and_the_chapter() -> None:
    assert list(search.found(ASKED, "", "all")) == list(ASKED)
    some = list(search.found(ASKED, "encoder", "all"))
    assert some == [name for name in ASKED if name in some]
    trick = search.found(ASKED, "", "trick")
    assert list(trick) == ["dz", "inverse", "base", "diffusion", "topics"]
    assert not set(search.found(ASKED, "encoder", "obstacle")) - set(some)


def test_a_question_that_is_asked_for_stands_alone() -> None:
    app = pages_sweep.open_page(PAGE, ask="dz")
    assert [head.value for head in app.subheader] == [ASKED["dz"].question]
    assert answer("dz") in [text.value for text in app.markdown]
    links = [link.label for link in app.get("page_link")]
    labels = [link.label for link in ASKED["dz"].links]
    assert links[1 : 1 + len(labels)] == labels
    assert len(app.button[0].click().run().expander) == len(ASKED)


def test_no_question_of_that_name_and_no_word_found_lead_back() -> None:
    app = pages_sweep.open_page(PAGE, ask="nothing")
    assert [note.value for note in app.caption] == [
        controls.FALLBACK_NOTE.format(label="*question*")
    ]
    assert len(app.expander) == len(ASKED)
    app = pages_sweep.open_page(PAGE, q="zebra")
    assert len(app.expander) == 0
    assert app.info[0].value == Lesson("questions").text("nothing")
    assert app.button[0].label == f"All {len(ASKED)} questions"
    assert len(app.button[0].click().run().expander) == len(ASKED)


def test_few_that_are_found_stand_open() -> None:
    app = pages_sweep.open_page(PAGE, q="dirichlet")
    assert [(each.label, each.proto.expanded) for each in app.expander] == [
        (ASKED["topics"].question, True)
    ]
    app = pages_sweep.open_page(PAGE)
    assert not any(each.proto.expanded for each in app.expander)


@pytest.mark.parametrize("section", ["no heading", "### heading alone", "### heading\n\n- [a](b)"])
def test_an_entry_without_heading_or_text_is_an_error(section: str) -> None:
    with pytest.raises(ValueError, match="heading"):
        read_entry(section)


# What the answers say in numbers and formulas.


def test_the_aggregate_posterior_is_not_quite_the_prior() -> None:
    """Far away by draws of each encoder's bell; in a hole by the number of digits."""
    images = as_unit(load_mnist().test_images)
    assert len(images) == 10_000
    with torch.no_grad():
        q = load_pretrained("latent2").model.encoder(images)
    noise = torch.randn(q.loc.shape, generator=torch.Generator().manual_seed(0))
    far = float((torch.hypot(*(q.loc + q.scale * noise).T) > 3).float().mean())
    assert "6 % of the average over 10,000 test digits" in answer("prior")
    assert round(100 * far) == 6
    assert "where the prior has 1 %" in answer("prior")
    assert round(100 * stats.chi2.sf(9, df=2)) == 1
    query = ASKED["prior"].links[0].query
    hole = np.array([float(query["z1"]), float(query["z2"])])
    assert "z = (−1.44, 0.08) there is less than a tenth" in answer("prior")
    assert hole.tolist() == [-1.44, 0.08]
    radius = 0.2
    here = float((torch.hypot(*(q.loc - torch.tensor(hole)).T) < radius).float().mean())
    fair = stats.multivariate_normal.pdf(hole, np.zeros(2)) * math.pi * radius**2
    assert here < 0.1 * fair
    assert len(images) * fair > 40  # so that it is no chance


def test_a_gaussian_decoders_error_is_a_squared_one() -> None:
    """Up to a constant: the same for another decoder."""
    gen, sigma = torch.Generator().manual_seed(0), 0.3
    x, *logits = torch.rand((3, 784), generator=gen, dtype=torch.float64)
    found = [-float(LIKELIHOODS["gaussian"].log_prob(x, each, sigma)) for each in logits]
    means = [special.expit(each.numpy()) for each in logits]
    squared = [((x.numpy() - mean) ** 2).sum() / (2 * sigma**2) for mean in means]
    assert abs(squared[0] - squared[1]) > 1
    assert found[0] - squared[0] == pytest.approx(found[1] - squared[1], abs=1e-9)


@pytest.mark.parametrize(("mu", "sigma"), [(1.0, 0.6), (-2.0, 1.0), (0.3, 2.5)])
def test_a_location_scale_transform_stretches_by_sigma(mu: float, sigma: float) -> None:
    bell = Normal(*(torch.tensor([[v]], dtype=torch.float64) for v in (mu, sigma)))
    ends = torch.tensor([[[-0.7]], [[-0.7 + 1e-3]]], dtype=torch.float64)
    low, high = bell.transform(ends).flatten().tolist()
    assert (high - low) / 1e-3 == pytest.approx(sigma, rel=1e-9)


@pytest.mark.parametrize(("shape", "chance"), [(0.4, 0.1), (1.7, 0.5), (6.0, 0.93)])
def test_a_gammas_slope_follows_from_its_distribution_function(shape: float, chance: float) -> None:
    """Against the slope of the quantile, for which scipy has a function, in its shape."""
    step = 1e-5
    z = special.gammaincinv(shape, chance)
    by_quantile = (
        special.gammaincinv(shape + step, chance) - special.gammaincinv(shape - step, chance)
    ) / (2 * step)
    by_shape = (special.gammainc(shape + step, z) - special.gammainc(shape - step, z)) / (2 * step)
    assert -by_shape / stats.gamma.pdf(z, shape) == pytest.approx(by_quantile, rel=1e-5)


def test_two_topics_are_a_softmax_of_moved_noise() -> None:
    link = ASKED["topics"].links[0]
    heights = [float(link.query[f"phi{i}"]) for i in range(1, 6)]
    sigma = float(re.findall(r"σ = ([\d.]+)", link.label)[0])
    shares = special.softmax([[sigma * eps, 0.0] for eps in range(-2, 3)], axis=1)[:, 0]
    assert np.abs(np.array(heights) - shares).max() < 0.05


def test_a_level_of_noise_is_a_location_scale_transform() -> None:
    """sqrt(a) x + sqrt(1 - a) eps, with the link's numbers."""
    link = ASKED["diffusion"].links[0]
    a, x = (float(number) for number in re.findall(r"[ax] = ([\d.]+)", link.label))
    mu, sigma, eps = (float(link.query[name]) for name in ("mu", "sigma", "eps"))
    assert (mu, sigma) == pytest.approx((math.sqrt(a) * x, math.sqrt(1 - a)))
    assert f"μ = {mu:g} and σ = {sigma:g}" in link.label
    bell = Normal(torch.tensor([[mu]]), torch.tensor([[sigma]]))
    found = bell.transform(torch.tensor([[[eps]]])).item()
    assert found == pytest.approx(math.sqrt(a) * x + math.sqrt(1 - a) * eps)
