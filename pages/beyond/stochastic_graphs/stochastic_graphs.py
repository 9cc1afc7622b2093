"""What is the gradient of any graph with dice in it? The surrogate loss, drawn and measured."""

import streamlit as st

from pages.beyond.stochastic_graphs.measured import Question, switchable
from pages.beyond.stochastic_graphs.own import FIRST, TITLES, graph_text
from pages.beyond.stochastic_graphs.views import VIEWS
from pages.ui import controls
from pages.ui.layout import page_layout
from pages.ui.live import live_figure
from pages.ui.question import predict
from vae_core.lab.graphs import parse_graph
from vae_core.lab.graphs.code import program
from vae_core.lab.graphs.remarks import remarks

WEIGHTS = {"below": "the costs below it", "every": "all costs"}
GUESSES = ("both", "second", "either")

with page_layout("stochastic_graphs") as lesson:
    predict(
        "cost_to_go",
        question=lesson.text("predict"),
        options={name: lesson.text(f"predict_{name}") for name in GUESSES},
        answer="either",
        explanations={name: lesson.text(f"why_{name}") for name in GUESSES},
    )
    columns = st.columns(2)
    with columns[0]:
        name = controls.choice("graph", "Graph", TITLES, FIRST)
    with columns[1]:
        titles = {key: view.title for key, view in VIEWS.items()}
        view = controls.choice("view", "Look at", titles)
    text = graph_text(name, lesson)
    graph = parse_graph(text)
    with st.container(horizontal=True):
        moving = switchable(graph)
        chosen = [each for each in moving if not graph.by_name[each].scored]
        if moving:
            label = "By their paths" if len(moving) > 1 else "By its path"
            chosen = controls.multichoice(f"path_{name}", label, moving, chosen)
        weight = "below"
        if len(graph.of_kind("cost")) > 1:
            weight = controls.choice("weight", "A score is multiplied by", WEIGHTS)
    question = Question(text, tuple(chosen), weight == "every")
    for remark in remarks(question.graph):
        (st.warning if remark.wrong else st.info)(remark.words)
    live_figure(f"graph_{view}", VIEWS[view].build(lesson, name, question))
    lesson(view)
    with st.expander("The graph as a program in torch"):
        st.code(program(question.graph, 200_000, 0, every_cost=question.every_cost))
        lesson("shell")
    lesson("questions")
    with st.expander("Derivation"):
        lesson("derivation")
    lesson("source")
