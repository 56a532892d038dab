"""Aliyun's error codes, each for now or for good (P15). An unknown one is for now, and loud."""

import structlog

from domain.contacts import FailedForGood, FailedForNow

_log = structlog.get_logger(__name__)

#: another attempt may work. Too much for one number is the number's own limit: another way, another person
FOR_NOW = {
    "isv.BUSINESS_LIMIT_CONTROL": "too much for this number",
    "isv.DAY_LIMIT_CONTROL": "too much for today",
    "isv.MONTH_LIMIT_CONTROL": "too much for this month",
    "isv.VOICE_CALL_FAIL": "the call could not be begun",
    "isv.VOICE_ROBOT_NOT_PERIOD": "not at this hour",
    "isv.VOICE_CALL_PERIOD_ERROR": "not at this hour",
    "isp.SYSTEM_ERROR": "the provider's own fault",
    "isp.UNKNOWN": "the provider's own fault",
    "isp.UNKNOWN_ERROR": "the provider's own fault",
    "isp.GATEWAY_ERROR": "the provider's own fault",
    "InternalError": "the provider's own fault",
    "Throttling.User": "too many at once",
    "Throttling": "too many at once",
    "ServiceUnavailable": "the provider's own fault",
}
#: seconds that the number, or we, must wait: another way, another person at once
_WAITS = {"isv.BUSINESS_LIMIT_CONTROL": 60.0, "isv.DAY_LIMIT_CONTROL": 3600.0, "isv.MONTH_LIMIT_CONTROL": 3600.0}
#: this way will not work for this number
FOR_GOOD = {
    "isv.MOBILE_NUMBER_ILLEGAL": "not a telephone number",
    "isv.MOBILE_COUNT_OVER_LIMIT": "too many numbers at once",
    "isv.COMPLAINT_REJECT": "the number is protected from calls",
    "ComplaintReject": "the number is protected from calls",
    "isv.BLACK_KEY_CONTROL_LIMIT": "a forbidden word",
    "isv.SMS_CONTENT_ILLEGAL": "a forbidden word",
    "isv.INVALID_PARAMETERS": "a parameter is wrong",
    "InvalidParameters": "a parameter is wrong",
    "isv.PARAM_LENGTH_LIMIT": "a variable is too long",
    "isv.PARAM_NOT_SUPPORT_URL": "a variable holds an address",
}
#: what the carrier reports of a text message that did not arrive: another one may
RECEIPTS_FOR_NOW = {
    "MOBILE_NOT_ON_SERVICE": "switched off, out of reach, or no such number",
    "MOBILE_ACCOUNT_ABNORMAL": "the person's account is suspended",
    "MOBLLE_TERMINAL_ERROR": "the person's telephone takes none",
    "MOBILE_SEND_LIMIT": "too much for this number",
    "REQUEST_SUCCESS": "the carrier has not said that it arrived",
    "SP_UNKNOWN_ERROR": "unknown error of the carrier",
    "IS_CLOSE": "the way is closed",
}
#: or none will, of this kind, to this number
RECEIPTS_FOR_GOOD = {
    "MOBILE_IN_BLACK": "the person unsubscribed",
    "USER_REJECT": "the person unsubscribed",
    "INVALID_NUMBER": "not a telephone number",
    "CONTENT_KEYWORD": "filtered by the carrier",
    "CONTENT_ERROR": "filtered by the carrier",
    "NO_ROUTE": "no route to the number",
    "PARAMS_ILLEGAL": "a parameter is wrong",
    "SIGNATURE_BLACKLIST": "the signature is forbidden",
    "call:200004": "not a telephone number",
    "call:200116": "not a telephone number",
}
#: of these, those by which the person forbade messages (P25)
UNSUBSCRIBED = frozenset({"MOBILE_IN_BLACK", "USER_REJECT"})
#: what says that the number itself will never answer (P4)
DEAD_NUMBERS = frozenset({"isv.MOBILE_NUMBER_ILLEGAL", "call:200004", "call:200116"})
#: our account or our templates: for nobody, until an operator mends it
OURS = {
    "isv.OUT_OF_SERVICE": "the service has been stopped",
    "isv.AMOUNT_NOT_ENOUGH": "the account is empty",
    "isv.AMOUNT_NOT_ENOUG": "the account is empty",
    "isv.ACCOUNT_NOT_EXISTS": "there is no such account",
    "isv.ACCOUNT_ABNORMAL": "the account is blocked",
    "isv.PRODUCT_UN_SUBSCRIPT": "the product is not subscribed",
    "isv.PRODUCT_UNSUBSCRIBE": "the product is not subscribed",
    "isv.TTS_TEMPLATE_ILLEGAL": "the voice template is not approved",
    "isv.TEMPLATE_ILLEGAL": "the voice template is not approved",
    "isv.VOICE_FILE_ILLEGAL": "the voice template is not approved",
    "isv.TEMPLATE_MISSING_PARAMETERS": "the template wants more variables",
    "isv.TEMPLATE_PARAMS_ILLEGAL": "the template's variables are wrong",
    "isv.SMS_TEMPLATE_ILLEGAL": "the text template is not approved",
    "isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE": "the words are not of the template's kind",
    "isv.SMS_SIGNATURE_ILLEGAL": "the signature is not approved",
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL": "the signature is for another kind of message",
    "isv.SMS_SIGN_ILLEGAL": "the signature is forbidden",
    "isv.SIGN_STATE_ILLEGAL": "the signature is not usable",
    "isv.EXTEND_CODE_ERROR": "the extension belongs to another signature",
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": "the template is for other countries",
    "isv.DENY_IP_RANGE": "not from this machine's country",
    "isv.DISPLAY_NUMBER_ILLEGAL": "our caller number is not ours",
    "isv.BILLID_NOT_EXIST": "our caller number is not ours",
    "BillidNotExist": "our caller number is not ours",
    "isv.INVALID_JSON_PARAM": "the variables are not JSON",
    "isp.RAM_PERMISSION_DENY": "our log-in may not do this",
    "isp.RES_OWNER_ID_UNKNOWN": "there is no such account",
    "isp.USER_NOT_EXIST": "there is no such account",
    "isp.USER_ASSERT_NOT_EXIST": "there is no such account",
    "InvalidAccessKeyId.NotFound": "our log-in was refused",
    "SignatureDoesNotMatch": "our log-in was refused",
    "Forbidden.RAM": "our log-in may not do this",
}


