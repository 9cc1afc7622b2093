"""python -m vae_core COMMAND: the code that the pages call, without a browser."""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
from contextlib import suppress
from typing import NoReturn

from vae_core.cli import (
    evaluate,
    families,
    gradients,
    graph,
    logistic,
    pretrain,
    prior_draws,
    train,
)


class OneLineParser(argparse.ArgumentParser):
    """Answers wrong words with one line and exit status 2."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and stop."""
        self.exit(2, f"{self.prog}: {message} (see --help)\n")


def main(argv: list[str] | None = None) -> int:
    """Run one command; the exit status is 0, 2 for what cannot be done, or 130 after Ctrl-C."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A file or a terminal that has no letter for what f contains gets its number instead.
        sys.stdout.reconfigure(errors="backslashreplace")
    parser = parser_of_all()
    args = parser.parse_args(with_negative_numbers(sys.argv[1:] if argv is None else argv))
    try:
        args.run(args)
        sys.stdout.flush()
    except BrokenPipeError:
        drop_output()
    except OSError as problem:
        where = f": {problem.filename}" if problem.filename else ""
        print(f"{parser.prog} {args.command}: {problem.strerror}{where}", file=sys.stderr)
        drop_output()
        return 2
    except ValueError as problem:
        print(f"{parser.prog} {args.command}: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130
    return 0


def parser_of_all() -> OneLineParser:
    """The words of all commands."""
    parser = OneLineParser(prog="python -m vae_core", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command, text in (
        ("gradients", gradients, "measure a gradient estimator on a problem"),
        ("families", families, "list the families of distributions and their paths"),
        ("graph", graph, "measure the gradient of any graph with random nodes in it"),
        ("logistic", logistic, "fit a Bayesian logistic regression by its variational bound"),
        ("train", train, "train a VAE on MNIST"),
        ("evaluate", evaluate, "estimate log p(x) of a trained VAE"),
        ("pretrain", pretrain, "make the trained models that come with the program"),
        ("prior-draws", prior_draws, "estimate log p(x) by draws from the prior alone"),
    ):
        words = commands.add_parser(name, help=text, allow_abbrev=False)
        command.add_arguments(words)
        words.set_defaults(run=command.run)
    return parser


def drop_output() -> None:
    """Send what is still buffered nowhere, where it can go nowhere else.

    The reader, `head` say, has seen enough, or the disk is full. Without this Python would complain
    at its exit, with status 120.
    """
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def with_negative_numbers(words: list[str]) -> list[str]:
    """`--loc -1e-3` as `--loc=-1e-3`: to argparse most negative numbers look like options."""
    joined: list[str] = []
    for word in words:
        option = joined[-1] if joined else ""
        if word.startswith("-") and is_number(word) and re.fullmatch(r"--[a-z-]+", option):
            joined[-1] = f"{option}={word}"
        else:
            joined.append(word)
    return joined


def is_number(word: str) -> bool:
    """Whether a word reads as a number."""
    try:
        float(word)
    except ValueError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
