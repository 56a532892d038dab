"""What everybody here talks about: events, alerts, people, words, time. Values only, no I/O."""
