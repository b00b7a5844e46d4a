"""Many animations in one go: planned, kept in a journal, run by worker processes, resumed."""
