"""What may not be chosen: limits, what they cost, and what overrides them."""
