"""A language model that says what it was told to say: for tests, and to see the program at work."""

from collections.abc import Callable, Generator, Sequence

from rag.llm.base import Chunk, Message

Script = Callable[[Sequence[Message]], Sequence[str | Exception]]


class ScriptedModel:
    """Yields pieces of text, and raises the exceptions among them; "stop" follows the last one."""

    name = "scripted"

    def __init__(self, *pieces: str | Exception, script: Script | None = None) -> None:
        """`pieces` answer every question, unless `script` makes others of its messages."""
        self._script: Script = script or (lambda messages: pieces)
        self.asked: list[Sequence[Message]] = []
        self.closed = 0  # streams that were read to the end or given up

    def stream(self, messages: Sequence[Message]) -> Generator[Chunk, None, None]:
        """Yield the answer in pieces; see LanguageModel."""
        self.asked.append(messages)
        try:
            for piece in self._script(messages):
                if isinstance(piece, Exception):
                    raise piece
                yield Chunk(piece)
            yield Chunk(finish="stop")
        finally:
            self.closed += 1
