"""The live figure: pictures of anything that answer under the finger."""

from pages.ui.live.diagram import Diagram, Edge, Form, Line, Node
from pages.ui.live.figure import Live, live_figure
from pages.ui.live.frame import Frame, FrameFunction
from pages.ui.live.parts import Handle, Param, Preset, Transport

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
    "Preset",
    "Transport",
    "live_figure",
]
