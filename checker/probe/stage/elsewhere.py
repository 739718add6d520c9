"""The only place that stands in for an app of our own where the caller has named one that runs elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from checker.model.rehearsal import Missing
from checker.model.stage_plan import Plan
from checker.probe.stage.app import READY_SECONDS, App, Log, NotStarted
from checker.probe.stage.client import Client
from checker.probe.stage.hand import Stagehand

RUNS_ELSEWHERE = Missing(missing="the app runs elsewhere, so it was neither started nor stopped here")


class Elsewhere(App):
    """An app that is only asked: it has no process here, no log and no end."""

    def __init__(self, url: str) -> None:
        self.log = Log(None)
        self.client = Client.of(url)
        self.port = self.client.port
        self.seconds = 0.0
        self.has_own_port = False

    @property
    def runs(self) -> bool:
        return True

    def stop(self, *, politely: bool = True) -> None:
        """Nothing was started."""


class Messenger(Stagehand):
    """Hands out the same app each time: what it stores stays, and nothing of it is fresh."""

    def __init__(self, plan: Plan, command: Sequence[str] = ()) -> None:
        super().__init__(plan, "", command)

    @property
    def told(self) -> str:
        return ""

    def leaves_in_peace(self) -> bool:
        return True

    @contextmanager
    def app(self, **_: bool) -> Iterator[App]:
        """Raises NotStarted where nothing answers there."""
        there = Elsewhere(self.plan.remote)
        if not there.answers(self.plan.ready, READY_SECONDS["agent"]):
            raise NotStarted(f"nothing answers at {self.plan.remote}, which --allow-remote names")
        yield there
