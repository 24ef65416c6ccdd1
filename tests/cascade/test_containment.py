import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from halluguard.cascade.containment import leave_without_origins, minimum_cut, removal_order


def cascade(*edges, times=()):
    """Build a cascade from names: e1 is an entry, a1 an answer."""
    graph = nx.DiGraph()
    times = dict(times)

    def node(name):
        key = ("entry" if name[0] == "e" else "answer", int(name[1:]))
        graph.add_node(key, kind=key[0], role="case", time=times.get(name, 0.0))
        return key

    for source, target in edges:
        kind = "exposure" if source[0] == "e" else "write_back"
        graph.add_edge(
            node(source), node(target), kind=kind, weight=1.0, **({} if kind == "exposure" else {"rung": 1})
        )
    for key in graph.nodes:
        parents = list(graph.predecessors(key))
        for parent in parents:
            graph.edges[parent, key]["weight"] = 1 / len(parents)
    return graph


def test_one_origin_is_the_cut_of_its_cascade():
    assert minimum_cut(cascade(("e1", "a1"), ("a1", "e2"), ("e2", "a2"))) == (1,)


def test_a_bottleneck_is_cheaper_than_its_many_origins():
    edges = [(f"e{n}", "a1") for n in range(1, 5)] + [("a1", "e9"), ("e9", "a2"), ("e9", "a3")]
    times = {"a1": 1.0, "e9": 2.0, "a2": 3.0, "a3": 4.0}
    graph = cascade(*edges, times=times)
    assert minimum_cut(graph) == (1, 2, 3, 4)
    assert minimum_cut(graph, since=2.5) == (9,)


def test_entries_already_in_the_store_must_each_go():
    graph = cascade(
        ("e1", "a1"),
        ("a1", "e2"),
        ("e2", "a2"),
        ("e1", "a3"),
        times={"e2": 2.0, "a1": 1.0, "a2": 3.0, "a3": 4.0},
    )
    assert minimum_cut(graph, since=2.5) == (1, 2)
    assert minimum_cut(graph, since=3.5) == (1,)
    assert minimum_cut(graph, since=9.0) == ()


def test_an_invention_alone_has_no_cut():
    graph = nx.DiGraph()
    graph.add_node(("answer", 0), kind="answer", role="de_novo", time=0.0)
    assert minimum_cut(graph) == ()
    assert removal_order(graph) == ()


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.booleans()), max_size=18))
def test_the_cut_separates_and_is_as_small_as_networkx_says(draws):
    edges = [(f"e{a}", f"a{b}") if down or b >= a else (f"a{b}", f"e{a}") for a, b, down in draws]
    edges = [(s, t) for s, t in edges if not (s[0] == "a" and (t, s) in edges)]
    graph = cascade(*edges)
    answers = [n for n in graph.nodes if n[0] == "answer"]
    origins = [n for n in graph.nodes if n[0] == "entry" and not list(graph.predecessors(n))]
    cut = minimum_cut(graph)
    if not origins or not answers:
        assert cut == ()
        return
    split = nx.DiGraph()
    for n in graph.nodes:
        split.add_edge((n, 0), (n, 1), **({"capacity": 1} if n[0] == "entry" else {}))
    split.add_edges_from(
        [((a, 1), (b, 0)) for a, b in graph.edges]
        + [("S", (o, 0)) for o in origins]
        + [((a, 1), "T") for a in answers]
    )
    assert len(cut) == nx.maximum_flow_value(split, "S", "T")
    left = graph.subgraph([n for n in graph.nodes if n[0] == "answer" or n[1] not in cut])
    reached = set().union(*(nx.descendants(left, o) for o in origins if o in left), set())
    assert not reached & set(answers)


def test_removal_takes_what_holds_most_first_and_counts_what_is_left():
    graph = cascade(("e1", "a1"), ("e2", "a2"), ("e2", "a3"), ("e3", "a3"), ("e3", "a4"), ("e3", "a5"))
    steps = removal_order(graph)
    assert [step.entry for step in steps] == [3, 2, 1]
    assert [step.answers_left for step in steps] == [3, 1, 0]
    assert [step.entries_left for step in steps] == [2, 1, 0]


def test_a_shared_answer_is_safe_only_when_its_last_entry_goes():
    steps = removal_order(cascade(("e1", "a1"), ("e2", "a1"), ("e1", "a2")))
    assert [(step.entry, step.answers_left) for step in steps] == [(1, 1), (2, 0)]


def test_removing_the_origin_alone_leaves_what_was_written_back():
    graph = cascade(("e1", "a1"), ("a1", "e2"), ("e2", "a2"), ("e2", "a3"), ("e1", "a3"))
    left = leave_without_origins(graph)
    assert (left.removed, left.entries_left, left.answers_left, left.answers_now) == ((1,), 1, 2, 3)
