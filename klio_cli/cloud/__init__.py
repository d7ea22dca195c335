"""The topics, subscriptions and buckets of a job: looked at, made, removed."""
