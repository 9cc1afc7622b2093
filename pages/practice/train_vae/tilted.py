"""What a tilted q(z|x) has brought: the recorded runs of each posterior, in the lesson's words."""

from __future__ import annotations

from collections.abc import Sequence

from pages.ui.runs.recorded import mean_and_error, of_each_seed, runs

RUNS = "posteriors"
NAMES = {"rank_one": "diagonal plus rank one", "full": "the full covariance"}
CLEAR = {2: 12.71, 3: 4.30, 4: 3.18}
"""Standard errors that a mean over so many seeds must lie from zero to be told from it.

Student's t with a degree of freedom less than seeds: 19 of 20 means of mere noise lie nearer.
"""


def elbos(posterior: str, latent: int) -> list[float]:
    """Held-out ELBO of each seed in turn, nats per image."""
    return of_each_seed(RUNS, "elbo", posterior=posterior, latent=latent)


def gain(posterior: str, latent: int) -> tuple[float, float]:
    """By how much it beats the diagonal q of the same seed, and the standard error, in nats."""
    pairs = zip(elbos(posterior, latent), elbos("diagonal", latent), strict=True)
    return mean_and_error([own - plain for own, plain in pairs])


def told() -> dict[str, str]:
    """The lesson's blanks: seeds, mean bounds, gains with their standard errors, and who won."""
    kinds = sorted({(run["posterior"], run["latent"]) for run in runs(RUNS)})
    blanks = {"seeds": str(len({run["seed"] for run in runs(RUNS)}))}
    for kind, latent in kinds:
        mean, _ = mean_and_error(elbos(kind, latent))
        blanks[f"{kind}_{latent}"] = f"−{-mean:.2f}"
        if kind != "diagonal":
            difference, error = gain(kind, latent)
            blanks[f"{kind}_{latent}_gain"] = f"{difference:+.2f} ± {error:.2f}".replace("-", "−")
    return blanks | {"verdict": " ".join(verdict(posterior) for posterior in NAMES)}


def verdict(posterior: str) -> str:
    """Where it won, where it lost and where neither can be told, in a sentence."""
    found: dict[str, list[str]] = {
        "is ahead": [],
        "is behind": [],
        "cannot be told from the diagonal": [],
    }
    for latent in sorted({run["latent"] for run in runs(RUNS)}):
        difference, error = gain(posterior, latent)
        clear = abs(difference) > CLEAR[len(elbos(posterior, latent))] * error
        side = "is ahead" if difference > 0.0 else "is behind"
        found[side if clear else "cannot be told from the diagonal"].append(str(latent))
    parts = [f"{way} at D = {_listed(sizes)}" for way, sizes in found.items() if sizes]
    said = f"{NAMES[posterior]} {', and '.join(parts)}."
    return said[0].upper() + said[1:]


def _listed(words: Sequence[str]) -> str:
    """As "2, 5 and 20"."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
