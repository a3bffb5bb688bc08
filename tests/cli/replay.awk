# Copies a Markdown file, but runs every command in its ```sh blocks (a line that begins with "$ ")
# and puts what it prints in place of what stands below it.
/^```/ { runs = 0; in_sh = !in_block && /^```sh *$/; in_block = !in_block; print; next }
!in_sh { print; next }
/^\$ / {
  print
  command = "{ " substr($0, 3) "\n} 2>&1"
  while ((command | getline line) > 0) print line
  close(command)
  runs = 1
  next
}
!runs { print }
