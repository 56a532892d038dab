"""What comes back by SMS: strict, because a claim by mistake silences the ladder (P26)."""

import random

import pytest

from channels.replies import Reply, reply


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("1", "claim"),
        (" 1 ", "claim"),
        ("１", "claim"),
        ("1。", "claim"),
        ("“1”", "claim"),
        ("①", "claim"),
        ("收到", "claim"),
        ("收到！", "claim"),
        ("\u200b收到\n", "claim"),
        ("2", "decline"),
        ("２", "decline"),
        ("去不了", "decline"),
        ("STOP", "stop"),
        ("Stop.", "stop"),
        ("ＳＴＯＰ", "stop"),
        ("退订", "stop"),
        ("TD", "stop"),
        ("", None),
        ("   ", None),
        ("11", None),
        ("12", None),
        ("1 2", None),
        ("1.5", None),
        ("没收到", None),
        ("收到吗", None),
        ("不能不去", None),
        ("3", None),
        ("one", None),
        ("1 or 2?", None),
        ("二", None),
        ("1" * 10000, None),
    ],
)
def test_what_a_reply_means(text: str, meaning: str | None) -> None:
    """Whole texts only, however they are dressed."""
    assert meaning == reply(text).meaning


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1 7K3M", Reply("claim", "7K3M")),
        ("17k3m", Reply("claim", "7K3M")),
        ("２（7K3M）", Reply("decline", "7K3M")),
        ("1（编号7K3M）", Reply("claim", "7K3M")),
        ("1 1234", Reply("claim", "1234")),
        ("11234", Reply(None)),  # a slip of the finger, not a code
        ("1 stop", Reply(None)),
        ("1不7k3m", Reply(None)),
        ("3 7K3M", Reply(None)),
        ("1 7K3", Reply(None)),
    ],
)
def test_a_reply_may_name_its_alert(text: str, meant: Reply) -> None:
    """With the code of the message, when several are open."""
    assert meant == reply(text)


def test_noise_never_claims() -> None:
    """Ten thousand random texts: what claims is a 1 or an agreed word, and nothing raises."""
    chance = random.Random(7)
    letters = "12３１ 收到不能stop退订?。\n\u200b\ud800a"
    texts = ["".join(chance.choices(letters, k=chance.randint(0, 6))) for _ in range(10_000)]

    claims = {text for text in texts if reply(text).meaning == "claim"}

    assert all("1" in text or "１" in text or "收到" in text for text in claims)
    assert not any("不" in text or "２" in text or "stop" in text for text in claims)
