"""gradwalk, seen through its command line alone."""
import json
import os
import subprocess
import tempfile

TIMEOUT = 120


class Program:
    def __init__(self, binary):
        self.binary = binary
        self.folder = tempfile.TemporaryDirectory(prefix="judge.")
        self.runs = 0

    def call(self, arguments, text=""):
        """(exit status, standard output, standard error); status None if it took too long."""
        self.runs += 1
        environment = dict(os.environ, LC_ALL="C", XDG_STATE_HOME=self.folder.name,
                           XDG_CONFIG_HOME=self.folder.name, XDG_DATA_HOME=self.folder.name)
        try:
            done = subprocess.run([self.binary] + arguments, input=text, capture_output=True,
                                  text=True, timeout=TIMEOUT, env=environment, check=False)
        except subprocess.TimeoutExpired:
            return None, "", "took more than %d s" % TIMEOUT
        return done.returncode, done.stdout, done.stderr

    def answer(self, verb, text, *options):
        """The JSON of a verb for a model's text, or None and what it said instead."""
        status, out, error = self.call([verb, "-", "--json"] + list(options), text)
        try:
            return json.loads(out), error
        except ValueError:
            return None, "exit %s: %s" % (status, error.strip())

    def report(self, text, *options):
        return self.call(["check", "-"] + list(options), text)[1]


def number(x):
    """A number of the JSON, where nan and inf are strings."""
    return float(x)
