"""Train the grounding model that ships with halluguard.

Read in this order: `examples` (one training row), `passages`, `edits`, `rewrites`, `kinds` (grounding data made by
code), `curriculum`, `mix`, `plan` (what is dealt into which shard), `batches`, `network`, `loop` (the run), `slices`,
`held_out`, `measure`, `card` (what it shows). The command line is `python -m halluguard.models.training`.
"""
