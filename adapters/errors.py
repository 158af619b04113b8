"""Errors between badgerelay and a badge provider. The exception's class is the decision.

A message says what happened, which setting is concerned and what to do. Messages are logged and shown, so they never
contain a response body, a token, a URL with a query or an e-mail address.
"""


class AdapterError(Exception):
    """The base class of all errors that an adapter raises on purpose."""


class TemporaryError(AdapterError):
    """The request failed now; the same request may succeed later.

    :param retry_after: seconds that the provider asked to wait, or None if it did not say.
    :param may_have_acted: True when the request may have been carried out before it failed (a 500 in the
        middle, a proxy's HTML page): badgerelay then looks for the badge before it sends again.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, may_have_acted: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.may_have_acted = may_have_acted


class OverBudgetError(TemporaryError):
    """The connection's rate limit allows no call now. No call was made: the award waits, and nothing has failed."""


class AmbiguousError(AdapterError):
    """The request was sent and no answer came (time-out, broken connection): look for the badge before a retry."""


INVALID_TEMPLATE = "invalid_template"
"""The code of a RejectedError: the badge template does not exist or is not active, for any recipient.

badgerelay holds the award, instead of rejecting it, if the template may become active again.
"""


class RejectedError(AdapterError):
    """The provider refuses this award, and will refuse it again unless the award changes.

    :param code: short and stable, for programs: ``INVALID_TEMPLATE``, ``invalid_recipient``, ...
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[object, ...]:
        """Support copying and pickling: BaseException would call the class with the message alone."""
        return (type(self), (self.code, str(self)), self.__dict__)


class ConfigurationError(AdapterError):
    """The connection's settings are wrong: every call fails until an administrator changes one.

    :param setting: the name of the setting to change (``token``, ``organization_id``, ``host``), if known.
    """

    def __init__(self, message: str, *, setting: str | None = None) -> None:
        super().__init__(message)
        self.setting = setting
