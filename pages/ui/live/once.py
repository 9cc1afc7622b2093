"""What depends on a state alone is made once, for all visitors.

A class of thirty mostly looks at the same states, and one who drags to and fro comes back to them.
Such a thing has a name: the functions and values that it is made from, see `name_of`. None of it
lives in Streamlit's caches, which any visitor's browser can clear.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from types import NoneType
from typing import Any, Generic, TypeVar

T = TypeVar("T")

LOOK_UP = 0.05  # seconds after which whoever waits looks whether it is still wanted
_PLAIN = (str, bytes, int, float, bool, NoneType)


def _patiently() -> None:
    """Nothing to look up for."""


class Once(Generic[T]):
    """Things by their names: made at the first question, given up when memory is needed for others.

    Any number of threads may ask. Who asks for what is in the making waits for it. Who makes it may
    fail or be broken off: then nothing is kept, and the next one who waits makes it.

    Args:
        most_bytes: memory of all that is kept; what was asked for longest ago goes first. A thing
            that is larger by itself is handed out and not kept.
        weigh: bytes of one thing.
    """

    def __init__(self, most_bytes: int, weigh: Callable[[T], int]) -> None:
        self.most_bytes = most_bytes
        self._weigh = weigh
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._making: dict[Hashable, threading.Event] = {}
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """Memory of what is kept now."""
        return self._bytes

    def __len__(self) -> int:
        """How many things are kept now."""
        return len(self._kept)

    def kept(self, name: Hashable) -> T | None:
        """The thing of this name, None if it is not there."""
        with self._lock:
            if name not in self._kept:
                return None
            self._kept.move_to_end(name)
            return self._kept[name][0]

    def get(
        self, name: Hashable, make: Callable[[], T], waiting: Callable[[], object] = _patiently
    ) -> T:
        """The thing of this name.

        Args:
            name: all that it depends on.
            make: makes it; what it raises is raised here, and to nobody else.
            waiting: called now and then while another makes it; it may raise to give up.
        """
        while True:
            with self._lock:
                if name in self._kept:
                    self._kept.move_to_end(name)
                    return self._kept[name][0]
                others = self._making.get(name)
                if others is None:
                    self._making[name] = threading.Event()
            if others is None:
                return self._make(name, make)
            while not others.wait(LOOK_UP):
                waiting()

    def _make(self, name: Hashable, make: Callable[[], T]) -> T:
        try:
            made = make()
            with self._lock:
                self._keep(name, made, self._weigh(made))
            return made
        finally:
            with self._lock:
                self._making.pop(name).set()

    def _keep(self, name: Hashable, made: T, weight: int) -> None:
        if weight > self.most_bytes:
            return
        self._kept[name] = made, weight
        self._bytes += weight
        while self._bytes > self.most_bytes:
            _, (_, freed) = self._kept.popitem(last=False)
            self._bytes -= freed


class NamelessError(TypeError):
    """A value of which no name tells what it is, such as a function that was made on the way."""


def name_of(value: Any) -> Hashable:
    """A name that two values share only if they are the same in all that they do.

    Text, numbers, functions and classes of a module, partials, dataclasses, and mappings and
    sequences of such.

    Raises:
        NamelessError: it holds something else.
    """
    if isinstance(value, _PLAIN):
        return type(value), value  # as 1 == 1.0 == True
    if isinstance(value, partial):
        return partial, name_of(value.func), name_of(value.args), name_of(value.keywords)
    if isinstance(value, Mapping):
        return dict, tuple((name_of(key), name_of(each)) for key, each in value.items())
    if isinstance(value, tuple | list):
        return type(value), tuple(name_of(each) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        return type(value), _fields(value)
    # One that is made anew in each script run, a lambda or an inner function, names nothing.
    if isinstance(value, Hashable) and "<" not in getattr(value, "__qualname__", "<"):
        return value
    raise NamelessError(type(value).__qualname__)  # what is drawn may take long to be told


def _fields(value: Any) -> Hashable:
    """A dataclass by its fields; with itself where it can be hashed, which is quicker."""
    try:
        return hash(value), value
    except TypeError:
        return tuple(name_of(getattr(value, each.name)) for each in fields(value))
