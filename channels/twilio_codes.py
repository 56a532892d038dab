"""Twilio's error codes, each for now or for good (P15). An unknown one is for now, and loud.

For good means: this way will not work for this person, take the next one at once.
Faults of our own account are for good too, for every person, and an operator must mend
them: they are loud. (twilio.com/docs/api/errors; the list changes, the default is safe.)
"""

import structlog

from domain.contacts import FailedForGood, FailedForNow

_log = structlog.get_logger(__name__)

#: another attempt may work
FOR_NOW: dict[int, str] = {
    10004: "too many calls at once",
    11200: "our address did not answer",
    11205: "our address could not be reached",
    11206: "our address broke HTTP",
    11210: "our address's name is not known",
    11215: "our address redirected too often",
    11220: "our address's TLS failed",
    11237: "our address's certificate is not trusted",
    11750: "our document was too large",
    12100: "our document could not be read",
    12200: "our document broke the rules",
    12300: "our document had a wrong type",
    20004: "method not allowed",
    20404: "not found",
    20409: "conflict",
    20429: "too many requests",
    20500: "internal error",
    20503: "service unavailable",
    20504: "gateway time-out",
    21220: "the call was not in that state",
    21611: "our queue is full",
    30001: "queue overflow",
    30003: "phone off or out of reach",
    30008: "unknown error of the carrier",
    30009: "a segment was lost",
    30017: "the carrier is congested",
    30020: "internal failure",
    30021: "internal failure",
    30022: "rate limit of the carrier",
    30035: "the number is still being set up",
    30036: "validity ran out before delivery",
    30410: "the carrier did not answer in time",
    30500: "provider error",
    31002: "connection declined",
    31005: "connection error",
    32009: "the SIP user is not registered",
    32011: "the SIP side did not answer",
    53000: "signalling connection error",
}

#: this number, or this kind of message to it, will not work
FOR_GOOD: dict[int, str] = {
    13223: "not a phone number",
    13224: "the number cannot be called",
    13225: "the number is blocked",
    13226: "no such country code",
    21201: "no number given",
    21202: "a premium number",
    21206: "bad digits",
    21211: "not a phone number",
    21214: "the number cannot be reached",
    21216: "calls to this number are not allowed",
    21217: "not a phone number",
    21401: "not a phone number",
    21407: "this number cannot do that",
    21421: "not a phone number",
    21601: "the number takes no SMS",
    21602: "the message is empty",
    21604: "no number given",
    21605: "the message is too long",
    21610: "the person unsubscribed (STOP)",
    21612: "no route to the number",
    21614: "not a mobile number",
    21617: "the message is too long",
    21618: "the content is not allowed",
    21619: "the message is empty",
    21635: "a landline takes no SMS",
    21265: "a short code",
    21266: "sender and receiver are the same",
    21268: "a premium number",
    30004: "the person's phone or carrier blocks us",
    30005: "no such phone",
    30006: "a landline, or a carrier out of reach",
    30007: "filtered by the carrier",
    30010: "above our price limit",
    30011: "pictures are not taken",
    30012: "validity too short",
    30019: "the content is too large",
    30038: "filtered by the carrier",
    30039: "a message loop",
    30453: "the message could not be delivered",
}

#: of these, the codes that say the number itself will never answer
DEAD_NUMBERS = frozenset(map(str, (
    13225, 13226, 21201, 21202, 21206, 21211, 21214, 21216, 21217, 21401, 21407, 21421, 21601, 21604, 21614, 21635,
    21265, 21268, 30005, 30006,
)))  # fmt: skip

#: our account or number is at fault: nobody can be reached this way until an operator mends it
OURS: dict[int, str] = {
    10001: "our account is not active",
    10002: "our trial account may not do that",
    10003: "our account is not active",
    13214: "our caller number is not allowed",
    13227: "calls to that country are not switched on",
    20001: "our request is wrong",
    20002: "our request is wrong",
    20003: "our log-in was refused",
    20005: "our account is not active",
    20006: "our account may not do that",
    20008: "test credentials",
    20403: "our account may not do that",
    20422: "our request is wrong",
    21203: "international calls are not switched on",
    21205: "our public URL is not valid",
    21207: "our request is wrong",
    21208: "our request is wrong",
    21209: "our request is wrong",
    21210: "our number is not verified",
    21212: "our number is not valid",
    21213: "our number is missing",
    21215: "calls to that country are not switched on",
    21218: "our application is not known",
    21219: "a trial account calls verified numbers only",
    21240: "our public URL is not valid",
    21263: "our sender is not allowed",
    21264: "our sender is not valid",
    21267: "our sender is not allowed on trial",
    21402: "our public URL is not valid",
    21408: "SMS to that country is not switched on",
    21603: "our number is missing",
    21606: "our number cannot send there",
    21607: "our number is not verified",
    21608: "a trial account writes to verified numbers only",
    21609: "our public URL is not valid",
    21615: "our number is not valid",
    21616: "our number is ambiguous",
    21659: "our sender is not a Twilio number",
    21660: "our number belongs to another account",
    21661: "our number sends no SMS",
    21703: "our messaging service has no number",
    21704: "our messaging service has no number",
    21705: "our messaging service is not valid",
    30002: "our account is suspended",
    30018: "our sender must be registered there",
    30023: "our daily limit is reached",
    30024: "our sender is not set up there",
    30027: "our daily limit is reached",
    30032: "our toll-free number is not verified",
    30033: "our campaign is suspended",
    30034: "our number is not registered",
    30037: "our sending is switched off",
    30040: "our sender must be registered there",
    30044: "our trial message is too long",
    30450: "blocked as possible fraud",
    32017: "our number is marked as a nuisance caller",
}


#: of those that another attempt may cure: the provider's own troubles, not the person's telephone
_THEIRS = frozenset({10004, 20429, 20500, 20503, 20504, 30020, 30021, 30022, 30500, 53000})


def classify(code: str | int | None, status: int | None = None) -> FailedForNow | FailedForGood:
    """For now or for good, by Twilio's ``code``; without a known one by the HTTP ``status``.

    The result names the code and never the number called.
    """
    text = str(code or "").strip()
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
    known = str(number) if number else None
    if number in FOR_NOW:
        return FailedForNow(FOR_NOW[number], code=known, ours=number in _THEIRS)
    if number in FOR_GOOD:
        return FailedForGood(FOR_GOOD[number], code=known)
    if number in OURS:
        _log.error("twilio_account_fault", code=number, fault=OURS[number])
        return FailedForGood(OURS[number], code=known, ours=True)
    return _unknown(number, status)


def _unknown(code: int | None, status: int | None) -> FailedForNow | FailedForGood:
    if code is None and status in (401, 403):
        _log.error("twilio_account_fault", status=status)
        return FailedForGood("our log-in was refused", code=str(status), ours=True)
    _log.warning("twilio_code_unknown", code=code, status=status)
    said = code or status
    theirs = code is None and (status is None or status >= 500)
    return FailedForNow("an error we do not know yet", code=str(said) if said else None, ours=theirs)
