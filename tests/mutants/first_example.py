"""A planted fault must be found; the smallest example of it interests nobody."""

from hypothesis import Phase, settings

settings.register_profile("faults", phases=[Phase.explicit, Phase.generate], database=None, deadline=None)
settings.load_profile("faults")
