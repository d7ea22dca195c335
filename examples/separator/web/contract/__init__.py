"""The contract with clients, as /openapi.json."""
