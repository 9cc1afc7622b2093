"""The folder of the runs: what a run leaves there, and which server has it."""
