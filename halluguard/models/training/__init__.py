"""Train the grounding model that ships with halluguard.

Read in this order: `examples` (one training row), `passages`, `edits`, `rewrites`, `kinds` (grounding data made by
code), `curriculum`, `mix`, `unlabelled`, `written` (claims written for this project), `plan` (what is dealt into which shard), `batches`, `feeding` (shards made ready),
`network`, `loop` (a run), `teaching` (a teacher's judgements), `finish`, `stages` (the runs behind the shipped weights), `slices`,
`held_out`, `measure`, `card` (what it shows). The command line is `python -m halluguard.models.training`.
"""
