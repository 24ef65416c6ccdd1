"""`python -m halluguard` is the command `halluguard`."""

from halluguard.cli import main

main()
