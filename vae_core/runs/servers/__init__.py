"""What makes several servers one: each has runs in memory, all find them by their tokens."""
