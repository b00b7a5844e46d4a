"""Record all goldens anew: python tests/goldens/record.py, in the virtual environment.

Only where a change of behaviour is meant; say in the change's message what moved and why.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import golden_commands
import golden_jobs
import golden_json
import golden_networks as networks
import golden_store as store
import golden_weights


def main() -> None:
    store.GOLDENS.mkdir(parents=True, exist_ok=True)
    store.write_json("machine.json", store.machine())
    store.write_arrays(networks.LANDMARKS, networks.landmark_answers())  # first: the others' input
    store.write_arrays(networks.MATTE, networks.matte_answer())
    for name, file in networks.MODELS.items():
        store.write_arrays(file, networks.model_answers(name))
    store.write_lines(golden_commands.FLAGS, golden_commands.lines())
    for file in golden_weights.WEIGHTS:
        store.write_lines(golden_weights.golden_name(file), golden_weights.tensors(file))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ANIMATE_HOME"] = str(Path(folder) / "home")
        inputs = golden_jobs.JobInputs(Path(folder))
        jobs = {name: golden_jobs.done(name, inputs) for name in golden_jobs.JOBS}
    store.write_arrays(
        golden_jobs.PICTURES, {name: pictures for name, (pictures, _) in jobs.items()}
    )
    store.write_json(golden_jobs.FACTS, {name: facts for name, (_, facts) in jobs.items()})
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ANIMATE_HOME"] = str(Path(folder) / "home")
        store.write_json(golden_json.TREES, golden_json.trees(Path(folder)))


if __name__ == "__main__":
    main()
