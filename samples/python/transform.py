"""Drops events of type "view", and those with a value below 10, as the default rules do."""
from pipeline_transform import TransformOpened, codes, find, keep, numbers, serve


class Rules:
    opened = TransformOpened(reads=["type", "value"])

    def __init__(self, open):
        pass

    def events(self, batch):
        types, values = find(batch, "type"), find(batch, "value")
        views, least = [text == b"view" for text in types.texts], 10 * 10**values.scale
        rows = zip(codes(types, batch.count), numbers(values, batch.count))
        keep(batch, [row for row, (code, value) in enumerate(rows) if not views[code] and value >= least])

    def end(self):
        pass


serve(Rules)
