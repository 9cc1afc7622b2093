"""Adam's step without its bookkeeping: the same fused update, for gradients given as they are.

torch's `Adam.step` gathers its lists, hooks and options anew each time, which takes about as long
as a quarter of the update itself in a model as small as ours. The state stays that of the
`torch.optim.Adam` that is passed in, and so do the numbers, bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class AdamSteps:
    """Updates parameters by Kingma & Ba 2015, algorithm 1, upwards.

    Args:
        optimizer: an Adam of one group of parameters; it holds the moments and the options. A
            state that is put into it later needs new `AdamSteps`.
    """

    def __init__(self, optimizer: torch.optim.Adam) -> None:
        (self._group,) = optimizer.param_groups
        self._parameters: list[Tensor] = self._group["params"]
        states = [optimizer.state[parameter] for parameter in self._parameters]
        for parameter, state in zip(self._parameters, states, strict=True):
            if not state:
                state["step"] = torch.zeros(())
                state["exp_avg"] = torch.zeros_like(parameter)
                state["exp_avg_sq"] = torch.zeros_like(parameter)
        self._means, self._squares = ([s[key] for s in states] for key in ("exp_avg", "exp_avg_sq"))
        self._count: Tensor = states[0]["step"]
        for state in states:  # all parameters count the same steps
            state["step"] = self._count

    @torch.no_grad()
    def climb(self, gradients: Sequence[Tensor], rate: float) -> None:
        """One step up along the gradients, at this learning rate."""
        self._count += 1
        beta1, beta2 = self._group["betas"]
        torch._fused_adam_(
            self._parameters,
            list(gradients),
            self._means,
            self._squares,
            [],
            [self._count] * len(self._parameters),
            lr=rate,
            beta1=beta1,
            beta2=beta2,
            weight_decay=0.0,
            eps=self._group["eps"],
            amsgrad=False,
            maximize=True,
        )
