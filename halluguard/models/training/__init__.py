"""Train the grounding model that ships with halluguard: data of our own making, mix, loop, card."""
