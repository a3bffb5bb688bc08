# Lines "work who seconds [KiB]" to a table of medians, with the least, the spread (largest less
# smallest, in parts of the median) and how many times longer the other takes than gradwalk: the
# median of the repeats' own ratios, whose two times lie near each other, and the least to the least.
# On a machine that does other work, too, that says more. Of KiB, the most memory that a process
# held, the table has the largest.

{
  if (!($1 in seen)) { works[++work_count] = $1; seen[$1] = 1 }
  if (!($2 in met)) { others[++other_count] = $2; met[$2] = 1 }
  n = ++count[$1, $2]
  time[$1, $2, n] = $3 + 0
  if ($4 + 0 > memory[$1, $2]) memory[$1, $2] = $4 + 0
}

# Of VALUES[1] to VALUES[N], which are put in order.
function median(values, n,    i, j, v) {
  for (i = 2; i <= n; i++) {
    v = values[i]
    for (j = i - 1; j >= 1 && values[j] > v; j--) values[j + 1] = values[j]
    values[j + 1] = v
  }
  return (values[int((n + 1) / 2)] + values[int(n / 2) + 1]) / 2
}

function show(seconds) {
  if (seconds >= 1) return sprintf("%.3g s", seconds)
  if (seconds >= 1e-3) return sprintf("%.3g ms", seconds * 1e3)
  return sprintf("%.3g us", seconds * 1e6)
}

function show_memory(kib) {
  return kib > 0 ? sprintf("%.3g MiB", kib / 1024) : ""
}

# A work that takes long is timed once; the repeats of the other are held against that.
function row(what, work, who, against,    i, n, m, spread, ratio, least, runs, t, r, a) {
  n = count[work, who]
  runs = count[against, "gradwalk"]
  for (i = 1; i <= n; i++) {
    t[i] = time[work, who, i]
    r[i] = t[i] / time[against, "gradwalk", (i - 1) % runs + 1]
  }
  for (i = 1; i <= runs; i++) a[i] = time[against, "gradwalk", i]
  ratio = median(r, n)
  m = median(t, n)
  median(a, runs)
  spread = (t[n] - t[1]) / m
  least = t[1]
  printf "  %-37s %-9s %9s  %5.0f%%  %6.3g  %9s  %6.3g  %s\n", what, who, show(m), spread * 100, \
    ratio, show(least), least / a[1], show_memory(memory[work, who])
  printf "%s\n    {\"work\": \"%s\", \"who\": \"%s\", \"median\": %.9g, \"spread\": %.3g", \
    separator, work, who, m, spread >json
  printf ", \"ratio\": %.4g, \"least\": %.9g, \"least_ratio\": %.4g, \"runs\": %d", \
    ratio, least, least / a[1], n >json
  if (memory[work, who] > 0) printf ", \"kib\": %d", memory[work, who] >json
  printf "}" >json
  separator = ","
}

# What a work's times are held against: our own check, or itself.
function base_of(work,    base) {
  base = work ~ /^check-/ ? "check" : work == "full" ? "check-alone" : work
  return (base, "gradwalk") in count ? base : work
}

function name_works() {
  what["million"] = "check, 1 000 000 entries, a process"
  what["ten-million"] = "check, 10 000 000 entries, a process"
  what["check"] = "check, all 39 760 entries, 2 threads"
  what["check-alone"] = "the same, one thread"
  what["check-pair"] = "two of those at once, a check"
  what["process"] = "gradwalk check 5, the whole process"
  what["full"] = "one thread, whole forward passes"
  what["directions"] = "check, a random direction a tensor"
  what["pass"] = "forward and backward, 3 images"
  what["train"] = "training, 10 000 steps of 100"
  what["undo"] = "undoing that training"
  what["frame"] = "first frame of lesson 5"
  what["key"] = "from key to screen, 95th percentile"
  what["matrix"] = "406 mutants of a batch norm, 7 trials"
}

function caption() {
  print "\nratio: the row's time divided by that of the work it is held against, which is gradwalk's"
  print "own; one thread and two checks at once are held against the check by two threads, and whole"
  print "passes against the check by one. spread: the largest less the smallest, of the median"
  if (was_timed("check-pair"))
    print "two of those at once: they share nothing, so two processors can do no better"
  if (was_timed("million") || was_timed("ten-million") || was_timed("process")) {
    print "a process: from its start to its exit, timed from outside, its output to /dev/null. What"
    print "builds the model, mostly drawing random numbers, counts in both programs. memory: the most"
    print "that the process held"
  }
  if (was_timed("undo") && was_timed("train"))
    printf "undoing that training takes %.2g of its time\n", \
      time["undo", "gradwalk", 1] / time["train", "gradwalk", 1]
  if (was_timed("process")) {
    print "gradwalk check 5: NumPy's loop is timed alone, without Python's start and without the"
    print "reading of the images, which our process has to do as well"
  }
  if (("train", "torch32") in count)
    print "torch32: PyTorch in single precision; it trains by two threads and by one, and the quicker counts"
  if (was_timed("frame") || was_timed("key") || was_timed("undo")) print "refresh: one of a screen with 60 a second"
}

function was_timed(work) {
  return (work, "gradwalk") in count
}

END {
  name_works()
  printf "%s, %s, %d processors\n\n", date, machine, processors
  printf "  %-37s %-9s %9s  %6s  %6s  %9s  %6s  %s\n", "", "", "median", "spread", "ratio", \
    "least", "ratio", "memory"
  printf "{\"date\": \"%s\", \"machine\": \"%s\", \"processors\": %d, \"rows\": [", \
    date, machine, processors >json
  for (i = 1; i <= work_count; i++) {
    work = works[i]
    if (!((work, "gradwalk") in count)) continue
    row(what[work], work, "gradwalk", base_of(work))
    for (k = 1; k <= other_count; k++)
      if (others[k] != "gradwalk" && (work, others[k]) in count)
        row("", work, others[k], work)
  }
  printf "\n  ]}\n" >json
  caption()
}
