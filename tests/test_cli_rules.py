"""`checker rules`, `explain` and `standards`: what is asked, by whom, and how much of it is decided."""

from __future__ import annotations

import pytest

from checker import catalog
from tests.child import inside, refused

KNOWN = catalog.load()


class TestRules:
    def test_each_rule_has_its_line_and_the_last_counts_them(self) -> None:
        done = inside("rules")
        lines = done.out.splitlines()
        assert (done.code, done.err) == (0, "")
        assert lines[-1] == f"{len(KNOWN.rules)} rules. A rule's page: checker explain RULE"
        assert sorted(line.split()[1] for line in lines[:-1]) == sorted(KNOWN.rules)
        (line,) = [line for line in lines if line.split()[1] == "pagination"]
        assert line.split()[0] == "api"
        assert "major" in line
        assert line.endswith(KNOWN.rules["pagination"].title)

    def test_as_json(self) -> None:
        rows = {row["rule"]: row for row in inside("rules", "--format", "json").json["rules"]}
        assert set(rows) == set(KNOWN.rules)
        row = rows["pagination"]
        assert (row["category"], row["severity"], row["confidence"], row["waivable"]) == ("api", "major", "high", True)
        assert {"2.19", "3.13"} <= set(row["clauses"])
        assert rows["waiver-expired"]["clauses"] == []

    def test_a_clause_of_common_is_told_as_its_documents(self) -> None:
        rows = inside("rules", "--format", "json").json["rules"]
        assert not [clause for row in rows for clause in row["clauses"] if clause.startswith("c.")]


class TestExplain:
    @pytest.mark.parametrize("name", sorted(KNOWN.rules))
    def test_every_rule_has_a_page(self, name: str) -> None:
        done = inside("explain", name)
        rule = KNOWN.rules[name]
        assert done.code == 0
        assert done.out.splitlines()[:2] == [name, rule.title]
        for title in (
            "What it does",
            "Why it matters",
            "Passes",
            "Fails",
            "How to mend",
            "False positives known",
            "Asked by",
        ):
            assert f"\n{title}\n" in done.out
        assert rule.page.mend.strip().splitlines()[0] in done.out

    def test_the_clauses_that_ask_are_quoted(self) -> None:
        (clause,) = [clause for clause in KNOWN.standards["backend-coder"].clauses if clause.id == "3.13"]
        assert f"  3.13 backend-coder: “{clause.quote}”" in inside("explain", "pagination").out.splitlines()

    def test_a_rule_that_stands_by_itself_says_so(self) -> None:
        assert "every standard: it guards the judgement itself" in inside("explain", "waiver-expired").out

    def test_as_json(self) -> None:
        page = inside("explain", "pagination", "--format", "json").json
        assert (page["rule"], page["category"]) == ("pagination", "api")
        assert set(page["page"]) == {"what", "why", "pass", "fail", "mend", "false_positives"}

    def test_an_unknown_rule_is_refused(self) -> None:
        assert refused(inside("explain", "paginatio")) == "no rule 'paginatio'; did you mean 'pagination'?"

    def test_without_a_rule_it_says_what_is_missing(self) -> None:
        done = inside("explain")
        assert (done.code, done.out) == (2, "")
        assert "Missing argument 'RULE'" in done.err


class TestStandards:
    def test_the_published_shape(self) -> None:
        listed = {one["name"]: one for one in inside("standards", "--format", "json").json["standards"]}
        assert set(listed) == set(KNOWN.standards)
        assert sum(len(one["clauses"]) for name, one in listed.items() if name != "common") == 200
        for one in listed.values():
            assert {"name", "source", "sha256", "clauses"} <= set(one)
            for clause in one["clauses"]:
                assert {"id", "level", "quote", "state", "rules", "question"} <= set(clause)
                assert clause["level"] in ("must", "should", "may")
                assert clause["state"] in ("automated", "manual", "planned")
                assert (clause["state"] == "automated") == bool(clause["rules"])
                assert clause["state"] != "manual" or clause["question"]

    def test_one_of_them(self) -> None:
        (one,) = inside("standards", "backend-coder", "--format", "json").json["standards"]
        (clause,) = [clause for clause in one["clauses"] if clause["id"] == "3.13"]
        assert "pagination" in clause["rules"]

    def test_as_a_table_of_counts(self) -> None:
        lines = inside("standards").out.splitlines()
        (line,) = [line for line in lines if line.startswith("backend-coder")]
        name, clauses, automated, _, manual, planned = line.split()
        assert (name, clauses) == ("backend-coder", "40")
        assert int(automated) + int(manual) + int(planned) == 40

    def test_a_standard_as_its_clauses(self) -> None:
        lines = inside("standards", "backend-coder").out.splitlines()
        assert len(lines) == 41
        assert lines[13].split()[:3] == ["3.13", "must", "automated"]

    def test_an_unknown_standard_is_refused(self) -> None:
        assert (
            refused(inside("standards", "backend-codr")) == "no standard 'backend-codr'; did you mean 'backend-coder'?"
        )
