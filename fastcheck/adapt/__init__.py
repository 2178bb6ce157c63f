"""Other people's code: a recorded program in PyTorch, for a second opinion."""
