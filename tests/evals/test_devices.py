"""The comparison of number formats: what is counted beside the reference."""

import numpy as np

from evals.devices import Measured, compare


def test_what_differs_and_how_much_faster_is_counted_against_the_reference():
    reference = Measured(np.array([[0.9, 0.1, 0.0], [0.4, 0.6, 0.0]], dtype=np.float32), 2.0, ("a", "b"), 6.0)
    other = Measured(np.array([[0.8, 0.2, 0.0], [0.6, 0.4, 0.0]], dtype=np.float32), 0.5, ("a", "c"), 4.0)

    row = compare("cpu:bfloat16", other, reference)

    assert (row["pairs a second"], row["times faster"], row["check times faster"]) == (4.0, 4.0, 1.5)
    assert (row["another class, %"], row["another status, %"]) == (50.0, 50.0)
    assert row["largest difference"] == 0.2
    assert compare("cpu", reference, reference)["device"] == "cpu:float32"
