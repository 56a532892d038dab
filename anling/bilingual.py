"""What the command line refuses or warns of, Chinese first, English below it where they differ."""

from collections.abc import Iterator


def both(mark: str, said: str) -> Iterator[str]:
    """One or two lines; what nobody has put into Chinese stands alone, as it was said."""
    from api.refusals import in_words

    chinese = in_words(said, "zh")
    yield f"{mark} {chinese}"
    if chinese != said:
        yield f"{' ' * len(mark)} {said}"
