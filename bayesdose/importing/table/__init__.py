"""From a table of parameters (nlmixr2's, or one written in its manner) to the parts of a draft."""
