"""Each question's link, followed from its answer: the number or the word that answers it there."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from pages import contents
from pages.review.questions.asked import all_asked
from pages.ui.lesson import Lesson
from tests.conftest import Opener

pytestmark = pytest.mark.browser

EXHAUSTIVE = pytest.mark.exhaustive
ASKED = all_asked(Lesson("questions"))
# For each question and each of its links what the figure there says, or the text that begins with
# "page:". What a figure says begins with its takeaway's own words, numbers and all.
SHOWN: dict[str, tuple[str, ...]] = {
    "learns": (
        "The encoder, in one pass and without a search, predicts one that lies 2.40 nats below",
        "315,604 numbers, learnt, and the same for every image. μ and σ are no weights",
    ),
    "reconstruction": (
        "−153.53 for the first z. Its negative is what programs call the reconstruction error",
    ),
    "decoder": (
        "The decoder gives its parameters, not x itself: logits of shape (5, 784)",
        "784 probabilities of ink: the mean of x, not x itself",
    ),
    "spaces": (
        "The mean and deviation of x, 0.50 and 0.50 at row 25, column 13, are not the μ and σ of z",
        "page:They live in different spaces. p(z) is a bell over z. p(x|z) is one over x",
    ),
    "joint": ("log p(x, z) = −153.53 + −2.10 = −155.63 nats for the first z. θ names all weights",),
    "likelihood": ("p(x, z) is one density of the pair, the joint",),
    "theta": (
        "ϕ are the parameters of the density q(z|x): here μ = (0.64, −0.14) and σ = (0.05, 0.04)",
        "ϕ are the weights of the encoder: 315,604 numbers",
    ),
    "leibniz": (
        "The derivative may go inside: it gives 3.00. Of that, f ∂q/∂μ is 3.00, and no average",
        "the boundary term is real: −0.67 from inside, 2.00 from the moving end, 1.33 together",
    ),
    "example": (
        "it gives 4.00. Of that, f ∂q/∂μ is 3.00, and no average: ∂q/∂μ has a negative half and "
        "is no density. Draws from q see q ∂f/∂μ alone: 1.00.",
    ),
    "dz": (
        "dz = 0.60 dε. This is the location-scale case, with σ = 0.60. The area stayed, 0.150",
        "near it, dz = 0.51 dε, elsewhere from 0.27 to 1.59 dε. Its area stayed: 0.150",
    ),
    "inverse": (
        "holds 84 % of the sand, so as q(z) it is refused. The average over ε stands: 0.908; all "
        "branches together, 0.908",
    ),
    "base": (
        "page:p(ε) holds neither μ nor σ, so the gradient passes it by",
        "the gradient passes: ∂cost/∂μ = 3.50 and ∂cost/∂σ = 5.25",
    ),
    "diffusion": ("The sample ε = 1.00 lands at z = 1.40",),
    "topics": (
        "So you may average over ε, and need no q(z)",
        "became z = (0.27, 0.28, 0.45). Hold it and raise α₁ a little: z moves by (0.18, −0.07",
    ),
    "target": (
        "On to μ times 1, and to σ times ε = (−0.26, 0.71)",
        "Through μ and σ into the encoder: the gradient in its weights ϕ",
    ),
    "prior": (
        "At z = (−1.44, 0.08) the decoder draws this. The nearest held-out digit is a 5, 0.31 away",
        "Shares u = (0.075, 0.530) of the prior lie below z = (−1.44, 0.08)",
    ),
    "prior_learned": ("page:VampPrior",),
    "gan": (
        "the bound lies 3.74 nats below log p(x) = −185.70",
        "the gradient passes: ∂cost/∂μ = 3.50 and ∂cost/∂σ = 5.25",
    ),
}
NOW = {("dz", 0)}
LINKS = [
    pytest.param(*link, id="-".join(map(str, link)), marks=[] if link in NOW else EXHAUSTIVE)
    for link in ((name, at) for name, one in ASKED.items() for at in range(len(one.links)))
]


def expect_said(page: Page, words: str) -> None:
    """The page's first figure says it; or the page, where it is no figure that answers."""
    page.locator(".ttn-live[data-settled]").first.wait_for()
    if words.startswith("page:"):
        expect(page.locator(".stMain")).to_contain_text(words.removeprefix("page:"))
    else:
        expect(page.locator(".ttn-takeaway").first).to_contain_text(words)


@pytest.mark.parametrize(("name", "at"), LINKS)
def test_a_questions_link_opens_what_answers_it(name: str, at: int, open_page: Opener) -> None:
    watched = open_page(f"/questions?ask={name}")
    page, link = watched.page, ASKED[name].links[at]
    assert len(SHOWN[name]) == len(ASKED[name].links)
    expect(page.locator("h3")).to_have_text(ASKED[name].question)
    page.get_by_role("link", name=link.label, exact=True).click()
    address = contents.page_info(link.page).address
    page.wait_for_url(re.compile(rf"/{address}\?"))
    watched.settle()
    if name == "prior_learned":
        page.get_by_role("button", name="The model").click()
    expect_said(page, SHOWN[name][at])


def test_who_looks_for_a_word_finds_it_and_the_way_back(open_page: Opener) -> None:
    """By the keyboard: words, an accent, nothing found, everything, and a question of its own."""
    watched = open_page("/questions", width=390)
    page = watched.page
    field = page.get_by_role("searchbox", name="Search")
    field.focus()
    page.keyboard.type("VÀE gan", delay=40)  # whoever types is not interrupted
    expect(page.get_by_text("1 of 18 questions", exact=True)).to_be_visible()
    expect(field).to_have_value("VÀE gan")
    expect(page.get_by_text("How does a VAE differ")).to_have_count(1)  # and none from before
    expect(page.get_by_text("A GAN has neither")).to_be_visible()
    assert "q=V%C3%80E+gan" in page.url
    page.keyboard.type("zebra")
    page.wait_for_url("**zebra")  # what is typed is sent a moment after the last key
    expect(page.get_by_text("No question holds all of these words")).to_be_visible()
    page.get_by_role("button", name="All 18 questions").click()
    expect(page.locator("[data-testid=stExpander]")).to_have_count(len(ASKED))
    expect(field).to_have_value("")
    watched.settle()
    summary = page.locator("[data-testid=stExpander] summary").first
    summary.focus()
    page.keyboard.press("Enter")
    watched.settle()
    page.get_by_role("link", name="Link to this question").first.click()
    page.wait_for_url("**/questions?ask=learns")
    expect(page.locator("h3")).to_have_count(1)
    expect(page.locator("h3")).to_have_text(ASKED["learns"].question)
    page.go_back()
    expect(page.locator("[data-testid=stExpander]")).to_have_count(len(ASKED))


CUT = """() => Array.from(document.querySelectorAll('.stPageLink a *'))
  .filter((node) => node.scrollWidth > node.clientWidth + 1 && node.clientWidth)
  .map((node) => node.textContent)"""


@pytest.mark.exhaustive
def test_no_link_is_cut_off_on_a_phone(open_page: Opener) -> None:
    watched = open_page("/symbols?view=papers", width=390)
    assert watched.page.evaluate(CUT) == []
    for name, one in ASKED.items():
        watched.visit(f"/questions?ask={name}")
        expect(watched.page.get_by_role("link", name=one.links[-1].label)).to_be_visible()
        assert watched.page.evaluate(CUT) == [], name
