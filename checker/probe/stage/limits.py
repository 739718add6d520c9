"""The only place that asks one operation until it is refused, on an app of its own that nothing else needs afterwards."""

from __future__ import annotations

import copy
import re
import time

from checker.model.rehearsal import Limit, Missing
from checker.model.stage_plan import OperationPlan, Plan
from checker.probe.stage.app import NotStarted
from checker.probe.stage.client import NoAnswer
from checker.probe.stage.explore import Explorer
from checker.probe.stage.hand import Stagehand

MOST_REQUESTS = 600
MOST_SECONDS = 30.0
_RAISED = re.compile(r"(?i)rate_?limit|throttl")


def limit(plan: Plan, stagehand: Stagehand, base: str) -> Limit | Missing:
    """Ask a log-in, else a plain GET, again and again; without the settings that raise the app's limits for tests."""
    wanted = _operation(plan)
    if wanted is None:
        return Missing(missing="no operation can be asked without knowing more: neither a log-in nor a plain GET")
    raised = tuple(sorted(name for name in plan.env if _RAISED.search(name)))
    hand = copy.copy(stagehand)
    hand.plan = plan.model_copy(update={"env": {name: value for name, value in plan.env.items() if name not in raised}})
    try:
        with hand.app() as app:
            app.client.base = base
            return _asked(plan, wanted, Explorer(plan, app.client), raised)
    except NotStarted as reason:
        return Missing(missing=f"the app did not start without {', '.join(raised) or 'anything else'}: {reason}")
    except NoAnswer as silent:
        return Missing(missing=f"the app fell silent while it was asked in a row: {silent}")


def _operation(plan: Plan) -> OperationPlan | None:
    logins = {user.login for user in plan.users}
    plain = [one for one in plan.operations if one.method == "GET" and "{" not in one.path]
    return next((one for one in (*(one for one in plan.operations if one.name in logins), *plain)), None)


def _asked(plan: Plan, wanted: OperationPlan, explorer: Explorer, raised: tuple[str, ...]) -> Limit:
    wrong = next(
        (dict.fromkeys(user.body, "not-the-right-one") for user in plan.users if user.login == wanted.name), None
    )
    began, count = time.monotonic(), 0
    while count < MOST_REQUESTS and time.monotonic() - began < MOST_SECONDS:
        count += 1
        key = explorer.key(wanted.name)
        answer = explorer.client.ask(
            wanted.method, wanted.path, operation=wanted.name, body=wrong, headers={**explorer.headers, **key}
        )
        if answer.status == 429:
            break
    else:
        return Limit(operation=wanted.name, requests=count, seconds=round(time.monotonic() - began, 1), without=raised)
    seconds = round(time.monotonic() - began, 1)
    return Limit(operation=wanted.name, requests=count, seconds=seconds, refused=answer, without=raised)
