"""The project's own errors: each says what was given, what is allowed and what to do."""

from __future__ import annotations


class PrunescopeError(Exception):
    """Something that could not be done, told in three parts.

    `given` names the offending value, `allowed` what would have been accepted, `mend` the next step.
    """

    def __init__(self, given: str, allowed: str = "", mend: str = "") -> None:
        self.given, self.allowed, self.mend = given, allowed, mend
        super().__init__(given, allowed, mend)

    def __str__(self) -> str:
        parts = (self.given, self.allowed and f"allowed: {self.allowed}", self.mend)
        return "; ".join(part for part in parts if part)


class InvalidSettingError(PrunescopeError):
    """A setting outside what is allowed: the user can mend it by choosing another value."""


class MissingFileError(PrunescopeError):
    """A file or folder that has to be there and is not, or cannot be fetched."""


class BrokenDataError(PrunescopeError):
    """A file that is there but is not what it should be: truncated, of another shape, changed."""


class CancelledError(PrunescopeError):
    """Work stopped because the user asked for it; what was finished is kept."""


class StorageError(PrunescopeError):
    """The cache cannot be read or written: no space, no permission."""
