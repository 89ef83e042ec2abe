"""From a registrar's table to records: header, values, rows, and every problem by its cell. Pure; no file is opened.

If an attacker writes the table: the worst is a list of problems. No cell text raises, and no formula is evaluated.
"""

from sogoc.core.intake.choices import Choices, Known, Person
from sogoc.core.intake.problem import Change, Confidence, Problem
from sogoc.core.intake.reader import read
from sogoc.core.intake.result import Faulty, Intake, IntakeRow, Layout, Matched, Skipped
from sogoc.core.intake.rules import RULES
from sogoc.core.intake.sheet import Cell, CellType, Row, Sheet, Typed, cell_name, column_name

__all__ = [
    "RULES",
    "Cell",
    "CellType",
    "Change",
    "Choices",
    "Confidence",
    "Faulty",
    "Intake",
    "IntakeRow",
    "Known",
    "Layout",
    "Matched",
    "Person",
    "Problem",
    "Row",
    "Sheet",
    "Skipped",
    "Typed",
    "cell_name",
    "column_name",
    "read",
]
