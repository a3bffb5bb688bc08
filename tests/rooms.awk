# Reads doc/rooms and then the files of src/, whose names are relative to the top folder, and prints
# what breaks a rule of the house: KIND, a tab, and a sentence. A last line, "figure", has the count
# of functions, the longest, the 95th percentile, and the count of variables that keep a state.
#   table     doc/rooms itself, or a room that has no row in it
#   arrow     an include of a room that the table does not allow
#   rooms     a circle among rooms
#   files     a circle among the files of a room; NAME.c and NAME.h count as one, and a
#             table NAME.def as one of its own, since it includes nothing
#   lines     a file of more than 600 lines
#   names     a file, a struct or an enum that is called as one elsewhere is
#   terminal  curses, or readline, in more than one file
#   talk      output, exit or terminal in a room other than main, cli and tui
#   length    functions that are too long
#   state     more variables that keep a state than -v states=COUNT

function found(kind, sentence) { print kind "\t" sentence }

BEGIN { talks = " main cli tui " }

# ---- the table

function read_row(   i) {
  row[$1] = ++rows
  for (i = 2; i <= NF; i++) {
    base[$1, i - 1] = $i
    bases[$1]++
    if ($i in row) found("table", "doc/rooms: " $i " has to stand below " $1)
  }
}

# Whether FROM stands on TO, in one step or several.
function stands_on(from, to,   i) {
  for (i = 1; i <= bases[from]; i++)
    if (base[from, i] == to || stands_on(base[from, i], to)) return 1
  return 0
}

function judge_table(   room, i) {
  for (room in seen)
    if (!(room in row)) found("table", "doc/rooms: " room " of src/ has no row")
  for (room in row) {
    if (!(room in seen)) found("table", "doc/rooms: src/ has no room " room)
    for (i = 1; i <= bases[room]; i++)
      if (!(base[room, i] in row)) found("table", "doc/rooms: " base[room, i] " has no row")
  }
}

# ---- includes

# The room of src/ROOM/FILE; a file in src/ itself is a room of its own.
function room_of(path,   part) {
  split(path, part, "/")
  sub(/\.[ch]$/, "", part[1])
  return part[1]
}

function module_of(path) {
  sub(/\.[ch]$/, "", path)
  return path
}

function draw_arrow(graph, from, to) {
  if (from == to || (graph, from, to) in arrow) return
  arrow[graph, from, to] = 1
  if (!((graph, from) in targets)) origins[graph] = origins[graph] " " from
  targets[graph, from] = targets[graph, from] " " to
}

