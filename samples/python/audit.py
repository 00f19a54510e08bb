"""Counts what passes, by type, and hands it on as it came. It has a role of its own, and is in the way of the runs that name it."""
from collections import Counter

from pipeline_transform import TransformOpened, codes, find, serve


class Audit:
    opened = TransformOpened(reads=["type"], work_items=True)

    def __init__(self, open):
        self.run, self.attempt, self.types, self.items = open.run_id, open.attempt, Counter(), 0

    def events(self, batch):
        types = find(batch, "type")
        for code, count in Counter(codes(types, batch.count)).items():
            self.types[types.texts[code].decode()] += count

    def work_items(self, batch):
        self.items += len(batch.items)

    def end(self):
        types = ", ".join(f"{count:,} {name}" for name, count in sorted(self.types.items()))
        print(f"run {self.run}, attempt {self.attempt}: {types or 'no events'}; {self.items:,} work items", flush=True)


serve(Audit)
