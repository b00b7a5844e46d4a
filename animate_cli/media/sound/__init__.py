"""The sound track of a result: copied packet by packet, or decoded and encoded again."""
