"""Old and open office formats -> text, by way of LibreOffice where it is on the machine.

LibreOffice converts to DOCX, XLSX or PDF, which our own readers take from there. It runs with a
profile of its own that forbids macros, links and the network, for a limited time, and all that it
started ends with it.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from index.content import Content
from index.errors import EmptyDocument, ReadError, UnsupportedFormat
from index.formats.package import MAX_PART, open_package, read_part

# Seconds; a notice takes 2 to 5 on a busy machine, most of them to start the program.
TIME_LIMIT = 20.0
_CPU_SECONDS = 60
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
_LIST_TEXT = re.compile(rb"\{\\listtext(?![a-z])([^{}]{0,400})")
_LIST_USE = re.compile(rb"\\ls\d{1,5}(?!\d) ?")
# Where no proxy listens: whatever LibreOffice wants to fetch ends there at once.
_NO_PROXY = "127.0.0.1"
_DISCARD_PORT = "9"

_COMMON = "/org.openoffice.Office.Common/Security/Scripting"
_INTERNET = "/org.openoffice.Inet/Settings"
_UPDATES = (
    "/org.openoffice.Office.Jobs/Jobs/org.openoffice.Office.Jobs:Job['UpdateCheck']/Arguments"
)
_SETTINGS = (
    (_COMMON, "MacroSecurityLevel", "3"),
    (_COMMON, "DisableMacrosExecution", "true"),
    (_COMMON, "DisableActiveContent", "true"),
    (_COMMON, "BlockUntrustedRefererLinks", "true"),
    (_UPDATES, "AutoCheckEnabled", "false"),
    ("/org.openoffice.Office.Writer/Content/Update", "Link", "2"),  # never
    ("/org.openoffice.Office.Calc/Content/Update", "Link", "2"),
    ("/org.openoffice.Office.Calc/Formula/Load", "OOXMLRecalcMode", "1"),  # never
    ("/org.openoffice.Office.Calc/Formula/Load", "ODFRecalcMode", "1"),
    (_INTERNET, "ooInetProxyType", "2"),  # by hand
    (_INTERNET, "ooInetHTTPProxyName", _NO_PROXY),
    (_INTERNET, "ooInetHTTPProxyPort", _DISCARD_PORT),
    (_INTERNET, "ooInetHTTPSProxyName", _NO_PROXY),
    (_INTERNET, "ooInetHTTPSProxyPort", _DISCARD_PORT),
    (_INTERNET, "ooInetFTPProxyName", _NO_PROXY),
    (_INTERNET, "ooInetFTPProxyPort", _DISCARD_PORT),
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A format that LibreOffice reads: what it is named, and what it is to become."""

    suffix: str
    media_type: str
    target: str  # "docx", "xlsx" or "pdf"


_WORD = Kind(".doc", "application/msword", "docx")
_EXCEL = Kind(".xls", "application/vnd.ms-excel", "xlsx")
_SLIDES = Kind(".ppt", "application/vnd.ms-powerpoint", "pdf")
_WORKS = Kind(".wps", "application/vnd.ms-works", "docx")
_RTF = Kind(".rtf", "application/rtf", "docx")
_PRESENTATION = Kind(
    ".pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation", "pdf"
)
_OPEN = {
    "text": Kind(".odt", f"{_OPEN_DOCUMENT}text", "docx"),
    "text-template": Kind(".ott", f"{_OPEN_DOCUMENT}text-template", "docx"),
    "spreadsheet": Kind(".ods", f"{_OPEN_DOCUMENT}spreadsheet", "xlsx"),
    "presentation": Kind(".odp", f"{_OPEN_DOCUMENT}presentation", "pdf"),
}
# Names of streams in an OLE file, in the order in which they are looked for.
_STREAMS = (
    ("WordDocument", _WORD),
    ("PowerPoint Document", _SLIDES),
    ("Workbook", _EXCEL),
    ("Book", _EXCEL),
    ("MatOST", _WORKS),
)


def read_office(data: bytes, source: str) -> Content:
    """Return the document in a DOC, RTF, XLS, PPT, PPTX, WPS, ET or ODF file, by its content.

    Raises UnsupportedFormat if it is none of these or if LibreOffice is not to be found, and
    ReadError if LibreOffice cannot read it within TIME_LIMIT.
    """
    if data.startswith(_ZIP) and (reader := _reader_of_package(data)):
        return reader(data, source)
    kind = _kind(data)
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        remedy = "install LibreOffice, or save it as .docx, .xlsx or .pdf"
        raise UnsupportedFormat(f"{kind.suffix} files are read by LibreOffice: {remedy}")
    data = _with_numbers_written_out(data) if kind == _RTF else data
    content = _reader_of(kind.target)(_converted(program, data, kind), source)
    documents = [replace(document, media_type=kind.media_type) for document in content.documents]
    return replace(content, documents=tuple(documents))


def _with_numbers_written_out(data: bytes) -> bytes:
    """Return an RTF file whose automatic numbers are plain text.

    A writer puts beside the definition of a list what its numbers look like; LibreOffice believes
    the definition, from which some writers (its own too) lose the Chinese characters.
    """
    if b"{\\listtext" not in data:
        return data
    data = _LIST_TEXT.sub(lambda match: b"{" + match[1].replace(b"\\pard", b""), data)
    return _LIST_USE.sub(b"", data)


