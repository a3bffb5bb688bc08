# Copies a lesson with those claims falsified whose numbers, parted by commas, are in WANTED. If it is
# only one, in line PLACE, then of the other pages only the models are left, which saves time; else
# PLACE is 0. With wanted=0 it lists the claims instead: KIND, line, the first and the last line that a
# failure may be reported for, and text.
#   assertion  one condition of a line in an expect fence is turned round
#   refused    a command that must be refused is issued
#   bug        a bug is left out, where the block says that the check fails
#   answer, wrong, figure   another number, or another verdict
#   where      the condition on a name is turned round
#   choice-true, choice-false   the condition is replaced by one that holds, or does not
function site(kind, text) {
  sites++
  if (!wanted) print kind "\t" FNR "\t" (quiz ? quiz "\t" ends[quiz] : FNR "\t" FNR) "\t" text
  return sites in chosen
}

# A number that is another one, a verdict that is another one.
function other(text) {
  if (text ~ /[0-9]/) sub(/[0-9]/, "7&", text)
  else if (text ~ /PASS/) sub(/PASS/, "FAIL", text)
  else sub(/[A-Z][A-Z]+/, "PASS", text)
  return text
}

# One condition turned round.
function turned(text) {
  if (text ~ /~/) {
    if (text ~ /\+-/) sub(/~/, "~ 1 +", text)
    else sub(/~ *-?/, "&7", text)
  }
  else if (text ~ /==/) sub(/==/, "!=", text)
  else if (text ~ /!=/) sub(/!=/, "==", text)
  else if (text ~ /<=/) sub(/<=/, ">", text)
  else if (text ~ />=/) sub(/>=/, "<", text)
  else if (text ~ /</) sub(/</, ">=", text)
  else sub(/>/, "<=", text)
  return text
}

# TEXT with one of its conditions turned round, if it is that one's turn.
function conditions(kind, text,   part, count, i, made, before) {
  count = split(text, part, / and /)
  before = sites
  made = ""
  for (i = 1; i <= count; i++)
    made = made (i > 1 ? " and " : "") (site(kind, part[i]) ? turned(part[i]) : part[i])
  return made
}

function is_command(line) {
  return line ~ /^(bug|set|check|sweep|show|eval|fold|unfold|forward|backward|run|reset|focus|precision|freeze|seed|matrix|bugs|next|prev|train|page|step) */ && line !~ /^[a-z]+ *(==|!=|<|>|~)/
}

function in_expect(line) {
  if (line ~ /^refused /) return site("refused", line) ? substr(line, 9) : line
  if (line ~ /^bug (on|off) /) return line
  if (line ~ /^bug / && fails[block]) return site("bug", line) ? "# " line : line
  if (is_command(line)) return line
  return conditions("assertion", line)
}

function in_do(line) {
  if (line !~ /^bug / || line ~ /^bug (on|off) / || passes[page]) return line
  return site("bug", line) ? "# " line : line
}

function in_quiz(line,   at, last, number, holds) {
  if (line ~ /^answer:.* where /) {
    at = index(line, " where ") + 7
    return substr(line, 1, at - 1) conditions("where", substr(line, at))
  }
  if (line ~ /^(answer|wrong):.* = /) {
    last = length(line)
    while (substr(line, last, 3) != " = ") last--
    number = substr(line, last + 3)
    return substr(line, 1, last + 2) (site(substr(line, 1, index(line, ":") - 1), line) ? other(number) : number)
  }
  if (line ~ /^choice:/) {
    holds = site("choice-true", line)
    if (site("choice-false", line)) return "choice: 1 == 0"
    if (holds) return "choice: 1 == 1"
  }
  return line
}

# Figures are code spans "EXPR = NUMBER" or "EXPR ≈ NUMBER".
function in_prose(line,   done, span, number, start) {
  done = ""
  while (match(line, /`[^`]*`/)) {
    span = substr(line, RSTART, RLENGTH)
    done = done substr(line, 1, RSTART - 1)
    line = substr(line, RSTART + RLENGTH)
    if (match(span, /( = |≈ )(-|−)?([0-9][0-9.]*(e[-+]?[0-9]+)?(…)?|[A-Z][A-Z]+)`$/)) {
      start = RSTART
      number = substr(span, start)
      if (site("figure", span)) span = substr(span, 1, start - 1) other(number)
    }
    done = done span
  }
  return done line
}

BEGIN {
  count = split(wanted, numbers, ",")
  for (i = 1; i <= count; i++) chosen[numbers[i]]
}

# The first reading: which blocks claim that a check fails, and where quizzes end.
FNR == 1 { reading++; block = page = 0; fence = "" }
/^```/ {
  if (fence == "") { fence = substr($0, 4); if (fence == "") fence = "text"; block++ }
  else fence = ""
  if (quiz) ends[quiz] = FNR
  quiz = fence == "quiz" ? FNR : 0
}
fence == "" && /^## / { page++ }
reading == 1 && FNR == place { kept = page }
reading == 1 {
  if (fence == "expect" && /FAIL/) fails[block] = 1
  if (fence == "expect" && /^verdict == PASS/ && !bugged[block]) passes[page] = 1
  if (fence == "expect" && /^bug /) bugged[block] = 1
  next
}

{
  line = $0
  if (line ~ /^```/ || line ~ /^ *#/ || line ~ /^ *$/) line = line
  else if (fence == "expect") line = in_expect(line)
  else if (fence == "do") line = in_do(line)
  else if (fence == "quiz") line = in_quiz(line)
  else if (fence == "") line = in_prose(line)
  if (wanted && (!place || page == 0 || page == kept || fence == "graph" || closes || /^## /)) print line
  closes = fence == "graph"
}
