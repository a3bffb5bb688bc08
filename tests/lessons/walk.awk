# What it takes to go through a lesson from its first to its last page and back, every question
# skipped: as commands, or with explorer=NAME as a script for tests/screen/drive.
function say(command, key) {
  if (explorer == "") print command
  else print "keys " key
}

function arrive(page) {
  if (explorer != "") print "text \"lesson, page " page " of " pages "\""
}

/^```/ { fence = fence == "" ? substr($0, 4) " " : "" }
fence == "" && /^## / { page = ++pages }
fence == "quiz " && /^```/ { quizzes[page]++ }

END {
  if (explorer != "") { print "start " explorer; print "keys l"; arrive(0) }
  for (page = 0; page <= pages; page++) {
    if (page > 0) { say("page next", "]"); arrive(page) }
    for (quiz = 0; quiz < quizzes[page]; quiz++) say("skip", "S")
    if (explorer != "") { print "keys l End Home"; print "no-text \"? answer\"" }
    say("run", "v \":\" \"run\" Enter l")
    if (explorer != "") arrive(page)
  }
  for (page = pages - 1; page >= 0; page--) { say("page back", "["); arrive(page) }
  if (explorer != "") { print "keys Q"; print "expect-exit 0"; print "restored" }
}
