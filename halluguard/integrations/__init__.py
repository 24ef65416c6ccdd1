"""Halluguard inside other tools: a pytest plugin, and a LangChain callback that writes conversation logs."""
