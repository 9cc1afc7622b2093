"""The chapters and their pages, in the order of the story: one line a page.

A page's folder, script, lesson and address follow from its key and its chapter's folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PAGES = Path(__file__).parent


@dataclass(frozen=True)
class PageInfo:
    """One page: its chapter's folder, its key (lesson file and address), its name in the menu."""

    folder: str
    key: str
    title: str

    @property
    def file(self) -> str:
        """Its script, below `PAGES`. It bears the key: Streamlit names a page after its file."""
        return f"{self.folder}/{self.key}/{self.key}.py"

    @property
    def address(self) -> str:
        """Path of the page in the address bar, without the leading slash."""
        return "" if self.key == "start" else self.key


def _chapter(folder: str, *pages: tuple[str, str]) -> tuple[PageInfo, ...]:
    return tuple(PageInfo(folder, key, title) for key, title in pages)


CHAPTERS: dict[str, tuple[PageInfo, ...]] = {
    "The goal": _chapter(
        "goal",
        ("start", "Start"),
        ("latent_variables", "Latent variables"),
        ("kl_divergence", "The KL divergence"),
        ("elbo", "The ELBO, symbol by symbol"),
        ("elbo_gap", "The gap below the evidence"),
        ("amortized", "Learns, or predicts?"),
    ),
    "The obstacle": _chapter(
        "obstacle",
        ("monte_carlo", "What is an estimate?"),
        ("stuck", "Why the gradient gets stuck"),
    ),
    "The trick": _chapter(
        "trick",
        ("lotus", "LOTUS"),
        ("location_scale", "The location-scale transform"),
        ("families", "Families of distributions"),
    ),
    "Estimators": _chapter(
        "estimators",
        ("gradient_variance", "Gradient variance"),
        ("race", "The race"),
    ),
    "In practice": _chapter(
        "practice",
        ("one_step", "One training step, slowed down"),
        ("train_vae", "Train a VAE"),
        ("compare_runs", "Compare runs"),
        ("inside_vae", "Inside the trained VAE"),
    ),
    "Beyond": _chapter(
        "beyond",
        ("stochastic_graphs", "Any graph with dice"),
        ("stochastic_backprop", "Gradients without a path"),
        ("doubly_stochastic", "Two kinds of chance"),
        ("discrete", "Where the trick ends"),
    ),
    "Review": _chapter(
        "review",
        ("quiz", "Quiz"),
        ("questions", "Questions"),
        ("symbols", "Letters and papers"),
    ),
}
ALL_PAGES: tuple[PageInfo, ...] = tuple(page for group in CHAPTERS.values() for page in group)


def page_info(key: str) -> PageInfo:
    """The page of that key.

    Raises:
        KeyError: If there is none.
    """
    found = {page.key: page for page in ALL_PAGES}
    return found[key]


def neighbours(key: str) -> tuple[PageInfo | None, PageInfo | None]:
    """The pages before and after the page of that key, None at either end."""
    at = ALL_PAGES.index(page_info(key))
    before = ALL_PAGES[at - 1] if at > 0 else None
    after = ALL_PAGES[at + 1] if at + 1 < len(ALL_PAGES) else None
    return before, after
