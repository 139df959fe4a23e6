"""What would flip a choice."""
