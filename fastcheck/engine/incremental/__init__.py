"""The incremental engine: the difference itself goes through the program, where something moves."""
