"""What can go wrong between us and a badge provider. The exception's class is the decision.

Messages say what happened, which setting is concerned and what to do. They never carry a response
body, a token, a URL with a query or an e-mail address: they are logged and shown.
"""


class AdapterError(Exception):
    """Base of everything an adapter raises on purpose."""


class TemporaryError(AdapterError):
    """The provider did not do it now; the same request may succeed later.

    :param retry_after: seconds the provider asked us to wait, or None if it did not say.
    :param may_have_acted: True when the request may have been carried out before it failed (a 500 in the
        middle, a proxy's HTML page): the ledger then looks for the badge before it sends again.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, may_have_acted: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.may_have_acted = may_have_acted


class OverBudgetError(TemporaryError):
    """The connection's own rate allows no call now, so none was made: it waits, and nothing has failed."""


class AmbiguousError(AdapterError):
    """The request was sent and its answer is unknown (time-out, broken connection): look before sending again."""


INVALID_TEMPLATE = "invalid_template"
"""The code of a RejectedError which says that nothing can be issued from the badge template, whoever is to get it: it
does not exist, or is not active. An award is held rather than rejected where the template may become active again."""


class RejectedError(AdapterError):
    """The provider refuses this one award and will refuse it again unchanged.

    :param code: short and stable, for machines: ``INVALID_TEMPLATE``, ``invalid_recipient``, ...
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[object, ...]:
        """Lets it be copied and pickled: BaseException would call the class with the message alone."""
        return (type(self), (self.code, str(self)), self.__dict__)


class ConfigurationError(AdapterError):
    """The connection itself is wrong; nothing will succeed until an administrator changes a setting.

    :param setting: the name of the setting to change (``token``, ``organization_id``, ``host``), if known.
    """

    def __init__(self, message: str, *, setting: str | None = None) -> None:
        super().__init__(message)
        self.setting = setting
