"""Draw numbered face boxes, landmarks and head poses into pictures, to be checked by eye."""
