"""The letters and the papers: whole, in their colours, of true shapes, and met where it is said."""

from __future__ import annotations

import re
import unicodedata

import pytest
import torch
from torch import Tensor

from pages import contents
from pages.ui import lesson, theme
from pages.ui.lesson import Entry, Lesson
from tests.support import pages_sweep
from tests.support.lesson_links import assert_read, each_link
from vae_core.estimators import ESTIMATORS, taking
from vae_core.training.pretrained import load_pretrained
from vae_core.vae.data import load_mnist
from vae_core.vae.objective import elbo

PAGE = contents.page_info("symbols")
LETTERS = Lesson("symbols").entries("letter")
PAPERS = Lesson("symbols").entries("paper")
LINKS = [link for entry in (*LETTERS.values(), *PAPERS.values()) for link in entry.links]
# How a letter is written in lessons, once formulas and words are brought to one form by `plain`.
WRITTEN = {
    "x": r"\bx\b", "z": r"\bz\b", "eps": r"\\epsilon", "mu": r"\\mu", "sigma": r"\\sigma",
    "phi": r"\\phi", "theta": r"\\theta", "K": r"\bK\b", "B": r"\bB =", "D": r"\bD =",
    "prior": r"p\(z\)", "likelihood": r"p\(x\|z\)", "evidence": r"p\(x\)",
    "posterior": r"p\(z\|x\)", "q": r"q\(z\|x\)", "joint": r"p\(x,z\)",
    "KL": r"\bKL\b", "ELBO": r"\bELBO\b", "mean": r"\\mathbbE", "f": r"f\(z\)", "w": r"\bw =",
    "base": r"p\(\\epsilon\)", "score": r"\\nabla\\log q", "g": r"g\(\\epsilon\)",
    "beta": r"\\beta",
}  # fmt: skip
NAMES = {"ε": "epsilon", "μ": "mu", "σ": "sigma", "ϕ": "phi", "θ": "theta", "β": "beta"}
YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


def plain(page: str) -> str:
    """A page's lesson with formulas and Greek letters in one form, without indices of weights.

    Tours are left out: they name what is ahead.
    """
    sections = lesson.read_sections(page)
    told = [text for name, text in sections.items() if not name.startswith("way_")]
    text = "\n".join(told).replace(r"\mid", "|")
    text = text.replace("\\varepsilon", "ε").replace("\\phi", "ϕ").replace("\\theta", "θ")
    text = re.sub(r"\\(?:sym|pick)\{[^{}]*\}|\\part\{\d+\}|\\[,;]|[{}]", "", text)
    text = re.sub(r"_[θϕ]", "", text)
    for letter, name in NAMES.items():
        text = text.replace(letter, rf"\{name} ")
    return re.sub(r" *([|,()]) *", r"\1", text)


def first_page(name: str) -> str:
    """The first page of the story whose lesson holds the letter."""
    found = re.compile(WRITTEN[name])
    return next(page.key for page in contents.ALL_PAGES if found.search(plain(page.key)))


def test_every_coloured_symbol_has_its_row_in_its_colour() -> None:
    assert set(theme.SYMBOLS) <= set(LETTERS)
    for name, pair in theme.SYMBOLS.items():
        assert re.fullmatch(
            rf"\$\{{\\textcolor\{{{pair.light}\}}\{{.*\}}\}}\$", LETTERS[name].title
        )
    assert set(LETTERS) == set(WRITTEN)


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_is_met_first_where_it_is_said(name: str) -> None:
    assert LETTERS[name].items[-len(LETTERS[name].links)].startswith("Met first: ")
    assert LETTERS[name].links[0].page == first_page(name)


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_has_what_it_needs(name: str) -> None:
    letter = LETTERS[name]
    assert letter.fact("Shape") or letter.fact("Unit")
    logarithm = {"prior", "likelihood", "evidence", "posterior", "q", "joint", "base"}
    unit = letter.fact("Unit") or ""
    assert unit.startswith("nats") == (name in {*logarithm, "KL", "ELBO", "f", "score"})
    assert ("of its logarithm" in unit) == (name in logarithm)
    assert "|" not in re.sub(r"\\\||p\(x\|z\)", "", f"{letter.title}")  # it stands in a table


