"""Web pages that a browser saved as one file (.mht, .mhtml): a MIME message around the page."""

import email
import email.policy
from email.message import EmailMessage

from index.content import Content
from index.decode import decode_with_notes
from index.errors import EmptyDocument
from index.read import html_document


def read_mhtml(data: bytes, source: str) -> Content:
    """Return the page in a saved file, with the address that it was saved from.

    Raises EmptyDocument if there is no page in it.
    """
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)  # by its policy
    page = next((part for part in message.walk() if part.get_content_type() == "text/html"), None)
    payload = page.get_payload(decode=True) if page else None
    if page is None or not isinstance(payload, bytes) or not payload.strip():
        raise EmptyDocument("it holds no web page: save the page again as .html")
    raw, notes = decode_with_notes(payload)
    headers = (page["Content-Location"], message["Snapshot-Content-Location"])
    address = next((str(header).strip() for header in headers if header), "")
    return Content((html_document(source, raw, address),), notes=notes)
