"""Many jobs: planned, journalled, spread over processes, resumed."""
