"""How a call can fail, by what is to be done about it."""

from sightglass.kernel.storable import storable


class ProviderError(Exception):
    """A call that gave no answer. The message is for people and holds no key."""

    def __init__(self, message: str) -> None:
        super().__init__(storable(message))


class Refused(ProviderError):
    """The provider will say the same again: wrong key, unknown model, bad request."""


class Unavailable(ProviderError):
    """It may work later: too many requests, an outage, a timeout.

    `wait`: seconds after which the provider wants to be asked again; None if it did not say.
    """

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class Forbidden(ProviderError):
    """An address that this installation does not call."""
