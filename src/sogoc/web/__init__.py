"""Pages. Shapes in, shapes out; no rule lives here."""
