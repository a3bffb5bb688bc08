# Helpers of the command-line tests, which source this file. They run $GRADWALK and report in TAP.

: "${GRADWALK:?GRADWALK must name the program to test}"
top=$(cd "$(dirname "$0")/../.." && pwd) || exit
work=$(mktemp -d) || exit
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cases=0
input=/dev/null

# A sanitizer's finding must not look like the answer of a check.
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}exitcode=99
UBSAN_OPTIONS=${UBSAN_OPTIONS:+$UBSAN_OPTIONS:}exitcode=99
LC_ALL=C
# What a person has read and typed so far is no matter of the tests.
XDG_STATE_HOME=$work/state XDG_CONFIG_HOME=$work/config XDG_DATA_HOME=$work/data
export ASAN_OPTIONS UBSAN_OPTIONS LC_ALL XDG_STATE_HOME XDG_CONFIG_HOME XDG_DATA_HOME
unset NO_COLOR GRADWALK_DATA

# run ARGUMENT...: run gradwalk; $status, $work/out and $work/err tell what came of it
run() {
  shown="gradwalk $*"
  "$GRADWALK" "$@" <"$input" >"$work/out" 2>"$work/err"
  status=$?
}

# ok WORDS TEST...: one case; it passes if TEST succeeds
ok() {
  cases=$((cases + 1)) words=$1
  shift
  if "$@"; then
    echo "ok $cases - $words"
  else
    echo "not ok $cases - $words"
    {
      echo "$* does not hold for: $shown"
      echo "exit status $status; standard output, then standard error:"
      head -n 12 "$work/out"
      head -n 6 "$work/err"
    } | cut -c 1-200 | LC_ALL=C tr '\000-\010\013-\037' '?' | sed 's/^/#   /'
  fi
}

skip() {
  cases=$((cases + 1))
  echo "ok $cases # SKIP $1"
}

# Whether the program runs with sanitizers, so that a test of a thousand runs had better make do with
# some of them.
is_slow() { [ "${GRADWALK_SANITIZERS:-no}" != no ]; }

finish() {
  echo "1..$cases"
  exit 0
}

# ---- tests for ok

exits() { [ "$status" -eq "$1" ]; }
blames_nobody() { exits 0 || exits 2; }
silent() { [ ! -s "$work/err" ]; }
prints() { grep -qF -- "$1" "$work/out"; }
matches() { grep -q -- "$1" "$work/out"; }
is() { [ "$1" = "$2" ]; }

# near GOT REFERENCE [ABSOLUTE [RELATIVE]]: as the project compares figures, unless told otherwise
near() {
  awk -v got="$1" -v want="$2" -v absolute="${3-1e-8}" -v relative="${4-1e-5}" 'BEGIN {
    if (got !~ /^-?[0-9][0-9.]*(e[-+]?[0-9]+)?$/) exit 1
    off = got - want; if (off < 0) off = -off
    size = want < 0 ? -want : want + 0
    exit !(off <= absolute + relative * size)
  }'
}

# within FACTOR GOT REFERENCE: the same order of magnitude
within() {
  awk -v factor="$1" -v got="$2" -v want="$3" 'BEGIN {
    if (got !~ /^[0-9][0-9.]*(e[-+]?[0-9]+)?$/) exit 1
    exit !(got * factor >= want + 0 && got <= want * factor)
  }'
}

# Whether the output is one JSON value: brackets and braces around good members shrink until one is
# left.
is_json() {
  awk '
    { text = text $0 " " }
    END {
      if (text ~ /[\001-\037]/) exit 1
      gsub(/"([^"\\]|\\["\\\/bfnrt]|\\u[0-9a-fA-F][0-9a-fA-F][0-9a-fA-F][0-9a-fA-F])*"/, "S", text)
      gsub(/-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/, "N", text)
      gsub(/true|false|null/, "N", text)
      gsub(/ /, "", text)
      while (gsub(/\[\]|\{\}|\[[SN](,[SN])*\]|\{S:[SN](,S:[SN])*\}/, "N", text)) continue
      exit text !~ /^[SN]$/
    }' "$work/out"
}

# ---- numbers from JSON

# member KEY: the first value of KEY that comes in from standard input
member() {
  sed -n 's/.*"'"$1"'": *\("[^"]*"\|[^],}]*\).*/\1/p' | head -n 1
}

# One line for each object that has a name.
named() { awk '{ gsub(/\{"name"/, "\n&"); print }' "$work/out"; }

# of NAME KEY: a member of a tensor of check, such as its "difference"
of() { named | grep "^{\"name\": \"$1\"" | head -n 1 | cut -d '{' -f 2 | member "$2"; }

# overall KEY: a member of the whole
overall() { named | head -n 1 | member "$1"; }

# value NAME, gradient NAME: the one number of a node of eval
value() { of_node "$1" value; }
gradient() { of_node "$1" grad; }
of_node() {
  named | sed -n 's/^{"name": "'"$1"'".*"'"$2"'": \[\[\([^]]*\)\]\].*/\1/p'
}
