"""python -m vae_core COMMAND: the code that the pages call, without a browser."""

from __future__ import annotations

import argparse
import os
import sys
from typing import NoReturn

from vae_core.cli import evaluate, gradients, pretrain, train


class OneLineParser(argparse.ArgumentParser):
    """Answers wrong words with one line and exit status 2."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and stop."""
        self.exit(2, f"{self.prog}: {message} (see --help)\n")


def main(argv: list[str] | None = None) -> int:
    """Run one command; the exit status is 0, or 2 for words that make no sense."""
    parser = OneLineParser(prog="python -m vae_core", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command, text in (
        ("gradients", gradients, "measure a gradient estimator on a problem"),
        ("train", train, "train a VAE on MNIST"),
        ("evaluate", evaluate, "estimate log p(x) of a trained VAE"),
        ("pretrain", pretrain, "make the trained models that come with the program"),
    ):
        words = commands.add_parser(name, help=text, allow_abbrev=False)
        command.add_arguments(words)
        words.set_defaults(run=command.run)
    args = parser.parse_args(argv)
    try:
        args.run(args)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader, `head` say, has seen enough. What is still buffered has nowhere to go, and
        # without this Python would complain of it at its exit, with status 120.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except ValueError as problem:
        print(f"python -m vae_core {args.command}: {problem}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
