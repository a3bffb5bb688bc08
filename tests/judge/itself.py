"""The judge judged: its derivations, its tape, and what it makes of reports that are made up."""
from contradictions import Facts, contradictions
from language import Model
from right import texts
from wrong import Said, Sample, load


class Reporter:
    """Stands for gradwalk, and says of a mutant what it is told to."""

    def __init__(self, verdict, rules, mutant, kind, sentence=""):
        lines = [{"rules": rules, "lines": [mutant.lines[at] for at in rules], "kind": kind,
                  "factor": None}] if rules else []
        findings = [{"kind": "line", "tensors": [], "factor": None, "sentence": sentence}]
        self.json = {"verdict": verdict, "findings": findings, "wrong_lines": lines, "tensors": [],
                     "intermediates": []}

    def answer(self, verb, text):
        return self.json, ""

    def report(self, text):
        return ""


def tape_agrees(count, seed):
    """Derivations by hand against the tape happens when a model is made; here the tape against
    complex steps, every entry. Returns the number of entries, or None after a word on the first."""
    entries = 0
    for at in range(count):
        by_hand = texts(1000000 * seed + at)[2]
        model = Model(by_hand)
        values, grads = model.gradients()
        for name in model.params():
            for entry, g in enumerate(grads[name][2]):
                slope = model.complex_slope(values, name, entry)
                entries += 1
                if not abs(slope - g) <= 1e-8 + 1e-8 * abs(slope):
                    print("d%s [%d]: the tape says %r, a complex step %r\n%s"
                          % (name, entry, g, slope, by_hand))
                    return None
    return entries


def judged_rightly(mutant):
    """Whether the judge tells good reports on a mutant from bad ones."""
    guilty = [min(mutant.guilty or mutant.blamable())]
    innocent = [at for at in range(len(mutant.lines)) if at not in mutant.blamable()][:1]
    name = mutant.kind.names[0]
    good = Said(Reporter("FAIL", guilty, mutant, name, "It is so."), mutant, True)
    bad = [Said(Reporter("PASS", [], mutant, None), mutant, True),
           Said(Reporter("FAIL", [], mutant, "no-such-kind"), mutant, True)]
    if innocent:
        bad += [Said(Reporter("FAIL", innocent, mutant, name), mutant, True),
                Said(Reporter("FAIL", guilty + innocent, mutant, name), mutant, True)]
    lie = Said(Reporter("FAIL", guilty, mutant, name,
                        "what it reads is right; what it makes is 12345.0 times what it should be"),
               mutant, True)
    untrue = contradictions(Facts(mutant), lie) or len(mutant.instead) > 1 or not mutant.guilty \
        or mutant.origin[guilty[0]] is None
    return (not good.failures() and good.kind and good.line == "right" and
            all(each.failures() for each in bad) and bool(untrue))


def judge_self(options):
    entries = tape_agrees(options.count, options.seed)
    bases = load(options.seed - 1)      # which compares each model's own pass with the tape
    sample = Sample(bases, options.count, options.seed, lambda mutant: False)
    misjudged = [mutant for mutant in sample.chosen if not judged_rightly(mutant)]
    for mutant in misjudged[:3]:
        print("misjudged: " + mutant.label())
    print("\nthe judge agrees with itself in %s entries of %d models, in %d passes by hand, and in "
          "reports\non %d of %d mutants" % (entries, options.count, len(bases), len(sample.chosen) -
                                          len(misjudged), len(sample.chosen)))
    return entries is not None and not misjudged
