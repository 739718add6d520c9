"""Another validator has nothing to add to what ours says of a contract."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.contract import SecondOpinion
from checker.model.observation import Observation, Place
from checker.model.rule import Confidence


def spec_second_opinion(opinion: SecondOpinion) -> Iterator[Observation]:
    """One observation for each document that it went through, one for each error that is its alone.

    A document that it could not go through is told, at low confidence: nothing is wrong that anybody saw.
    """
    broken = {defect.place.path for defect in opinion.defects}
    for path in opinion.checked:
        if path not in broken:
            yield Observation(path, ok=True, place=Place(path))
    for path, why in opinion.left.items():
        message = f"{path} was not looked at a second time"
        yield Observation(
            f"{path} left", ok=False, place=Place(path), message=message, evidence=why, confidence=Confidence.LOW
        )
    for defect in opinion.defects:
        message = f"openapi-spec-validator refuses {defect.subject.partition(': ')[0]}"
        yield Observation(defect.subject, ok=False, place=defect.place, message=message, evidence=defect.detail)
