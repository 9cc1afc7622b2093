"""The live figure: pictures of anything that answer under the finger."""

from pages.ui.live.diagram import Diagram, Edge, Form, Line, Node
from pages.ui.live.figure import Live, live_figure
from pages.ui.live.frame import Frame, FrameFunction
from pages.ui.live.parts import Handle, Param, Preset, Transport
from pages.ui.live.picture import Picture

__all__ = [
    "Diagram",
    "Edge",
    "Form",
    "Frame",
    "FrameFunction",
    "Handle",
    "Line",
    "Live",
    "Node",
    "Param",
    "Picture",
    "Preset",
    "Transport",
    "live_figure",
]
