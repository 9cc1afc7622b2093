"""A cost evaluated on something else than numbers: what `Disc` and `Growth` have in common.

A typed cost is a function made of torch's functions and Python's operators. Both can be given a
meaning for other things than tensors (torch's `__torch_function__` protocol), so that the very
function that is sampled and drawn can also be enclosed and its growth bounded. A function that
has no meaning here raises TypeError: then nothing is certified, and nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import torch

# torch's functions by the name of the method that they become.
METHODS: dict[str, tuple[Any, ...]] = {
    "add": (torch.add,),
    "sub": (torch.sub,),
    "mul": (torch.mul,),
    "div": (torch.div, torch.true_divide),
    "power": (torch.pow,),
    "neg": (torch.neg,),
    "sin": (torch.sin,),
    "cos": (torch.cos,),
    "tanh": (torch.tanh,),
    "exp": (torch.exp,),
    "sinh": (torch.sinh,),
    "cosh": (torch.cosh,),
    "log": (torch.log,),
    "sqrt": (torch.sqrt,),
    "abs": (torch.abs,),
    "sigmoid": (torch.sigmoid,),
    "relu": (torch.relu, torch.nn.functional.relu),
    "softplus": (torch.nn.functional.softplus,),
    "sign": (torch.sign,),
    "above": (torch.gt, torch.ge),
    "below": (torch.lt, torch.le),
    "larger": (torch.maximum,),
    "smaller": (torch.minimum,),
    "constant": (torch.full_like,),
    "square": (torch.square,),
}
NAMES = {function: name for name, functions in METHODS.items() for function in functions}


class Number:
    """Operators and torch's functions in terms of a handful of methods of the subclasses."""

    dtype = torch.float64

    @classmethod
    def __torch_function__(
        cls,
        function: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Called by torch in place of its own function."""
        name = NAMES.get(function)
        if name is None or kwargs:
            return NotImplemented
        first, *rest = args
        mine = next(each for each in args if isinstance(each, cls))
        first = first if isinstance(first, cls) else mine.constant(first)
        return getattr(first, name)(*rest)

    def constant(self, value: Any) -> Self:
        """A number of this kind."""
        raise NotImplementedError

    def _same(self, other: Any) -> Self:
        return other if isinstance(other, type(self)) else self.constant(other)

    def add(self, other: Any) -> Self:
        raise NotImplementedError

    def mul(self, other: Any) -> Self:
        raise NotImplementedError

    def reciprocal(self) -> Self:
        raise NotImplementedError

    def power(self, other: Any) -> Self:
        raise NotImplementedError

    def relu(self) -> Self:
        raise NotImplementedError

    def step(self) -> Self:
        """1 where positive, else 0."""
        raise NotImplementedError

    def neg(self) -> Self:
        return self.mul(-1.0)

    def sub(self, other: Any) -> Self:
        return self.add(self._same(other).neg())

    def div(self, other: Any) -> Self:
        return self.mul(self._same(other).reciprocal())

    def exp(self) -> Self:
        raise NotImplementedError

    def sinh(self) -> Self:
        return self.exp().sub(self.neg().exp()).mul(0.5)

    def cosh(self) -> Self:
        return self.exp().add(self.neg().exp()).mul(0.5)

    def square(self) -> Self:
        return self.power(2.0)

    def above(self, other: Any) -> Self:
        return self.sub(other).step()

    def below(self, other: Any) -> Self:
        return self._same(other).sub(self).step()

    def larger(self, other: Any) -> Self:
        return self.sub(other).relu().add(other)

    def smaller(self, other: Any) -> Self:
        return self.neg().larger(self._same(other).neg()).neg()

    def to(self, dtype: torch.dtype) -> Self:
        """A truth value is a number already."""
        return self

    def __add__(self, other: Any) -> Self:
        return self.add(other)

    def __mul__(self, other: Any) -> Self:
        return self.mul(other)

    def __neg__(self) -> Self:
        return self.neg()

    def __sub__(self, other: Any) -> Self:
        return self.sub(other)

    def __rsub__(self, other: Any) -> Self:
        return self._same(other).sub(self)

    def __truediv__(self, other: Any) -> Self:
        return self.div(other)

    def __rtruediv__(self, other: Any) -> Self:
        return self._same(other).div(self)

    def __pow__(self, other: Any) -> Self:
        return self.power(other)

    def __gt__(self, other: Any) -> Self:
        return self.above(other)

    def __lt__(self, other: Any) -> Self:
        return self.below(other)

    __radd__, __rmul__, __ge__, __le__ = __add__, __mul__, __gt__, __lt__
