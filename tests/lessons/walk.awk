# What it takes to go through a lesson from its first to its last step and back, every question
# skipped: as commands, or with explorer=NAME as a script for tests/screen/drive.
function say(command, key) {
  if (explorer == "") print command
  else print "keys " key
}

function arrive(step) {
  if (explorer != "") print "text \"lesson, step " step " of " steps "\""
}

/^```/ { fence = fence == "" ? substr($0, 4) " " : "" }
fence == "" && /^## / { step = ++steps }
fence == "quiz " && /^```/ { quizzes[step]++ }

END {
  if (explorer != "") { print "start " explorer; print "keys l"; arrive(0) }
  for (step = 0; step <= steps; step++) {
    if (step > 0) { say("step next", "]"); arrive(step) }
    for (quiz = 0; quiz < quizzes[step]; quiz++) say("skip", "S")
    if (explorer != "") { print "keys l End Home"; print "no-text \"? answer\"" }
    say("run", "v \":\" \"run\" Enter l")
    if (explorer != "") arrive(step)
  }
  for (step = steps - 1; step >= 0; step--) { say("step back", "["); arrive(step) }
  if (explorer != "") { print "keys Q"; print "expect-exit 0"; print "restored" }
}
