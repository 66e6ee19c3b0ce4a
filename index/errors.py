"""Every error that Yinzheng raises on purpose, in one tree.

YinzhengError                 one clear line: what happened, with the value, and what to do
├── ReadError                 a file could not be read as a document
│   ├── UnsupportedFormat     its kind is not one that we read
│   └── EmptyDocument         it holds no text, or none was left after cleaning
├── EncoderError              an encoder's weights are missing, damaged or not to be had offline
├── LibraryError              a library folder cannot be used
│   ├── LibraryNotFound       there is none at that path
│   ├── LibraryBusy           another process is writing to it
│   ├── LibraryDamaged        what was stored does not pass its checks
│   ├── EncoderMismatch       it was built with another encoder
│   └── StorageFull           what was to be stored did not fit
└── QuestionError             a question, or a row of a batch, cannot be used
    (rag.errors adds its own branches below YinzhengError)
"""


class YinzhengError(Exception):
    """Root of the tree; `str(error)` is one line that a user can act on."""


class ReadError(YinzhengError):
    """A file could not be read as a document."""


class UnsupportedFormat(ReadError):
    """The kind of the file is not one that we read."""


class EmptyDocument(ReadError):
    """The file holds no text, or none was left after cleaning."""


class EncoderError(YinzhengError):
    """An encoder's weights are missing, damaged or not to be had offline."""


class LibraryError(YinzhengError):
    """A library folder cannot be used."""


class LibraryNotFound(LibraryError):
    """There is no library at that path."""


class LibraryBusy(LibraryError):
    """Another process is writing to the library."""


class LibraryDamaged(LibraryError):
    """What was stored does not pass its checks."""


class EncoderMismatch(LibraryError):
    """The library was built with another encoder."""


class StorageFull(LibraryError):
    """What was to be stored did not fit on the disk."""


class QuestionError(YinzhengError):
    """A question, or a row of a batch, cannot be used."""
