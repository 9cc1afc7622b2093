"""The live figure: pictures of anything that answer under the finger."""

from pages.ui.live.figure import Live, live_figure
from pages.ui.live.frame import Frame, FrameFunction
from pages.ui.live.parts import Handle, Param, Preset, Transport
from pages.ui.live.picture import Picture

__all__ = [
    "Frame",
    "FrameFunction",
    "Handle",
    "Live",
    "Param",
    "Picture",
    "Preset",
    "Transport",
    "live_figure",
]
