"""A model that does not change, and an assistant that says what it is told to."""

from page.models import Model


class FixedModel:
    def __init__(self, assistant):
        self.assistant = assistant
        self.model = Model("extractive", "", "")
        self.switched = []

    def switch(self, spec):
        self.switched.append(spec)
        return self.model

    def choices(self):
        return ["extractive"]


class Scripted:
    """An Assistant that says what it is told to, and remembers what it was asked."""

    def __init__(self, *events):
        self.events, self.asked = events, []

    def stream(self, question, history=(), filters=None):
        self.asked.append((question, list(history), filters))
        for event in self.events:
            if isinstance(event, Exception):
                raise event
            yield event
