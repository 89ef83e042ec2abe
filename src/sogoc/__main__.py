from sogoc.cli import run

run()
