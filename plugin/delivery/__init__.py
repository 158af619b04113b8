"""The engine: from event to award to issued badge."""