def _reader_of(target: str) -> Callable[[bytes, str], Content]:
    if target == "docx":
        from index.formats.word import read_docx

        return read_docx
    if target == "xlsx":
        from index.formats.spreadsheet import read_xlsx

        return read_xlsx
    from index.formats.pdf import read_pdf

    return read_pdf


def _reader_of_package(data: bytes) -> Callable[[bytes, str], Content] | None:
    """Return the reader of a ZIP file that is a DOCX, XLSX or EPUB, whatever its name says."""
    names = open_package(data).NameToInfo
    if any(name.startswith("word/") for name in names):
        return _reader_of("docx")
    if any(name.startswith("xl/") for name in names):
        return _reader_of("xlsx")
    if "META-INF/container.xml" in names:
        from index.formats.epub import read_epub

        return read_epub
    return None


def _kind(data: bytes) -> Kind:
    """Return the format by content: many a .doc is something else."""
    if data.startswith(_OLE):
        return _kind_of_streams(data)
    if data.lstrip()[:5] == b"{\\rtf":
        return _RTF
    if data.startswith(_ZIP):
        archive = open_package(data)
        if "mimetype" in archive.NameToInfo:
            media_type = read_part(archive, "mimetype", 200).decode("ascii", "replace").strip()
            if kind := _OPEN.get(media_type.removeprefix(_OPEN_DOCUMENT)):
                _refuse_encrypted(read_part(archive, "META-INF/manifest.xml"))
                return kind
        if any(name.startswith("ppt/") for name in archive.NameToInfo):
            return _PRESENTATION
    if not data:
        raise EmptyDocument("the file is empty: nothing to read")
    raise UnsupportedFormat(
        "it is no office file, whatever its name says: open it and save it as .docx, .xlsx or .pdf"
    )


def _kind_of_streams(data: bytes) -> Kind:
    if _stream_name("EncryptedPackage") in data:
        raise ReadError("it is protected by a password: save it without one")
    for name, kind in _STREAMS:
        if _stream_name(name) in data:
            return kind
    raise UnsupportedFormat(
        "it is an OLE file without text, sheets or slides: save it as .docx, .xlsx or .pdf"
    )


def _stream_name(name: str) -> bytes:
    """Return a name as it stands in the folder of an OLE file, with the NUL behind it."""
    return name.encode("utf-16-le") + b"\x00\x00"


def _refuse_encrypted(manifest: bytes) -> None:
    if b"encryption-data" in manifest:
        raise ReadError("it is protected by a password: save it without one")


def _converted(program: str, data: bytes, kind: Kind) -> bytes:
    """Return the file as LibreOffice writes it; nothing else of it is left behind."""
    with _files_allowed(), tempfile.TemporaryDirectory(prefix="office-") as name:
        folder = Path(name)
        try:
            _write_profile(folder)
            (folder / f"document{kind.suffix}").write_bytes(data)
        except OSError as error:
            reason = error.strerror or error
            raise ReadError(f"no room to convert it ({reason}): free some disk space") from error
        _run(_command(program, folder, kind), folder)
        made = folder / "out" / f"document.{kind.target}"
        if not made.is_file():
            raise ReadError(
                f"LibreOffice cannot read it as {kind.suffix}: it is damaged or protected; open it "
                "and save it as .docx, .xlsx or .pdf"
            )
        if made.stat().st_size > MAX_PART:
            raise ReadError(f"converted, it has more than {MAX_PART:,} bytes: split it")
        return made.read_bytes()


def _command(program: str, folder: Path, kind: Kind) -> list[str]:
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    source = str(folder / f"document{kind.suffix}")
    return [
        *(program, "--headless", "--invisible", "--nologo", "--nodefault", "--norestore"),
        *("--nolockcheck", "--nofirststartwizard", profile),
        *("--convert-to", kind.target, "--outdir", str(folder / "out"), source),
    ]


def _write_profile(folder: Path) -> None:
    """Write the settings of a profile that trusts nothing."""
    items = "".join(
        f'<item oor:path="{path}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value>'
        "</prop></item>"
        for path, name, value in _SETTINGS
    )
    user = folder / "profile" / "user"
    user.mkdir(parents=True)
    (user / "registrymodifications.xcu").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<oor:items xmlns:oor="http://openoffice.org/2001/registry">'
        f"{items}</oor:items>\n",
        "utf-8",
    )


def _run(command: list[str], folder: Path) -> None:
    """Run LibreOffice; whatever it started is ended when it ends, or when its time is up."""
    # No proxies, no settings of the user's, no display.
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        "SAL_USE_VCLPLUGIN": "svp",
    }
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_raise_limits,  # readers have no threads
    )
    try:
        process.wait(TIME_LIMIT)
    except subprocess.TimeoutExpired as error:
        raise ReadError(
            f"LibreOffice needs more than {TIME_LIMIT:.0f} seconds for it: save it as .docx, .xlsx "
            "or .pdf"
        ) from error
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _raise_limits() -> None:
    """Give LibreOffice the memory and files that our own parsers are denied."""
    import resource

    for limit in (resource.RLIMIT_AS, resource.RLIMIT_FSIZE):
        hard = resource.getrlimit(limit)[1]
        resource.setrlimit(limit, (hard, hard))
    # Should this process be killed, nobody is left to end LibreOffice.
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))


@contextmanager
def _files_allowed() -> Iterator[None]:
    """Let this process write the file that LibreOffice is to read, where it may write none."""
    if sys.platform == "win32":
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
