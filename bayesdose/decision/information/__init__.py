"""What further information is worth: perfect, of some parameters, of samples and tests."""
