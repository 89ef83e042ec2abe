"""From a registrar's table to records: header, values, rows, and every problem by its cell. Pure; no file is opened.

If an attacker writes the table: the worst is a list of problems. No cell text raises, and no formula is evaluated.
"""

from sogoc.core.intake.reader import Intake, IntakeRow, Skipped, read
from sogoc.core.intake.rules import RULES, Change, Problem
from sogoc.core.intake.sheet import Cell, CellType, Row, Sheet, Typed, cell_name, column_name

__all__ = [
    "RULES",
    "Cell",
    "CellType",
    "Change",
    "Intake",
    "IntakeRow",
    "Problem",
    "Row",
    "Sheet",
    "Skipped",
    "Typed",
    "cell_name",
    "column_name",
    "read",
]
