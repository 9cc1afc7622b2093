"""Where does the noise go? The location-scale transform, sample by sample."""

import streamlit as st

from pages.trick.location_scale import picture
from pages.ui.layout import page_layout
from pages.ui.live import Handle, Param, Picture, Preset, Transport, live_figure
from vae_core.families import Normal

PARAMS = (
    Param("mu", "mean μ", -3, 3, 0.1, default=1.5, colour="mu", help="Moves the whole bell."),
    Param("sigma", "deviation σ", 0.4, 2, 0.05, default=0.6, colour="sigma", help="Stretches it."),
    Param("eps", "one sample ε", -2.5, 2.5, 0.05, default=1.0, colour="eps"),
    Param(
        "n",
        "samples",
        positions=(1, 2, 3, 5, 8, 12, 20, 30, 50, 100, 200),
        default=12,
        colour="z",
        format="d",
    ),
    Param("seed", "seed", kind="seed", maximum=999_999, default=0),
)
TIME = Transport(Param("t", "time of the fall", 0, 1, 0.01, default=1, colour="z"), seconds=3)
HANDLES = (
    Handle(picture.MOVING, "mu", gain="grip_mu", body=True),
    Handle("flank", "sigma", gain=("grip_left", "grip_right")),
    Handle("one eps", "eps"),
    Handle("its z", "eps", gain="grip_z"),
)

with page_layout("location_scale") as lesson:
    live_figure(
        "transform",
        Picture(
            frame=picture.frame,
            figure=picture.figure,
            frames_js="location_scale",
            constants=picture.constants,
            params=PARAMS,
            transport=TIME,
            handles=HANDLES,
            takeaway=lesson.text("takeaway"),
            hint=lesson.text("hint"),
            tex=lesson.text("formula"),
            table={
                "ε": "{eps:.2f}",
                "z = μ + σ ε": "{z:.3f}",
                "area of the slice over ε": "{area_eps:.4f}, about {p:.4f} × {deps:.2f}",
                "area of the slice over z": "{area_z:.4f}, about {q:.4f} × {dz:.3f}",
                "∂z/∂μ": "1",
                "∂z/∂σ": "{eps:.2f}",
                "mean of the samples z": "{sample_mean:.3f}",
                "deviation of the samples z": "{sample_deviation:.3f}",
            },
            presets=(
                Preset(lesson.text("try_narrow"), {"mu": 2, "sigma": 0.4, "eps": 0.5, "n": 50}),
                Preset(lesson.text("try_wide"), {"mu": -1, "sigma": 2, "eps": 1.5, "n": 50}),
                Preset(lesson.text("try_centre"), {"mu": 0, "sigma": 1.5, "eps": 0, "n": 5}),
            ),
            source=(picture.frame, Normal.transform, Normal.log_prob),
            height=375,
            steady=True,
        ),
    )
    lesson("questions")
    with st.expander("Derivation"):
        lesson("derivation")
    lesson("source")
