"""A page of gradio behind the guard, as a program: FOLDER GUEST_PASSWORD OWNER_PASSWORD.

Writes its port and its routes as one line of JSON when it is about to answer.
"""

import json
import socket
import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request

from page.access import Access
from page.guard import Guard
from page.lean_gradio import import_gradio
from page.login import router
from rag.conversations import FILE, Conversations

gr = import_gradio()


def real_app(access, folder):
    def count(words, seen, request: gr.Request):
        for n in range(2):
            yield f"{request.request.state.visitor.role} {words} {n}", [*seen, words]

    def recall(seen):
        return " ".join(seen)

    def export(words):
        made = folder / f"{words}.txt"
        made.write_text(words, "utf-8")
        return str(made)

    def size(file):
        return Path(file).stat().st_size if file else 0

    with gr.Blocks(analytics_enabled=False) as page:
        box, out, seen = gr.Textbox(), gr.Textbox(), gr.State([])
        given, made, number = gr.File(), gr.File(), gr.Number()
        box.submit(count, [box, seen], [out, seen], api_name="count")
        out.submit(recall, [seen], [out], api_name="recall")
        box.change(export, [box], [made], api_name="export")
        given.change(size, [given], [number], api_name="size")
        out.change(lambda words: words, [box], [out], api_name="now", queue=False)
    app = FastAPI(openapi_url=None)
    app.include_router(router(access))

    @app.get("/document")
    def document(request: Request):
        return {"role": request.state.visitor.role}

    @app.get("/s/{token}")
    def shared(token: str, request: Request):
        return {"known": request.state.visitor is not None}

    settings = {"run_history": False, "show_error": False, "enable_monitoring": False}
    return gr.mount_gradio_app(app, page.queue(), path="/", allowed_paths=[], **settings)


def routes_below(app, prefix=""):
    """Yield (method, path) of every route, those of what is mounted too."""
    for route in getattr(app, "routes", ()):
        path = prefix + getattr(route, "path", "")
        if mounted := getattr(route, "app", None) if hasattr(route, "routes") else None:
            yield from routes_below(mounted, path.rstrip("/"))
        elif inner := getattr(route, "original_router", None):
            yield from routes_below(inner, prefix)
        else:
            for method in getattr(route, "methods", None) or {"GET"}:
                yield method, path


def main():
    folder, guest, owner = sys.argv[1:]
    access = Access(Conversations(Path(folder) / FILE), guest, owner)
    app = real_app(access, Path(folder))
    routes = sorted(set(routes_below(app)))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        told = {"port": listening.getsockname()[1], "routes": routes}
        sys.stdout.write(f"{json.dumps(told)}\n")
        sys.stdout.flush()
        config = uvicorn.Config(Guard(app, access), log_level="warning", ws="none")
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
