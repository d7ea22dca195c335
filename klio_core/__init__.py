"""The nouns of klio: message, decision, config, errors, invocation, resource names."""
