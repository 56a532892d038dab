"""Twilio's markup, read as strictly as a rehearsal needs."""

import pytest

from simulators.twiml import (
    Gather,
    Hangup,
    Pause,
    Play,
    Redirect,
    Reject,
    Say,
    TwimlError,
    parse,
    parse_messages,
)


def test_a_whole_document_is_read() -> None:
    """Every verb we know comes out as a value, in order, with Twilio's defaults."""
    read = parse(
        """<?xml version="1.0" encoding="UTF-8"?>
        <Response>
            <Say language="cmn-CN" voice="Polly.Zhiyu" loop="2">请 <prosody>注意</prosody></Say>
            <Play>a.mp3</Play>
            <Pause/>
            <Gather action="/go" numDigits="1" timeout="8" actionOnEmptyResult="true">
                <Say>1</Say><Pause length="2"/>
            </Gather>
            <Redirect method="GET">/next</Redirect>
            <Reject/>
            <Hangup/>
        </Response>"""
    )

    assert read == (
        Say("请 注意", "cmn-CN", "Polly.Zhiyu", 2),
        Play("a.mp3", 1),
        Pause(1),
        Gather("/go", "POST", 8, 1, "#", True, (Say("1", "en-US", "", 1), Pause(2))),
        Redirect("/next", "GET"),
        Reject(),
        Hangup(),
    )


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("", 12100),
        ("<Response>", 12100),
        ("<response/>", 12102),  # names are case sensitive
        ("<Response><Speak/></Response>", 12200),
        ("<Response><say/></Response>", 12200),
        ('<Response><Gather numdigits="1"/></Response>', 12200),  # a misspelt attribute
        ("<Response><Gather><Hangup/></Gather></Response>", 13320),
        ('<Response><Gather numDigits="0"/></Response>', 13314),
        ('<Response><Gather timeout="soon"/></Response>', 13313),
        ('<Response><Gather method="PUT"/></Response>', 13312),
        ('<Response><Pause length="-1"/></Response>', 13610),
        (f"<Response><Say>{'x' * 4097}</Say></Response>", 13511),
    ],
)
def test_what_twilio_complains_about_is_an_error(document: str, code: int) -> None:
    """A document that would leave words unspoken is refused with Twilio's code."""
    with pytest.raises(TwimlError) as wrong:
        parse(document)

    assert code == wrong.value.code


@pytest.mark.parametrize(
    ("document", "texts"),
    [
        ("", []),
        ("<Response/>", []),
        ("<Response><Message>已登记</Message></Response>", ["已登记"]),
        ("<Response><Message><Body>a</Body></Message><Message>b</Message></Response>", ["a", "b"]),
    ],
)
def test_answers_to_a_text_message(document: str, texts: list[str]) -> None:
    """The words of the Message verbs, or none."""
    assert texts == parse_messages(document)


def test_a_voice_document_is_no_answer_to_a_text_message() -> None:
    """Say has no place in a messaging response."""
    with pytest.raises(TwimlError):
        parse_messages("<Response><Say>x</Say></Response>")