def classify(code: str | None) -> FailedForNow | FailedForGood:
    """What comes of a ``Code`` that is not ``OK``; names the code and never the number."""
    said = (code or "").strip()
    if said in FOR_NOW:
        theirs = said.startswith(("isp.", "Internal", "Throttling", "Service"))
        return FailedForNow(FOR_NOW[said], code=said, retry_after=_WAITS.get(said), ours=theirs)
    if said in FOR_GOOD:
        return FailedForGood(FOR_GOOD[said], code=said)
    if said in OURS:
        _log.error("aliyun_account_fault", code=said, fault=OURS[said])
        return FailedForGood(OURS[said], code=said, ours=True)
    _log.warning("aliyun_code_unknown", code=said[:60])
    return FailedForNow("an error we do not know yet", code=said[:60] or None)


def receipt(code: str) -> FailedForNow | FailedForGood:
    """What comes of a text message that the carrier reports as not arrived; an unknown code is for now, and loud."""
    said = code.strip()
    if said in RECEIPTS_FOR_NOW:
        return FailedForNow(RECEIPTS_FOR_NOW[said], code=said)
    if said in RECEIPTS_FOR_GOOD:
        return FailedForGood(RECEIPTS_FOR_GOOD[said], code=said)
    _log.warning("aliyun_code_unknown", code=said[:60])
    return FailedForNow("an error we do not know yet", code=said[:60] or None)


#: what a call's end (``status_code``) is in the words that all providers' reports are merged by: the carrier's
#: receipts of help.aliyun.com/document_detail/55085.html. Keys that nobody pressed in time end as an answered call
CALL_ENDS = {
    "200000": "completed", "200001": "completed", "200008": "completed", "200100": "completed",
    "200002": "busy", "200112": "busy",
    "200003": "no-answer", "200005": "no-answer", "200007": "no-answer", "200010": "no-answer",
    "200111": "no-answer", "200113": "no-answer", "200120": "no-answer", "9996": "no-answer",
    "200004": "failed", "200006": "failed", "200011": "failed", "200104": "failed", "200105": "failed",
    "200116": "failed", "200117": "failed", "200118": "failed", "200119": "failed", "200121": "failed",
    "400": "failed", "476": "failed", "482": "failed", "500": "failed", "502": "failed", "999999": "failed",
}  # fmt: skip
#: stages on the way: ringing, answered, a key
CALL_STAGES = {"200101": "ringing", "200102": "ringing", "200103": "in-progress", "300000": "in-progress"}


def call_word(status_code: str) -> str:
    """A call's report as ``completed`` ``busy`` ``no-answer`` ``failed`` ``ringing`` ``in-progress``.

    A number that the list does not have is taken as "not answered": nobody has claimed by it.
    """
    return CALL_ENDS.get(status_code) or CALL_STAGES.get(status_code) or "no-answer"


def call_code(status_code: str) -> str | None:
    """The end of a call as a code that ``receipt`` knows; None when its word says enough."""
    code = f"call:{status_code}"
    return code if code in RECEIPTS_FOR_GOOD else None
