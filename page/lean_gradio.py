"""Gradio without what takes two thirds of its start and the page has no use for.

- For each component it writes a .pyi file beside its source, for editors; that is also nothing that
  a program should do to what is installed.
- It imports `mcp`, if that is installed, for a server of its own; ours is page.programs.mcp_server.
- It makes four web applications for each page, of which only the last is ever asked.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

_WRITES_STUBS, _WRITER = "gradio.component_meta", "create_or_modify_pyi"
_UNUSED = "mcp"


def import_gradio() -> Any:
    """Return gradio; to be called before anything else imports it."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # is read on import
    with _without_stubs(), _absent(_UNUSED):
        import gradio

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


class _Quiet(Loader):
    """Loads a module as another loader does, and takes its writer of stubs away."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        if hasattr(module, _WRITER):
            setattr(module, _WRITER, _write_nothing)


def _write_nothing(*_: object) -> None:
    pass


class _Finder(MetaPathFinder):
    """Finds the one module whose loading is changed."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path) if fullname == _WRITES_STUBS else None
        if spec and spec.loader:
            spec.loader = _Quiet(spec.loader)
        return spec


@contextmanager
def _without_stubs() -> Iterator[None]:
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


@contextmanager
def _absent(name: str) -> Iterator[None]:
    """Let a package be as if it were not installed, unless it is imported already."""
    if name in sys.modules:
        yield
        return
    modules: dict[str, Any] = sys.modules
    modules[name] = None
    try:
        yield
    finally:
        del modules[name]
