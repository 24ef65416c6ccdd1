"""Claims of answers, the evidence read for them, and the verdict on each."""
