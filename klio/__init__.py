"""What a job author imports: decorators, transforms, context, testing."""
