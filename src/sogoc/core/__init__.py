"""The pure core: bytes in, values or exceptions out.

Nothing here reads a file, a clock or a random number; `now` and secrets are arguments, so every test is a table.
"""
