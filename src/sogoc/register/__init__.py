"""The register (sổ gốc) as tables. Tables defend themselves; the steps over them are in `services`."""
