"""Who trains: the line, the turns, and the processes that make the steps."""
