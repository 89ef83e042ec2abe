"""The legal books: register (sổ gốc), its appendix (phụ lục sổ gốc) and copy book (sổ cấp bản sao), as pages.

A book is written line by line from an ordered stream, and only one page of it is held at a time. Every page has its number
of so many, running line numbers, its own total and the total carried; a number that was given up stands as a line of its
own. The register says that something was amended and by which decision, never what: that is for the appendix.

Spec: Circular 21/2019/TT-BGDĐT, articles 13, 18 and 22 to 28, and the layouts in use in departments and universities.
"""

from sogoc.core.books.copies import CopyFace, copied_fields, copy_face
from sogoc.core.books.layouts import (
    APPENDIX,
    COPY_BOOK,
    REGISTERS,
    Column,
    Heading,
    Layout,
    appendix_heading,
    copies_heading,
    register_heading,
)
from sogoc.core.books.lines import MISSING, Act, Changed, Copied, Entered, Line, Void, acts_said, cells, day, note_of
from sogoc.core.books.pages import Book, Page, Section, Total, as_table, decided_by, decision_facts

__all__ = [
    "APPENDIX", "COPY_BOOK", "MISSING", "REGISTERS",
    "Act", "Book", "Changed", "Column", "Copied", "CopyFace", "Entered", "Heading", "Layout", "Line", "Page", "Section",
    "Total", "Void",
    "acts_said", "appendix_heading", "as_table", "cells", "copied_fields", "copies_heading", "copy_face",
    "day", "decided_by", "decision_facts",
    "note_of", "register_heading",
]  # fmt: skip
