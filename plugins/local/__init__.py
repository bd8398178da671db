"""The whole product on one machine: real Label Studio, ML backend and analytics as child processes."""
