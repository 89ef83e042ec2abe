"""One module per verb. A service is a function: who may, one step in one transaction, who did."""
