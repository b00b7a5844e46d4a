"""Move the source's landmarks as the driver's move: pose, expression, lids, lips and gaze."""
