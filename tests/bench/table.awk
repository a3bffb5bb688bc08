# Lines "work who seconds" to a table of medians, with the least, the spread (largest less smallest,
# in parts of the median) and how many times longer the other takes than gradwalk: the median of the
# repeats' own ratios, whose two times lie near each other, and the least to the least. On a machine
# that does other work, too, that says more.

{
  if (!($1 in seen)) { works[++work_count] = $1; seen[$1] = 1 }
  n = ++count[$1, $2]
  time[$1, $2, n] = $3 + 0
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

function row(what, work, who, against, against_who,    i, n, m, spread, ratio, least, t, r, a) {
  n = count[work, who]
  for (i = 1; i <= n; i++) {
    t[i] = time[work, who, i]
    a[i] = time[against, against_who, i]
    r[i] = t[i] / a[i]
  }
  ratio = median(r, n)
  m = median(t, n)
  median(a, n)
  spread = (t[n] - t[1]) / m
  least = t[1]
  printf "  %-37s %-9s %9s  %5.0f%%  %6.1f  %9s  %6.1f\n", what, who, show(m), spread * 100, ratio, \
    show(least), least / a[1]
  printf "%s\n    {\"work\": \"%s\", \"who\": \"%s\", \"median\": %.9g, \"spread\": %.3g, ", \
    separator, work, who, m, spread >json
  printf "\"ratio\": %.4g, \"least\": %.9g, \"least_ratio\": %.4g, \"runs\": %d}", \
    ratio, least, least / a[1], n >json
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
  what["matrix"] = "406 mutants of a batch norm, 7 trials"
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
