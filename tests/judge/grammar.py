"""Expressions of the language to trees, as README.md and gradwalk.1 describe them."""
import re

TOKEN = re.compile(r"""\s*(?:
    (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?) |
    (?P<transpose>\.T\b) |
    (?P<name>[A-Za-z_][A-Za-z_0-9]*) |
    (?P<sign><=|>=|==|!=|\+=|[-+*/@^()<>=,;\[\]]))""", re.X)

COMPARE = ("<", "<=", ">", ">=", "==", "!=")


class Wrong(Exception):
    """A text that is not in the language, or whose shapes do not fit."""


def tokens(text):
    found, place = [], 0
    text = text.rstrip()
    while place < len(text):
        match = TOKEN.match(text, place)
        if not match:
            raise Wrong("cannot read %r" % text[place:])
        kind = match.lastgroup
        found.append((kind, match.group(kind)))
        place = match.end()
    return found


class Parser:
    """Expressions to trees: ("num", x), ("name", n), ("call", f, args), (operator, left, right)."""

    def __init__(self, text):
        self.tokens = tokens(text)
        self.at = 0

    def peek(self):
        return self.tokens[self.at][1] if self.at < len(self.tokens) else None

    def kind(self):
        return self.tokens[self.at][0] if self.at < len(self.tokens) else None

    def take(self, wanted=None):
        if self.at >= len(self.tokens) or (wanted and self.peek() != wanted):
            raise Wrong("expected %r, found %r" % (wanted, self.peek()))
        self.at += 1
        return self.tokens[self.at - 1][1]

    def left(self, signs, deeper):
        tree = deeper()
        while self.kind() == "sign" and self.peek() in signs:
            sign = self.take()
            tree = (sign, tree, deeper())
        return tree

    def expression(self):
        return self.left(COMPARE, lambda: self.left(("+", "-"), self.product))

    def product(self):
        return self.left(("*", "/", "@"), self.unary)

    def unary(self):
        if self.peek() == "-":
            self.take()
            return ("neg", self.unary())
        base = self.postfix()
        if self.peek() == "^":
            self.take()
            return ("^", base, self.unary())
        return base

    def postfix(self):
        tree = self.atom()
        while self.kind() == "transpose":
            self.take()
            tree = ("T", tree)
        return tree

    def atom(self):
        kind = self.kind()
        if kind == "number":
            return ("num", float(self.take()))
        if kind == "name":
            name = self.take()
            if self.peek() != "(":
                return ("name", name)
            self.take("(")
            arguments = [self.expression()]
            while self.peek() == ",":
                self.take()
                arguments.append(self.expression())
            self.take(")")
            return ("call", name, arguments)
        if self.peek() == "(":
            self.take()
            tree = self.expression()
            self.take(")")
            return tree
        if self.peek() == "[":
            return self.matrix()
        raise Wrong("expected an operand, found %r" % self.peek())

    def matrix(self):
        self.take("[")
        rows = [[]]
        while self.peek() != "]":
            if self.peek() == ";":
                self.take()
                rows.append([])
                continue
            minus = self.peek() == "-"
            if minus:
                self.take()
            rows[-1].append(-float(self.take()) if minus else float(self.take()))
        self.take("]")
        if len({len(row) for row in rows}) != 1:
            raise Wrong("ragged matrix")
        return ("matrix", rows)


def parse(text):
    parser = Parser(text)
    tree = parser.expression()
    if parser.peek() is not None:
        raise Wrong("left over: %r" % parser.peek())
    return tree
