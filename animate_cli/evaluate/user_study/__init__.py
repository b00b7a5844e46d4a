"""A blind user study: its page, its key, and the counting of votes."""
