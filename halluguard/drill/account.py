"""A played or scored drill in words, for a terminal."""

from collections.abc import Mapping
from typing import Any

from halluguard.drill.reading import list_scenarios, load_scenario


def tell_scenarios() -> dict[str, str]:
    """Return the title of each shipped scenario, by name."""
    return {name: load_scenario(name).title for name in list_scenarios()}


def tell_drill(result: Mapping[str, Any]) -> list[str]:
    """Return the lines on a drill as `halluguard.drill.exercise` returns it."""
    score = result.get("score")
    return [tell_played(result), *([] if score is None else tell_score(score))]


def tell_played(summary: Mapping[str, Any]) -> str:
    """Return one line on what was asked, answered falsely and written back."""
    s = summary
    return (
        f"{s['scenario']}, seed {s['seed']}: {s['turns']} turns, {s['false_answers']} false answers, "
        f"{s['contaminated_entries']} contaminated of {s['entries']} entries, {s['generations']} generations"
    )


def tell_score(score: Mapping[str, Any]) -> list[str]:
    """Return the lines of a blind score, each with the truth beside what was found."""
    named = ", ".join(score["named"]) or "none"
    return [
        f"  origin          {_origin(score)} (named: {named})",
        f"  entries         {_overlap(score['entries'])}",
        f"  false answers   {_overlap(score['cases'])}",
        f"  write-backs     {_overlap(score['edges'])}",
        f"  generations     {_beside(score['generations'], score['true_generations'], 'd')}",
        f"  R_loop          {_beside(score['r_loop'], score['true_r_loop'], '.2f')}",
        f"  RR              {_beside(score['ratio'], score['true_ratio'], '.2f')}",
        f"  verdict         {score['verdict']}, {_verdict(score)}",
        f"  detection       {_detection(score['days_to_detection'])}",
        f"  minimum cut     {_saved(score['cut'])}",
        f"  quarantine      {_saved(score['quarantine'])}",
    ]


def _origin(score: Mapping[str, Any]) -> str:
    if score["origin_first"] is None:
        return (
            "no entry named, rightly"
            if score["no_origin_named"]
            else "an entry named, though none is the origin"
        )
    return "ranked first" if score["origin_first"] else "not ranked first"


def _overlap(part: Mapping[str, Any]) -> str:
    if not part["found"] and not part["right"]:
        return "none found, none to find"
    shares = [f"{name} {part[name]:.0%}" for name in ("precision", "recall") if part[name] is not None]
    return (
        f"{part['hits']} of {part['right']} found, {part['found'] - part['hits']} wrong ({', '.join(shares)})"
    )


def _beside(found: float | None, true: float | None, form: str) -> str:
    shown = ["not estimable" if value is None else format(value, form) for value in (found, true)]
    return f"{shown[0]} (truth: {shown[1]})"


def _verdict(score: Mapping[str, Any]) -> str:
    return "right" if score["verdict_right"] else f"wrong; right is {' or '.join(score['right_verdicts'])}"


def _detection(days: float | None) -> str:
    return "no false answer was flagged" if days is None else f"{days:.1f} days after it began"


def _saved(saved: Mapping[str, Any] | None) -> str:
    if saved is None:
        return "nothing to remove"
    when = "never let in" if saved["day"] <= 0 else f"removed on day {saved['day']:.1f}"
    spared = saved["false_answers"] - saved["false_answers_after"]
    ids = "1 entry" if len(saved["removed"]) == 1 else f"{len(saved['removed'])} entries"
    return f"{ids} {when}: {spared} of {saved['false_answers']} false answers would not have been given"
