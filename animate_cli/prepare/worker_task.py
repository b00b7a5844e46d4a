"""Prepares files in one process, one after the other; the landmark network is loaded once."""

from __future__ import annotations

from animate_cli.data.manifest import IMAGE
from animate_cli.device import open_device, share_cores, thread_count
from animate_cli.errors import InputError, TrainError
from animate_cli.faces.landmarks import network as landmarks
from animate_cli.media.container.kind import kind_of
from animate_cli.prepare.cut_clips import cut_clips, cut_picture
from animate_cli.prepare.label_in_place import label_clip, label_picture
from animate_cli.prepare.options import FileTreatment
from animate_cli.prepare.task import FileResult, PreparePlan, PrepareTask
from animate_cli.records import InputFile
from animate_cli.report import Watch
from animate_cli.stages.driver import track_driver


class PrepareWorker:
    """Prepares files; there is one per process."""

    def __init__(self, plan: PreparePlan, watch: Watch | None = None) -> None:
        compute = plan.options.compute
        self._plan = plan
        self._watch = watch or Watch(None)
        self._threads = thread_count(compute.threads)
        self._network = landmarks.load_landmarker(device=str(open_device(compute)))
        share_cores(self._threads)  # decoding and encoding go on beside the network

    def work(self, task: PrepareTask) -> FileResult:
        """Prepare one file into the plan's scratch folder.

        If the file cannot be used, the result states the reason.

        Raises:
            OutputError: the data set cannot be written to.
            Cancelled: the watch's callback returned False.
        """
        try:
            return self._picture(task) if task.source.kind == IMAGE else self._clip(task)
        except (InputError, TrainError) as error:
            return task.result(refused=error.message)

    def _picture(self, task: PrepareTask) -> FileResult:
        is_in_place = self._plan.choices.treatment is FileTreatment.AS_IS
        treat = label_picture if is_in_place else cut_picture
        return treat(task, self._plan, self._network)

    def _clip(self, task: PrepareTask) -> FileResult:
        path = task.source.path
        trajectory = track_driver(
            InputFile(path=path, kind=kind_of(path), sha256=task.sha256),
            self._network,
            self._plan.options,
            watch=self._watch,
        ).trajectory
        if self._plan.choices.treatment is FileTreatment.AS_IS:
            return label_clip(task, self._plan, trajectory)
        return cut_clips(task, self._plan, trajectory, threads=self._threads)
