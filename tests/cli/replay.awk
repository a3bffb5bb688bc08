# Copies a Markdown file, but runs every line of its ```sh blocks that begins with "$ gradwalk" and
# puts what it prints in place of what stands below it.
/^```/ { runs = 0; in_sh = !in_block && /^```sh *$/; in_block = !in_block; print; next }
in_sh && /^\$ / {
  print
  runs = /^\$ gradwalk/
  command = "{ " substr($0, 3) "\n} 2>&1"
  while (runs && (command | getline line) > 0) print line
  close(command)
  next
}
!runs { print }
