import pytest
import yaml

from halluguard.drill import list_scenarios, load_scenario
from halluguard.errors import InputError

SMALL = {
    "title": "A small drill",
    "topics": {
        "fares": {
            "title": "Fares",
            "page": "A ticket costs ten euros.\n\nChildren pay half.",
            "questions": ["What is the fare?"],
        }
    },
    "injections": [
        {
            "id": "bad",
            "day": 1,
            "kind": "import",
            "text": "A ticket costs  ninety euros. Ask us.",
            "claims": ["A ticket costs ninety euros."],
        }
    ],
    "expected": {"origins": ["bad"], "verdicts": []},
}


def write(tmp_path, **changes):
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump({**SMALL, **changes}), encoding="utf-8")
    return path


def test_the_scenarios_of_the_package_cover_what_a_responder_meets():
    scenarios = [load_scenario(name) for name in list_scenarios()]
    assert len(scenarios) >= 8
    assert sum(bool(s.after) for s in scenarios) >= 3
    assert sum(not s.expected.origins and bool(s.inventions) for s in scenarios) >= 2
    assert sum(not s.false_claims() for s in scenarios) >= 2
    assert any(i.kind == "report" for s in scenarios for i in s.injections)


def test_a_page_is_cut_into_passages_at_blank_lines(tmp_path):
    scenario = load_scenario(write(tmp_path))
    assert scenario.topics[0].passages == ("A ticket costs ten euros.", "Children pay half.")
    assert scenario.injections[0].text == "A ticket costs ninety euros. Ask us."
    assert scenario.false_claims() == ("A ticket costs ninety euros.",)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"users": {"weights": {"ships": 2}}}, "topic 'ships'"),
        (
            {"injections": [{**SMALL["injections"][0], "claims": ["Something else."]}]},
            "injections.0.claims: 'Something else.' is not in its text",
        ),
        ({"injections": [{**SMALL["injections"][0], "kind": "explode"}]}, "injections.0.kind: .*'explode'"),
        (
            {"injections": [{**SMALL["injections"][0], "kind": "edit", "replaces": "nothing-1"}]},
            "injections.0.replaces: 'nothing-1'",
        ),
        ({"injections": [{**SMALL["injections"][0], "colour": "red"}]}, "injections.0.colour is not a field"),
        ({"expected": {"origins": ["someone"], "verdicts": []}}, "'someone'"),
        ({"inventions": [{"topic": "ships", "day": 0, "rate": 1, "answers": ["x"]}]}, "'ships'"),
        ({"expected": {}}, "expected.origins is missing"),
        ({"expected": {"origins": [], "verdicts": ["FINE"]}}, "expected.verdicts.0: .*'FINE'"),
        ({"write_back": {"rate": 2}}, "write_back.rate: .*less than or equal to 1, found 2"),
        ({"topics": {"fares": {"title": "Fares", "page": "x"}}}, "topics.fares.questions is missing"),
        (
            {"injections": [{"id": "gone", "day": 2, "kind": "delete", "replaces": "who", "text": ""}]},
            "'who'",
        ),
        ({"days": "many"}, "days: .*'many'"),
        ({"users": {"weights": {"fares": 0}}}, "users.weights: every topic has weight 0"),
        ({"users": {"weights": {"fares": float("inf")}}}, "users.weights.fares: .*finite"),
        ({"injections": [{**SMALL["injections"][0], "day": 1e12}]}, "injections.0.day: .*36500"),
        (
            {"injections": [{**SMALL["injections"][0], "id": "fares-1"}]},
            "injections.0.id: 'fares-1' is an entry",
        ),
        ({"topics": {"../fares": SMALL["topics"]["fares"]}}, "topics: '../fares' cannot be the name"),
        ({"topics": {}, "injections": [], "expected": {"origins": [], "verdicts": []}}, "topics"),
    ],
)
def test_a_faulty_scenario_is_refused_with_file_and_field(tmp_path, changes, told):
    with pytest.raises(InputError, match=told) as refused:
        load_scenario(write(tmp_path, **changes))
    assert "small.yaml" in str(refused.value)


def test_what_is_no_yaml_or_no_file_is_refused(tmp_path):
    broken = tmp_path / "broken.yaml"
    broken.write_text("title: [", encoding="utf-8")
    with pytest.raises(InputError, match="YAML"):
        load_scenario(broken)
    broken.write_text("title: 2026-13-45", encoding="utf-8")
    with pytest.raises(InputError, match=r"broken.yaml: cannot be read as YAML \(month must be in 1..12"):
        load_scenario(broken)
    broken.write_text("just words", encoding="utf-8")
    with pytest.raises(InputError, match="mapping"):
        load_scenario(broken)
    with pytest.raises(InputError, match="Known: "):
        load_scenario("no-such-drill")
