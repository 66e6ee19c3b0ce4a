"""Gradio without what takes two thirds of its start and the page has no use for.

- For each component it writes a .pyi file beside its source, for editors; that is also nothing that
  a program should do to what is installed. It renders a docstring for each event, for its manual.
- It imports `mcp`, if that is installed, for a server of its own; ours is page.programs.mcp_server.
  httpx, which it imports, has a command line that brings rich, pygments and click.
- It imports pandas, its own command line, its loader of foreign applications and its editor of
  workflows. These are still there for who asks for them, but are loaded then only.
- It reads the certificates of all authorities once for each of its clients.
- It makes four web applications for each page, of which only the last is ever asked.
- At each event it looks for matplotlib, and describes the values of components to programs anew.

A release of gradio that cannot do without one of these while it is imported is imported as it is.
"""

import importlib
import logging
import os
import ssl
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache, wraps
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from types import ModuleType
from typing import Any

_GRADIO = "gradio"
# Optional parts: without them both packages say so where they are asked for, and work.
_UNUSED = ("mcp", "httpx._main")
# Modules that gradio refers to as a whole, and its own of which it only hands names on.
_REFERRED = ("pandas",)
_HANDED_ON = ("gradio.cli", "gradio.external", "gradio.workflow")
_DRAWS = "matplotlib"
_log = logging.getLogger(__name__)


def import_gradio() -> Any:
    """Return gradio; to be called before anything else imports it."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # is read on import
    if _GRADIO in sys.modules:
        return importlib.import_module(_GRADIO)
    try:
        return _lean()
    except (ImportError, AttributeError, TypeError):
        _log.debug("this gradio is imported whole", exc_info=True)
    for name in [name for name in sys.modules if _is_of_gradio(name)]:
        del sys.modules[name]
    return importlib.import_module(_GRADIO)


def _lean() -> Any:
    """Import gradio for the first time. Raises what it raises for want of something."""
    with ExitStack() as stack:
        stack.enter_context(_changed_modules())
        stack.enter_context(_one_ssl_context())
        stand_ins: dict[str, ModuleType | None] = dict.fromkeys(_UNUSED)
        stand_ins |= {name: _Referred(name) for name in _REFERRED}
        stand_ins |= {name: _HandedOn(name) for name in _HANDED_ON}
        stack.enter_context(_in_place(stand_ins))
        gradio = importlib.import_module(_GRADIO)
    _hand_on(gradio)
    if find_spec(_DRAWS) is None:  # is looked for in all folders at each step of each event
        modules: dict[str, Any] = sys.modules
        modules.setdefault(_DRAWS, None)
    return gradio


@contextmanager
def without_applications() -> Iterator[None]:
    """Let gradio make no web application for a page that is being put together.

    `mount_gradio_app` makes the one that is asked, and belongs outside.
    """
    from gradio.routes import App

    made = App.create_app
    App.create_app = staticmethod(lambda *_, **__: None)
    try:
        yield
    finally:
        App.create_app = made


# --- what stands in for a module while gradio is imported, and no longer


@contextmanager
def _in_place(stand_ins: dict[str, ModuleType | None]) -> Iterator[None]:
    """Let modules be found that are not theirs, or none, unless they are imported already."""
    modules: dict[str, Any] = sys.modules
    new = {name: module for name, module in stand_ins.items() if name not in modules}
    modules |= new
    try:
        yield
    finally:
        for name, module in new.items():
            if name in modules and modules[name] is module:
                del modules[name]


class _Referred(ModuleType):
    """Is imported as a module; what is asked of it is asked of that module, loaded by then."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__version__":  # asked by who looks at all modules
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


@dataclass(frozen=True, slots=True)
class _Name:
    """A name in a module that is not loaded yet."""

    module: str
    name: str

    def value(self) -> Any:
        return getattr(importlib.import_module(self.module), self.name)


class _HandedOn(ModuleType):
    """Gives names without values, which `_hand_on` puts right before anybody sees them."""

    def __getattr__(self, name: str) -> _Name:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Name(self.__name__, name)


def _hand_on(gradio: Any) -> None:
    """Let gradio load what it hands on when it is asked for; elsewhere it is loaded at once."""
    promised = {name: value for name, value in vars(gradio).items() if isinstance(value, _Name)}
    for name in promised:
        delattr(gradio, name)
    before: Callable[[str], Any] | None = vars(gradio).get("__getattr__")

    def later(name: str) -> Any:
        if name in promised:
            return promised[name].value()
        if before:
            return before(name)
        raise AttributeError(f"module 'gradio' has no attribute {name!r}")

    gradio.__getattr__ = later
    for module in [module for name, module in sys.modules.items() if _is_of_gradio(name)]:
        for name, value in [*vars(module).items()]:
            if isinstance(value, _Name):
                setattr(module, name, value.value())


def _is_of_gradio(name: str) -> bool:
    return name.partition(".")[0] == _GRADIO


# --- what is changed in a module of gradio as soon as it is loaded


def _do_nothing(*_: object, **__: object) -> None:
    pass


def _without_stubs(module: Any) -> None:
    if hasattr(module, "create_or_modify_pyi"):
        module.create_or_modify_pyi = _do_nothing


def _without_docstrings(module: Any) -> None:
    if hasattr(module, "EventListener") and hasattr(module.EventListener, "set_doc"):
        module.EventListener.set_doc = _do_nothing


def _without_pandas(module: Any) -> None:
    """Let tables of rows, or of none, be shown and read without a frame in between."""
    frame, data = module.Dataframe, module.DataframeData
    show, read = frame.postprocess, frame.preprocess

    @wraps(show)
    def postprocess(self: Any, value: Any) -> Any:
        rows = [] if value is None else value
        width = len(self.headers or ())
        if isinstance(rows, list) and all(type(row) is list and len(row) == width for row in rows):
            return data(headers=self.headers, data=rows, metadata=None)
        return show(self, value)

    @wraps(read)
    def preprocess(self: Any, payload: Any) -> Any:
        return payload.data if self.type == "array" else read(self, payload)

    frame.postprocess, frame.preprocess = postprocess, preprocess


def _with_known_schemas(module: Any) -> None:
    """Let components of a kind share the schema of their values: each event makes components."""
    component, known = module.Component, dict[Any, Any]()
    described = component.api_info

    @wraps(described)
    def api_info(self: Any) -> Any:
        if self.data_model is not None and self.data_model in known:
            return known[self.data_model]
        known[self.data_model] = info = described(self)
        return info

    component.api_info = api_info


_CHANGES: dict[str, Callable[[Any], None]] = {
    "gradio.component_meta": _without_stubs,
    "gradio.events": _without_docstrings,
    "gradio.components.base": _with_known_schemas,
    "gradio.components.dataframe": _without_pandas,
}


class _Changing(Loader):
    """Loads a module as another loader does, and changes it."""

    def __init__(self, loader: Loader, change: Callable[[Any], None]) -> None:
        self._loader, self._change = loader, change

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        self._change(module)


class _Finder(MetaPathFinder):
    """Finds the modules that are changed."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        change = _CHANGES.get(fullname)
        spec = PathFinder.find_spec(fullname, path) if change else None
        if change and spec and spec.loader:
            spec.loader = _Changing(spec.loader, change)
        return spec


@contextmanager
def _changed_modules() -> Iterator[None]:
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


@contextmanager
def _one_ssl_context() -> Iterator[None]:
    """Let clients that check the same certificates share what they check them by."""
    module: Any = ssl
    made = module.create_default_context
    module.create_default_context = cache(made)
    try:
        yield
    finally:
        module.create_default_context = made
