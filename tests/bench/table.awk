# Lines "work who seconds" to a table of medians, with the least, the spread (largest less smallest,
# in parts of the median) and how many times longer the other takes than gradwalk, by the medians and
# by the least: on a machine that does other work, too, the least says more.

{
  if (!($1 in seen)) { works[++work_count] = $1; seen[$1] = 1 }
  n = ++count[$1, $2]
  time[$1, $2, n] = $3 + 0
}

function sort_times(work, who,    i, j, n, t) {
  n = count[work, who]
  for (i = 2; i <= n; i++) {
    t = time[work, who, i]
    for (j = i - 1; j >= 1 && time[work, who, j] > t; j--) time[work, who, j + 1] = time[work, who, j]
    time[work, who, j + 1] = t
  }
}

function median(work, who,    n) {
  n = count[work, who]
  return (time[work, who, int((n + 1) / 2)] + time[work, who, int(n / 2) + 1]) / 2
}

function show(seconds) {
  if (seconds >= 1) return sprintf("%.3g s", seconds)
  if (seconds >= 1e-3) return sprintf("%.3g ms", seconds * 1e3)
  return sprintf("%.3g us", seconds * 1e6)
}

function row(what, work, who, against, against_who,    n, m, spread, ratio, least) {
  sort_times(work, who)
  sort_times(against, against_who)
  n = count[work, who]
  m = median(work, who)
  spread = (time[work, who, n] - time[work, who, 1]) / m
  ratio = m / median(against, against_who)
  least = time[work, who, 1]
  printf "  %-37s %-9s %9s  %5.0f%%  %6.1f  %9s  %6.1f\n", what, who, show(m), spread * 100, ratio, \
    show(least), least / time[against, against_who, 1]
  printf "%s\n    {\"work\": \"%s\", \"who\": \"%s\", \"median\": %.9g, \"spread\": %.3g, ", \
    separator, work, who, m, spread >json
  printf "\"ratio\": %.4g, \"least\": %.9g, \"least_ratio\": %.4g, \"runs\": %d}", \
    ratio, least, least / time[against, against_who, 1], n >json
  separator = ","
}

END {
  what["check"] = "check, all 39 760 entries, 2 threads"
  what["check-alone"] = "the same, one thread"
  what["check-pair"] = "two of those at once, a check"
  what["full"] = "one thread, whole forward passes"
  what["directions"] = "check, a random direction a tensor"
  what["pass"] = "forward and backward, 3 images"
  what["train"] = "training, 10 000 steps of 100"
  printf "%s, %s, %d processors\n\n", date, machine, processors
  printf "  %-37s %-9s %9s  %6s  %6s  %9s  %6s\n", "", "", "median", "spread", "ratio", "least", "ratio"
  printf "{\"date\": \"%s\", \"machine\": \"%s\", \"processors\": %d, \"rows\": [", date, machine, processors >json
  for (i = 1; i <= work_count; i++) {
    work = works[i]
    base = work ~ /^check-/ ? "check" : work == "full" ? "check-alone" : work
    if (!((base, "gradwalk") in count)) base = work
    row(what[work], work, "gradwalk", base, "gradwalk")
    for (k = 1; k <= 2; k++) {
      who = k == 1 ? "numpy" : "torch"
      if ((work, who) in count) row("", work, who, work, "gradwalk")
    }
  }
  printf "\n  ]}\n" >json
  printf "\nratio: times as long as gradwalk; of our own rows, as the check by two threads, or, for whole\n"
  printf "passes, by one. Two checks at once share nothing: faster than that two processors are not\n"
}
