"""Backward blocks of random models, from the patterns' derivations, in several people's styles."""
from language import Line, run_block

WAYS = ["", "", "", "(%s).T.T", "%s + 0", "1 * (%s)", "-(-(%s))", "(%s) / 1", "by name", "in steps"]


def rewritten(source, line, shape, fresh):
    """A line in an equal form, perhaps of several lines; shape is that of its right side."""
    head, body = line.split("=", 1)
    body = body.strip()
    way = source.choice(WAYS)
    if way == "by name":
        name = fresh()
        return ["%s = %s" % (name, body), "%s= %s" % (head, name)]
    if way == "in steps" and "+=" not in line:
        t = "t%dx%d" % shape             # a name keeps its shape
        return ["%s = 2 * (%s)" % (t, body), "%s = %s / 2" % (t, t), "%s= %s" % (head, t)]
    return ["%s= %s" % (head, way % body if "%" in way else body)]


class Block:
    """The lines of a build's backward pass.

    late: the gradients are some times too large until the lines of the params divide by it; gather:
    what a node gets stands in one line, else each share has one, with += from the second on; named:
    the gradients of nodes have names of their own, which promise nothing.
    """

    def __init__(self, b):
        source = b.source
        self.b, self.lines, self.waiting, self.begun = b, [], {}, set()
        self.late = source.random() < 0.3
        self.gather = source.random() < 0.5
        self.named = self.late or source.random() < 0.3
        self.scale = source.choice([2, 4, 6]) if self.late else 1
        self.needs = {n for n, kind in b.kinds.items() if kind == "param"}
        for name, gets in b.nodes:
            if any(operand in self.needs for operand, _ in gets):
                self.needs.add(name)
        self.lines = ["%s = %s" % helper for helper in b.helpers]
        self.walk()

    def gradient(self, name):
        if name == "L":
            return self.top
        return ("g" if self.named and self.b.kinds[name] == "node" else "d") + name

    def begin(self):
        """The gradient of the loss: dL itself, or a number of one's own."""
        self.top = "dL"
        if self.named or self.b.source.random() < 0.5:
            self.top = "gL"
            self.lines.append("gL = %d" % self.scale)

    def walk(self):
        self.begin()
        for name, gets in reversed(self.b.nodes):
            if name not in self.needs:
                continue
            if self.gather and name != "L":
                self.flush(name)
            for operand, what in gets:
                if operand in self.needs:
                    self.hand(operand, what.replace("{g}", self.gradient(name))
                              .replace("{o}", name))
        for name in sorted(self.waiting):
            self.flush(name)

    def hand(self, operand, text):
        """One share for an operand."""
        if self.late and self.b.kinds[operand] == "param":
            text = "(%s) / %d" % (text, self.scale)
        if self.gather:
            self.waiting.setdefault(operand, []).append("(%s)" % text)
            return
        sign = "+=" if operand in self.begun else "="
        self.lines.append("%s %s %s" % (self.gradient(operand), sign, text))
        self.begun.add(operand)

    def flush(self, name):
        self.lines.append("%s = %s" % (self.gradient(name), " + ".join(self.waiting.pop(name))))


def block(b):
    """(lines, whether the gradients of nodes have names of their own)"""
    made, counter = Block(b), iter(range(1000))
    names = run_block([Line(line) for line in made.lines], b.values, "L")
    return [new for line in made.lines
            for new in rewritten(b.source, line, names[Line(line).target][:2],
                                 lambda: "new%d" % next(counter))], made.named
