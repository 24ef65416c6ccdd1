import re

import pytest

from halluguard.drill import list_scenarios, load_scenario
from halluguard.drill.tabletop import ROLES, plan_injects, tell_guide, tell_sheet, write_tabletop
from halluguard.errors import InputError


@pytest.mark.parametrize("name", list_scenarios())
def test_every_scenario_gives_a_guide_with_timed_injects_and_a_hundred_points(name):
    scenario = load_scenario(name)
    injects = plan_injects(scenario)
    guide = tell_guide(scenario, injects)

    assert [one.minute for one in injects] == sorted({one.minute for one in injects})
    assert all(f"T+{one.minute}" in guide and one.decision in guide for one in injects)
    assert "| Sum | | 100 | |" in guide
    assert all(origin in guide for origin in scenario.expected.origins)


@pytest.mark.parametrize("name", list_scenarios())
def test_no_sheet_of_a_player_holds_the_truth(name):
    scenario = load_scenario(name)
    sheets = [tell_sheet(scenario, role, plan_injects(scenario)) for role in ROLES[1:]]

    for claim in (*scenario.false_claims(), *scenario.expected.origins, scenario.name, scenario.title):
        assert not any(claim in sheet for sheet in sheets), claim
    assert not any(one.expected in sheet for one in plan_injects(scenario) for sheet in sheets)


def test_every_role_has_something_to_decide():
    injects = plan_injects(load_scenario("vendor-page"))

    assert {one.to for one in injects} == set(ROLES[1:])


def test_a_scenario_without_anything_false_rewards_saying_so():
    guide = tell_guide(load_scenario("all-quiet"), plan_injects(load_scenario("all-quiet")))

    assert "there is no incident" in guide
    assert "no store origin: saying so earns the points" in guide


def test_the_kit_is_written_once_and_overwrites_nothing(tmp_path):
    guide = write_tabletop(load_scenario("cached-ghost"), tmp_path / "kit")
    files = sorted(path.name for path in guide.parent.iterdir())

    assert files == sorted(["facilitator.md", *(f"{role.replace(' ', '-')}.md" for role in ROLES[1:])])
    assert re.search(r"semantic cache", guide.read_text())
    with pytest.raises(InputError, match="not empty"):
        write_tabletop(load_scenario("cached-ghost"), tmp_path / "kit")
