"""What the ports meet outside: one module per kind of key store, file store, chain and document."""