def tensors() -> dict[str, Tensor]:
    """Each letter that a shape is told of, as the model and an estimator have it."""
    gen = torch.Generator().manual_seed(0)
    k, model = 3, load_pretrained("latent2").model
    x = load_mnist().test_images[:5].float() / 255
    q = model.encoder(x)
    eps = q.base(k, gen)
    z = q.transform(eps)
    terms = elbo(x, model, ESTIMATORS["pathwise"], k, gen)
    fit, prior = model.log_prob_x(x, z), model.log_prior(z)
    joint = fit + prior
    evidence = torch.logsumexp(joint - q.log_prob(z), 0)
    return {
        "x": x, "z": z, "eps": eps, "mu": q.loc, "sigma": q.scale, "prior": prior,
        "likelihood": fit, "evidence": evidence, "posterior": joint - evidence,
        "q": q.log_prob(z), "joint": joint, "KL": terms.kl, "ELBO": terms.elbo,
        "f": ESTIMATORS["score"](lambda some: model.log_prob_x(x, some), q, k, gen),
        "base": type(q)(torch.zeros_like(q.loc), torch.ones_like(q.scale)).log_prob(eps),
        "score": q.scores(z)["loc"], "g": q.transform(eps),
    }  # fmt: skip


def test_shapes_are_those_of_the_real_tensors() -> None:
    told = {
        name: found.group()
        for name, letter in LETTERS.items()
        if (found := re.match(r"\(.*?\)", letter.fact("Shape") or ""))
    }
    real = tensors()
    assert set(told) == set(real)
    sizes = {"K": 3, "B": 5, "D": 2, "784": 784}
    for name, shape in told.items():
        assert tuple(sizes[size.strip()] for size in shape.strip("()").split(",")) == tuple(
            real[name].shape
        ), name


def test_the_networks_weights_are_a_matrix_and_a_vector_for_each_layer() -> None:
    model = load_pretrained("latent2").model
    for network in (model.encoder, model.decoder):
        shapes = [weight.ndim for weight in network.parameters()]
        assert sorted(shapes) == sorted([1, 2] * (len(shapes) // 2))


def test_starts_table_is_made_of_the_same_letters() -> None:
    shown = pages_sweep.open_page(contents.page_info("start")).markdown
    table = next(text.value for text in shown if text.value.startswith("| Letter"))
    rows = table.splitlines()[2:]
    assert set(theme.SYMBOLS) <= {
        name for name in LETTERS for row in rows if LETTERS[name].title in row
    }
    for row in rows:
        _, title, text, _ = re.split(r"(?<!\\)\|", row)
        assert (title.strip(), text.strip()) in {(e.title, e.text) for e in LETTERS.values()}


# The papers.


def surname(paper: Entry) -> str:
    """Of the first author."""
    return re.split(r",| and | et al", paper.title)[0]


def year(paper: Entry) -> str | None:
    found = YEAR.findall(paper.title)
    return found[-1] if found else None


def sources(page: str) -> str:
    """Whom a page names: its lesson's source, and the registry's where estimators are shown."""
    named = lesson.read_sections(page).get("source", "")
    if page == "gradient_variance":
        named += "; ".join(["", *(each.source for each in taking("normal").values())])
    if page == "discrete":
        own = (each.source for each in ESTIMATORS.values() if "bernoulli" in each.families)
        named += "; ".join(["", *own])
    return named


CITING = [page.key for page in contents.ALL_PAGES if sources(page.key)]


@pytest.mark.parametrize("page", CITING)
def test_every_paper_that_a_page_names_is_on_the_list_and_shown_there(page: str) -> None:
    named, start = sources(page), 0
    for cited in YEAR.finditer(named):
        before, start = named[start : cited.end()], cited.end()
        known = [p for p in PAPERS.values() if year(p) == cited.group() and surname(p) in before]
        assert known, before
        assert any(link.page == page for p in known for link in p.links), before
    titles = [paper.title for paper in PAPERS.values()]
    for title in re.findall(r"\*(.+?)\*", named):
        assert any(title in each for each in titles), title


@pytest.mark.parametrize("name", PAPERS)
def test_a_paper_is_shown_where_it_is_named(name: str) -> None:
    paper = PAPERS[name]
    assert re.search(r"\*.+\*", paper.title)
    assert paper.links
    for link in paper.links:
        assert surname(paper) in sources(link.page), link.page
        assert year(paper) is None or year(paper) in sources(link.page)


def test_papers_stand_by_their_first_authors() -> None:
    def order(paper: Entry) -> str:
        letters = unicodedata.normalize("NFKD", paper.title.casefold())
        return "".join(each for each in letters if not unicodedata.combining(each))

    titles = [order(paper) for paper in PAPERS.values()]
    assert titles == sorted(titles)


def test_every_link_says_something() -> None:
    known = {page.key for page in contents.ALL_PAGES}
    assert {link.page for link in LINKS} <= known
    assert all(link.query for link in LINKS)


@each_link(LINKS, every=30)
def test_a_link_says_what_its_page_reads(page: str, query: tuple[tuple[str, str], ...]) -> None:
    assert_read(page, query)
