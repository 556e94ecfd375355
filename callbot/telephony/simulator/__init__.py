"""A carrier that plays callees: a process of its own, reached by REST and websocket like any other carrier."""
