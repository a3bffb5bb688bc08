#include "check/lead.h"

#include "core/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WHOLE_VECTORS = 8, NOT_KEPT = -1 };

/* The factor of the other operand in term TERM for entry I of the line. */
static double fixed_factor(const struct lead *lead, uint32_t term, uint32_t i) {
  const struct operand *other = &lead->call->in[!lead->which];
  size_t row = lead->which ? i : term, col = lead->which ? term : i;
  return other->values[row * other->shape.cols + col];
}

static bool term_matters(const struct lead *lead, uint32_t term) {
  for (uint32_t i = 0; i < lead->length; i++)
    if (!(fixed_factor(lead, term, i) == 0)) return true;
  return false;
}

static bool all_finite(const struct operand *operand) {
  for (size_t i = 0; i < shape_count(operand->shape); i++)
    if (!isfinite(operand->values[i])) return false;
  return true;
}

static void choose_terms(struct lead *lead, uint32_t terms) {
  bool all = !all_finite(&lead->call->in[lead->which]);
  for (uint32_t term = 0; term < terms; term++)
    lead->index[term] = all || term_matters(lead, term) ? lead->kept++ : (uint32_t)NOT_KEPT;
}

/* Lays out the four arrays in one. */
static bool lay_out(struct lead *lead) {
  size_t lines, size;
  if (!size_multiply(lead->kept, 2, &lines) || !size_multiply(lines + 2, lead->width, &size))
    return false;
  lead->fixed = calloc(size + lead->kept, sizeof *lead->fixed);
  if (!lead->fixed) return false;
  lead->sums = lead->fixed + (size_t)lead->kept * lead->width;
  lead->sum = lead->sums + ((size_t)lead->kept + 1) * lead->width;
  lead->moving = lead->sum + lead->width;
  return true;
}

bool lead_init(struct lead *lead, const struct op *op, const struct call *call, int which) {
  *lead = (struct lead){0};
  if (!op->accumulate) return true;
  uint32_t terms = call->in[0].shape.cols;
  *lead = (struct lead){.op = op, .call = call, .which = which, .line = UINT32_MAX};
  lead->length = which ? call->shape.rows : call->shape.cols;
  lead->width = (lead->length + WHOLE_VECTORS - 1) / WHOLE_VECTORS * WHOLE_VECTORS;
  lead->index = calloc(terms, sizeof *lead->index);
  if (lead->index) choose_terms(lead, terms);
  if (!lead->index || !lay_out(lead)) {
    lead_done(lead);
    return false;
  }
  for (uint32_t term = 0; term < terms; term++)
    for (uint32_t i = 0; i < lead->length && lead->index[term] != (uint32_t)NOT_KEPT; i++)
      lead->fixed[(size_t)lead->index[term] * lead->width + i] = fixed_factor(lead, term, i);
  return true;
}

void lead_done(struct lead *lead) {
  free(lead->index);
  free(lead->fixed);
  *lead = (struct lead){0};
}

/* Adds the kept terms [from, to) to the sum. */
static void add_terms(const struct lead *lead, uint32_t from, uint32_t to) {
  struct call call = {.out = lead->sum,
                      .shape = {1, lead->width},
                      .in = {{lead->moving, {1, lead->kept}},
                             {lead->fixed, {lead->kept, lead->width}}}};
  lead->op->accumulate(&call, shape_rect(call.shape), from, to);
}

static double *sums_before(const struct lead *lead, uint32_t term) {
  return lead->sums + (size_t)term * lead->width;
}

static void copy_line(const struct lead *lead, double *to, const double *from) {
  memcpy(to, from, lead->width * sizeof *to);
}

void lead_enter(struct lead *lead, uint32_t row, uint32_t col) {
  const struct operand *in = &lead->call->in[lead->which];
  uint32_t line = lead->which ? col : row, terms = lead->call->in[0].shape.cols;
  if (line == lead->line) return;
  lead->line = line;
  for (uint32_t term = 0; term < terms; term++) {
    size_t place = lead->which ? (size_t)term * in->shape.cols + line
                               : (size_t)line * in->shape.cols + term;
    if (lead->index[term] != (uint32_t)NOT_KEPT)
      lead->moving[lead->index[term]] = in->values[place];
  }
  memset(lead->sum, 0, lead->width * sizeof *lead->sum);
  copy_line(lead, lead->sums, lead->sum);
  for (uint32_t term = 0; term < lead->kept; term++) {
    add_terms(lead, term, term + 1);
    copy_line(lead, sums_before(lead, term + 1), lead->sum);
  }
}

struct rect lead_part(const struct lead *lead) {
  struct shape shape = lead->call->shape;
  return lead->which ? (struct rect){0, shape.rows, lead->line, lead->line + 1}
                     : (struct rect){lead->line, lead->line + 1, 0, shape.cols};
}

static void put_line(const struct lead *lead) {
  size_t cols = lead->call->shape.cols;
  double *out = lead->call->out + lead->line * (lead->which ? 1 : cols);
  for (size_t i = 0; i < lead->length; i++) out[i * (lead->which ? cols : 1)] = lead->sum[i];
}

bool lead_run(struct lead *lead, uint32_t row, uint32_t col, double value) {
  uint32_t term = lead->index[lead->which ? row : col];
  if (term == (uint32_t)NOT_KEPT) return false;
  double base = lead->moving[term];
  copy_line(lead, lead->sum, sums_before(lead, term));
  lead->moving[term] = value;
  add_terms(lead, term, term + 1);
  lead->moving[term] = base;
  if (memcmp(lead->sum, sums_before(lead, term + 1), lead->length * sizeof *lead->sum) == 0)
    return false;
  add_terms(lead, term + 1, lead->kept);
  put_line(lead);
  return true;
}
