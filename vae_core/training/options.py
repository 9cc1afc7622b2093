"""What a training option is: the values that a field may take, and its words in shell and page.

An option is one field of `Settings` or `TrainConfig`, made by `option`: the shell's flag, the
page's control and the error for a wrong value all follow from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, Protocol


class ConfigError(ValueError):
    """A run cannot be done as asked; the message says what is allowed."""


@dataclass(frozen=True)
class Limit:
    """The values that a number may take, and the name that a learner knows it by."""

    title: str
    low: float
    high: float
    whole: bool = True

    @property
    def kind(self) -> type:
        """What a word in the shell or the address is turned into."""
        return int if self.whole else float

    def check(self, value: float) -> None:
        """Raise ConfigError unless the value is a number within the limits."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and self.low <= value <= self.high and (value == int(value) or not self.whole):
            return
        kind = "a whole number" if self.whole else "a number"
        raise ConfigError(
            f"{self.title} must be {kind} from {self.low:g} to {self.high:g}, and is {value}."
        )


class Named(Protocol):
    """An entry of a registry: the name that a page shows, and one line on what to watch for."""

    @property
    def title(self) -> str: ...  # noqa: D102

    @property
    def watch(self) -> str: ...  # noqa: D102


@dataclass(frozen=True)
class Choice:
    """One of a few values that stand in no registry of their own."""

    title: str
    watch: str


@dataclass(frozen=True)
class Names:
    """The names that a field may take, those of a registry, and what a learner calls them."""

    title: str
    known: Mapping[str, Named]
    unknown: str = "{title}: there is no {value!r}."

    @property
    def kind(self) -> type:
        """As in `Limit`."""
        return str

    def check(self, value: str) -> None:
        """Raise ConfigError unless the value is one of the names."""
        if value not in self.known:
            problem = self.unknown.format(title=self.title, value=value)
            raise ConfigError(f"{problem} Choose one of: {', '.join(self.known)}.")


@dataclass(frozen=True)
class Control:
    """How a page lets a visitor choose.

    Attributes:
        label: what stands above the control.
        advice: what to expect; for names, each entry's line if left out.
        offered: the numbers to choose from; names are all offered.
        address: the control's name in the page's address; the field's own if left out.
    """

    label: str
    advice: str = ""
    offered: tuple[float, ...] = ()
    address: str = ""


@dataclass(frozen=True)
class Option:
    """One thing that a training can be told.

    Attributes:
        values: what it may be.
        shell: the flag's line in the shell's help; for names, their list if left out.
        control: the page's control; None where the page has none, or one of its own.
        flag: the shell's word, if it is not the field's name.
        metavar: what the help calls the value, if not the flag.
        brief: a number in few words, such as "K = {:g}".
    """

    values: Limit | Names
    shell: str = ""
    control: Control | None = None
    flag: str = ""
    metavar: str = ""
    brief: str = "{:g}"

    def said(self, value: Any) -> str:
        """A value in few words: a name's title, or a number with what it is."""
        if isinstance(self.values, Names):
            return self.values.known[value].title
        return self.brief.format(value)

    @property
    def help(self) -> str | None:
        """The flag's line in the shell's help."""
        if isinstance(self.values, Names) and not self.shell:
            return f"{self.values.title.lower()}: {', '.join(self.values.known)}"
        return self.shell or None


def option(default: Any, values: Limit | Names, shell: str = "", **told: Any) -> Any:
    """A field of a configuration, with its default; the rest are the attributes of `Option`."""
    return field(default=default, metadata={"option": Option(values, shell, **told)})


def options_of(configuration: type) -> dict[str, Option]:
    """The options among a dataclass's fields, by name."""
    found: tuple[Field[Any], ...] = fields(configuration)
    return {each.name: each.metadata["option"] for each in found if "option" in each.metadata}
