"""A driver without a cluster: it has room for as many trainings as its address says, right here."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace

import torch

from vae_core.runs.work import wire
from vae_core.runs.work.process import Trainee
from vae_core.runs.work.wire import Message


def main() -> None:
    torch.set_num_threads(1)
    source, sink = wire.streams()
    writing = threading.Lock()
    trainees: dict[int, Trainee] = {}

    def tell(message: Message) -> None:
        with writing:
            wire.write(sink, message)

    def train(task: Message) -> None:
        for message in trainees[task.number].train(task):
            tell(replace(message, number=task.number))

    tell(Message("room", int(sys.argv[1].partition(":")[2])))
    tasks: dict[int, Message] = {}
    while (message := wire.read(source)) is not None:
        if message.kind == "train":
            tasks[message.number], trainees[message.number] = message, Trainee()
            continue
        trainees[message.number].hear(message)
        if (task := tasks.pop(message.number, None)) is not None:
            threading.Thread(target=train, args=(task,), daemon=True).start()


if __name__ == "__main__":
    main()
