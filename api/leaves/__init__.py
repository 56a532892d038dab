"""The pages beside the board: homes, check-ins, duty, messages, people, plans, drills, figures, log-ins."""
