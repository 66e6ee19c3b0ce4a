"""Gradio without what takes two thirds of its start and the page has no use for.

- For each component it writes a .pyi file beside its source, for editors; that is also nothing that
  a program should do to what is installed. It renders a docstring for each event, for its manual.
- It imports `mcp`, if that is installed, for a server of its own; ours is page.programs.mcp_server.
  httpx, which it imports, has a command line that brings rich, pygments and click.
- It imports pandas, its own command line, its loader of foreign applications and its editor of
  workflows. These are still there for who asks for them, but are loaded then only.
- It reads the certificates of all authorities once for each of its clients.
- It makes four web applications for each page, of which only the last is ever asked.
- At each step of each event it looks for matplotlib, reads the signatures of the same functions,
  describes components to programs anew, and makes those anew that the step leaves as they are. For
  each visitor it describes all components, for links that our pages have not; after each event
  it sums up all of them, for a dashboard that our pages have not.

A release of gradio that cannot do without one of these while it is imported is imported as it is.
"""

import importlib
import inspect
import logging
import os
import ssl
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import dataclass
from functools import cache, lru_cache, wraps
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import anyio

_GRADIO = "gradio"
# Optional parts: without them both packages say so where they are asked for, and work.
_UNUSED = ("mcp", "httpx._main")
# Modules that gradio refers to as a whole, and its own of which it only hands names on.
_REFERRED = ("pandas",)
_HANDED_ON = ("gradio.cli", "gradio.external", "gradio.workflow")
_DRAWS = "matplotlib"
_FUNCTIONS = 1_000  # whose signatures are remembered: events of our pages, kinds of components
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


def without_passwords(app: Any) -> None:
    """Let gradio not look, in a thread for each request, whether a password is asked for.

    It is not, by gradio. `app` is what `mount_gradio_app` returned.
    """
    for mounted in [route.app for route in app.routes if hasattr(route.app, "routes")]:
        for route in mounted.routes:
            for asked in getattr(route, "dependencies", ()):
                if getattr(asked.dependency, "__name__", "") == "login_check":
                    mounted.dependency_overrides[asked.dependency] = _nothing


async def _nothing() -> None:
    pass


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


class _KnownSignatures:
    """The module `inspect`, which reads each signature once."""

    @staticmethod
    def signature(function: Callable[..., Any]) -> inspect.Signature:
        try:
            return _signature(function)
        except TypeError:  # also of what cannot be remembered
            return inspect.signature(function)

    @staticmethod
    def getfullargspec(function: Callable[..., Any]) -> inspect.FullArgSpec:
        try:
            return _arguments(function)
        except TypeError:
            return inspect.getfullargspec(function)

    def __getattr__(self, name: str) -> Any:
        return getattr(inspect, name)


_signature = lru_cache(maxsize=_FUNCTIONS)(inspect.signature)
_arguments = lru_cache(maxsize=_FUNCTIONS)(inspect.getfullargspec)


def _with_known_signatures(module: Any) -> None:
    if hasattr(module, "inspect"):
        module.inspect = _KnownSignatures()


def _without_description(*_: object) -> dict[str, Any]:
    return {}


def _without_descriptions(module: Any) -> None:
    """Let no components of a visitor be described: only gradio's deep links read that."""
    copied = module.copy

    def copy(config: Any) -> Any:
        made = copied(config)
        made.config_for_block = _without_description
        return made

    module.copy = copy


def _with_skipped_outputs(module: Any) -> None:
    """Let what an event leaves as it is pass by; gradio makes the component anew, to no effect."""
    process, skipped = module.Blocks.postprocess_data, module.skip()

    @wraps(process)
    async def postprocess_data(self: Any, block_fn: Any, predictions: Any, state: Any) -> list[Any]:
        if not isinstance(predictions, list | tuple) or len(predictions) != len(block_fn.outputs):
            return list(await process(self, block_fn, predictions, state))
        shown: list[Any] = [None if o.stateful else dict(skipped) for o in block_fn.outputs]
        changed = [n for n, value in enumerate(predictions) if not _is_same(value, skipped)]
        fewer = copy(block_fn)
        fewer.outputs = [block_fn.outputs[n] for n in changed]
        values = [predictions[n] for n in changed]
        made = await process(self, fewer, values[0] if len(values) == 1 else values, state)
        for n, value in zip(changed, made, strict=True):
            shown[n] = value
        return shown

    module.Blocks.postprocess_data = postprocess_data


def _is_same(value: Any, skipped: Any) -> bool:
    return isinstance(value, dict) and value == skipped


class _Threads:
    """The module `anyio.to_thread`, which no longer moves a component's value to a thread.

    That takes microseconds, and two turns among all threads of a busy page.
    """

    @staticmethod
    async def run_sync(function: Callable[..., Any], *args: Any, **settings: Any) -> Any:
        if getattr(function, "__name__", "") in ("preprocess", "postprocess"):
            return function(*args)
        return await anyio.to_thread.run_sync(function, *args, **settings)


def _without_statistics(module: Any) -> None:
    """Let gradio not sum up, with pandas and in a thread, how its events went: nobody is shown."""
    if hasattr(module.Queue, "compute_analytics_summary") and hasattr(module, "run_sync"):
        module.Queue.compute_analytics_summary = _do_nothing
        module.run_sync = _at_once


async def _at_once(function: Callable[..., Any], *args: Any) -> Any:
    return function(*args)


class _Anyio:
    """The module `anyio` with `_Threads`."""

    to_thread = _Threads

    def __getattr__(self, name: str) -> Any:
        return getattr(anyio, name)


def _with_cheap_steps(module: Any) -> None:
    _with_known_signatures(module)
    _with_skipped_outputs(module)
    if hasattr(module, "anyio"):
        module.anyio = _Anyio()


def _without_stubs_and_with_known_signatures(module: Any) -> None:
    _without_stubs(module)
    _with_known_signatures(module)


_CHANGES: dict[str, Callable[[Any], None]] = {
    "gradio.blocks": _with_cheap_steps,
    "gradio.component_meta": _without_stubs_and_with_known_signatures,
    "gradio.events": _without_docstrings,
    "gradio.helpers": _with_known_signatures,
    "gradio.queueing": _without_statistics,
    "gradio.state_holder": _without_descriptions,
    "gradio.utils": _with_known_signatures,
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

    def __getattr__(self, name: str) -> Any:  # get_data, for what lies beside the module
        return getattr(self._loader, name)


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