function include(path,   other) {
  if (path !~ /\//) path = room "/" path
  other = room_of(path)
  if (other == room) {
    draw_arrow("files", module_of(file), module_of(path))
    return
  }
  draw_arrow("rooms", room, other)
  if (room in row && !stands_on(room, other))
    found("arrow", FILENAME ":" FNR ": " room " does not stand on " other ", whose " path \
      " it includes")
}

function include_of_library(name) {
  if (name ~ /curses/) takes_curses[FILENAME]
  if (name ~ /readline/) takes_readline[FILENAME]
  if (name ~ /^(err|term|termios|sys\/ioctl)\.h$/ && !talking)
    found("talk", FILENAME ":" FNR ": <" name "> belongs to cli and tui")
}

function only_one(files, what,   name, list, count) {
  for (name in files) {
    list = list " " name
    count++
  }
  if (count > 1) found("terminal", what " belongs in one file, not in" list)
}

# ---- circles

# Goes on from NODE, which is the DEPTH-th of the path; a step back onto the path closes a circle.
function follow(graph, node, depth,   i, count, next_node) {
  path[depth] = node
  place[graph, node] = depth
  count = split(targets[graph, node], next_node, " ")
  for (i = 1; i <= count; i++) {
    if (!((graph, next_node[i]) in place)) follow(graph, next_node[i], depth + 1)
    else if (place[graph, next_node[i]]) found(graph, circle(place[graph, next_node[i]], depth))
  }
  place[graph, node] = 0
}

function circle(first, last,   i, words) {
  for (i = first; i <= last; i++) words = words path[i] " -> "
  return words path[first]
}

function find_circles(graph,   i, count, node) {
  count = split(origins[graph], node, " ")
  for (i = 1; i <= count; i++)
    if (!((graph, node[i]) in place)) follow(graph, node[i], 1)
}

# ---- C without its comments, literals and directives

function code_of(line,   code, token) {
  code = ""
  while (line != "") {
    if (in_comment) {
      if (!match(line, /\*\//)) return code
      in_comment = 0
    } else {
      if (!match(line, /"([^"\\]|\\.)*"|'([^'\\]|\\.)*'|\/\/.*|\/\*/)) return code line
      token = substr(line, RSTART, RLENGTH)
      code = code substr(line, 1, RSTART - 1) (token ~ /^["']/ ? "0" : " ")
      in_comment = token == "/*"
    }
    line = substr(line, RSTART + RLENGTH)
  }
  return code
}

function is_directive(line,   directive) {
  directive = continued || line ~ /^[ \t]*#/
  continued = directive && line ~ /\\$/
  return directive
}

# ---- functions, variables and what a file says

# Follows the braces of a line. "head" is what has come at the level of the file since the last
# declaration ended, from line "since" on.
function read_code(line,   mark) {
  while (match(line, /[{};]/)) {
    mark = substr(line, RSTART, 1)
    if (depth == 0) add_head(substr(line, 1, RSTART - 1))
    line = substr(line, RSTART + 1)
    if (mark == "{") open_brace()
    else if (mark == "}") close_brace()
    else if (depth == 0) end_declaration()
  }
  if (depth == 0) add_head(line)
}

function add_head(text) {
  if (head ~ /^[ \t]*$/) {
    head = ""
    since = FNR
  }
  head = head text " "
}

function open_brace() {
  if (depth++ > 0) return
  in_function = head ~ /\)[ \t]*$/ && head !~ /=/
}

function close_brace() {
  if (depth > 0 && --depth > 0 || !in_function) return
  sizes[++functions] = FNR - since + 1
  if (sizes[functions] > longest) longest = sizes[functions]
  if (sizes[functions] > 50)
    found("length", FILENAME ":" since ": a function of " sizes[functions] " lines")
  in_function = 0
  head = ""
}

function end_declaration() {
  if (head !~ /^ *(static|typedef|extern|struct|union|enum|_Static_assert|_Thread_local) / || \
      head ~ /^ *(struct|union|enum) [a-z_0-9]+ [^ ]/)
    keep_state(head, since)
  head = ""
}

# A static or thread-local variable, in a function or outside.
function read_static(line) {
  if (line ~ /^[ \t]*(static|_Thread_local|thread_local)[ \t]/) {
    pending = ""
    pending_since = FNR
  } else if (!pending_since) return
  pending = pending line " "
  if (pending !~ /[=;{]/) return
  keep_state(pending, pending_since)
  pending_since = 0
}

# The declarator says whether what TEXT declares is a variable that can change: "const" has to come
# after the last asterisk, if there is one. A parenthesis makes it a function, but for "(*NAME)".
function keep_state(text, line,   declared) {
  sub(/[={;].*/, "", text)
  gsub(/\[[^]]*\]/, "", text)
  if (text ~ /^[ \t]*$/ || text ~ /\(/ && text !~ /^[^(]*\( *\*/) return
  declared = text
  sub(/\).*/, "", declared)
  sub(/.*\*/, "", declared)
  if (declared ~ /(^|[^a-z_])const([^a-z_]|$)/) return
  gsub(/[ \t]+/, " ", text)
  gsub(/^ | $/, "", text)
  count_states += gsub(/,/, ",", text) + 1
  states_found = states_found "; " FILENAME ":" line ": " text
}

function judge_talk(line) {
  if (line ~ /(^|[^A-Za-z0-9_])(stdin|stdout|stderr)([^A-Za-z0-9_]|$)/ || \
      line ~ /(^|[^A-Za-z0-9_.>])(v?printf|puts|putchar|perror|isatty|ioctl)\(/ || \
      line ~ /(^|[^A-Za-z0-9_.>])(exit|_exit|_Exit|quick_exit|abort)\(/)
    found("talk", FILENAME ":" FNR ":" $0)
}

# ---- reading

/^#/ && FILENAME ~ /doc\/rooms$/ { next }
FILENAME ~ /doc\/rooms$/ { if (NF) read_row(); next }

FNR == 1 { embedded = /= ""$/ } # made from a text file by make, in a build inside the source tree
embedded { next }
FNR == 1 {
  file = FILENAME
  sub(/^src\//, "", file)
  room = room_of(file)
  called = file
  sub(/.*\//, "", called)
  name_once("the file", called)
  seen[room]
  talking = index(talks, " " room " ")
  depth = in_comment = continued = in_function = pending_since = 0
  head = ""
}
FNR == 601 { found("lines", FILENAME " has more than 600 lines") }
/^[ \t]*#[ \t]*include[ \t]*"/ { split($0, quoted, "\""); include(quoted[2]) }
/^[ \t]*#[ \t]*include[ \t]*</ { split($0, quoted, /[<>]/); include_of_library(quoted[2]) }
is_directive($0) || file !~ /\.[ch]$/ { next }
{
  line = code_of($0)
  read_static(line)
  read_tag(line)
  read_code(line)
  if (!talking) judge_talk(line)
}

# ---- names

# WHAT ("the file", "struct") called NAME is one and the same thing in all of src/.
function name_once(what, name,   key) {
  key = what " " name
  if (key in named && named[key] != file)
    found("names", what " " name " is in " FILENAME " and in src/" named[key])
  named[key] = file
}

function read_tag(line,   words) {
  if (line !~ /^(static )?(const )?(struct|enum|union) [A-Za-z0-9_]+ *[{]/) return
  sub(/^(static )?(const )?/, "", line)
  split(line, words, /[ {]+/)
  name_once(words[1], words[2])
}

# ---- the verdict

# The length that 95 of 100 functions do not exceed.
function percentile(   i, wanted, length_, count, sum) {
  for (i = 1; i <= functions; i++) count[sizes[i]]++
  wanted = functions * 0.95
  for (length_ = 0; sum < wanted; length_++) sum += count[length_ + 1]
  return length_
}

END {
  judge_table()
  find_circles("files")
  find_circles("rooms")
  only_one(takes_curses, "curses")
  only_one(takes_readline, "readline")
  p95 = percentile()
  if (p95 > 25) found("length", "of 20 functions, 19 have at most " p95 " lines: 25 are the limit")
  if (count_states > states)
    found("state", count_states " variables keep a state, " states " are the limit" states_found)
  print "figure\t" functions + 0 " functions: the longest has " longest + 0 " lines, 19 of 20 " \
    "have at most " p95 "; " count_states + 0 " variables keep a state"
}
