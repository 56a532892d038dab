"""Aliyun's error codes, each for now or for good (P15). An unknown one is for now, and loud."""

import structlog

from domain.contacts import FailedForGood, FailedForNow

_log = structlog.get_logger(__name__)

#: another attempt may work. Too much for one number is the number's own limit: another way, another person
FOR_NOW = {
    "isv.BUSINESS_LIMIT_CONTROL": "too much for this number",
    "isv.DAY_LIMIT_CONTROL": "too much for today",
    "isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE": "refused for now",
    "isp.SYSTEM_ERROR": "the provider's own fault",
    "isp.UNKNOWN_ERROR": "the provider's own fault",
    "isp.GATEWAY_ERROR": "the provider's own fault",
    "isp.RAM_PERMISSION_DENY": "not permitted for now",
    "Throttling.User": "too many at once",
    "Throttling": "too many at once",
    "ServiceUnavailable": "the provider's own fault",
}
#: this way will not work for this number
FOR_GOOD = {
    "isv.MOBILE_NUMBER_ILLEGAL": "not a telephone number",
    "isv.MOBILE_COUNT_OVER_LIMIT": "too many numbers at once",
    "isv.BLACK_KEY_CONTROL_LIMIT": "a forbidden word",
    "isv.INVALID_PARAMETERS": "a parameter is wrong",
    "isv.PARAM_LENGTH_LIMIT": "a variable is too long",
    "isv.PARAM_NOT_SUPPORT_URL": "a variable holds an address",
}
#: our account or our templates: for nobody, until an operator mends it
OURS = {
    "isv.OUT_OF_SERVICE": "the service has been stopped",
    "isv.AMOUNT_NOT_ENOUGH": "the account is empty",
    "isv.ACCOUNT_NOT_EXISTS": "there is no such account",
    "isv.ACCOUNT_ABNORMAL": "the account is blocked",
    "isv.PRODUCT_UN_SUBSCRIPT": "the product is not subscribed",
    "isv.PRODUCT_UNSUBSCRIBE": "the product is not subscribed",
    "isv.TTS_TEMPLATE_ILLEGAL": "the voice template is not approved",
    "isv.TEMPLATE_MISSING_PARAMETERS": "the template wants more variables",
    "isv.TEMPLATE_PARAMS_ILLEGAL": "the template's variables are wrong",
    "isv.SMS_TEMPLATE_ILLEGAL": "the text template is not approved",
    "isv.SMS_SIGNATURE_ILLEGAL": "the signature is not approved",
    "isv.DISPLAY_NUMBER_ILLEGAL": "our caller number is not ours",
    "isv.INVALID_JSON_PARAM": "the variables are not JSON",
    "InvalidAccessKeyId.NotFound": "our log-in was refused",
    "SignatureDoesNotMatch": "our log-in was refused",
    "Forbidden.RAM": "our log-in may not do this",
}


def classify(code: str | None) -> FailedForNow | FailedForGood:
    """What comes of a ``Code`` that is not ``OK``; names the code and never the number."""
    said = (code or "").strip()
    if said in FOR_NOW:
        return FailedForNow(FOR_NOW[said], code=said, ours=said.startswith(("isp.", "Throttling", "Service")))
    if said in FOR_GOOD:
        return FailedForGood(FOR_GOOD[said], code=said)
    if said in OURS:
        _log.error("aliyun_account_fault", code=said, fault=OURS[said])
        return FailedForGood(OURS[said], code=said, ours=True)
    _log.warning("aliyun_code_unknown", code=said[:60])
    return FailedForNow("an error we do not know yet", code=said[:60] or None)


#: what a call's end (``status_code``) is in the words that all providers' reports are merged by
CALL_ENDS = {
    "200000": "completed", "200001": "completed", "200002": "busy", "200003": "no-answer", "200004": "failed",
    "200005": "no-answer", "200006": "no-answer", "200007": "no-answer", "200010": "no-answer", "200011": "failed",
    "200012": "failed",
}  # fmt: skip
#: stages on the way: ringing, answered
CALL_STAGES = {"200100": "in-progress", "200101": "ringing", "200102": "ringing", "300000": "in-progress"}


def call_word(status_code: str) -> str:
    """A call's report as ``completed`` ``busy`` ``no-answer`` ``failed`` ``ringing`` ``in-progress``.

    A number that the list does not have is taken as "not answered": nobody has claimed by it.
    """
    return CALL_ENDS.get(status_code) or CALL_STAGES.get(status_code) or "no-answer"
