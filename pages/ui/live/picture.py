"""A picture as one value: its frame, its figure, and the words and controls around them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import plotly.graph_objects as go

from pages.ui.live.diagram import Diagram
from pages.ui.live.frame import Frame, FrameFunction
from pages.ui.live.parts import Handle, Param, Preset, Transport

FigureOrDraw: TypeAlias = Diagram | go.Figure | Callable[[Frame], go.Figure]
Table: TypeAlias = Mapping[str, str | float | Sequence[Any]]


@dataclass(frozen=True)
class Picture:
    r"""All that `live_figure` shows; a variant is made by `dataclasses.replace`.

    Attributes:
        figure: The figure, or the function that draws a frame. Traces that move carry the names
            that the frame gives them. Or a diagram, which is filled with the frame's numbers.
        takeaway: One line with the present numbers: "The mean is {mean:.2f}". It is also the
            figure's text alternative.
        narrow: The same for a narrow screen, where things must stand otherwise.
        frame: Pure function of the parameters' values (and of `extra`) to a `Frame`.
        params: The sliders.
        transport: The parameter that moves in time, with its bar.
        handles: What can be dragged in the picture itself.
        tex: The formula below; `\val{mu}` or `\val{mu:.1f}` is replaced by a present number in its
            colour, `\sym{mu}{\mu}` colours a symbol. `\pick{3}{its name}{\mu}` can be tapped,
            and moves the transport to 3; `\part{3}{...}` lights up with it. Such a formula stands
            above the picture.
        table: The numbers behind the picture: row titles with texts such as "{mean:.3f}", or
            column titles with the columns.
        presets: What to try.
        source: Functions whose code is shown, as it ran.
        frames_js: Name of a module in `assets/frames` that computes frames in the browser, where
            several parameters change at once; no look-ahead is sent then.
        constants: Function of `seed`-like values and `extra` to what that module needs.
        extra: Further arguments of `frame`, hashable, such as the choice of other controls.
        hint: What the hand can do in the picture, in a few words.
        height: Height of the plot in pixels.
        steady: Nothing but the frame's own arrays changes in the figure; it is then built once.
    """

    figure: FigureOrDraw
    takeaway: str
    narrow: FigureOrDraw | None = None
    frame: FrameFunction | None = None
    params: Sequence[Param] = ()
    transport: Transport | None = None
    handles: Sequence[Handle] = ()
    tex: str = ""
    table: Table | None = None
    presets: Sequence[Preset] = ()
    source: Sequence[Callable[..., Any]] = ()
    frames_js: str = ""
    constants: Callable[..., Mapping[str, Any]] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    hint: str = ""
    height: int = 400
    steady: bool = False

    @property
    def axes(self) -> tuple[Param, ...]:
        """All parameters: the sliders', and the one that moves in time."""
        return (*self.params, *((self.transport.param,) if self.transport else ()))

    def at(self, values: Mapping[str, Any]) -> Frame | None:
        """The frame where the parameters have these values; None for a picture without frames."""
        return self.frame(**values, **self.extra) if self.frame else None
