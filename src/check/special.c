#include "check/special.h"

#include "core/intl.h"
#include "lang/print.h"

#include <math.h>
#include <stdlib.h>

enum status worth_add(struct worth *worth) {
  enum status status = worth->note.failed
                           ? STATUS_NO_MEMORY
                           : check_add_note(worth->check, text_string(&worth->note));
  text_truncate(&worth->note, 0);
  return status;
}

const char *worth_name(const struct worth *worth, size_t index) {
  return worth->model->nodes[worth->check->tensors[index].node].name;
}

const double *worth_values(const struct worth *worth, size_t index) {
  return run_values(worth->point, worth->model->nodes[worth->check->tensors[index].node].slot);
}

static const struct code *forward_of(const struct worth *worth) {
  return &worth->model->program.forward;
}

static bool is_param_of(const struct worth *worth, size_t index, int slot) {
  return worth->model->nodes[worth->check->tensors[index].node].slot == slot;
}

/* By slot, whether a gradient flows back to it from the loss; ends with free(). NULL: no memory. */
static bool *find_sensitive(const struct worth *worth) {
  const struct model *model = worth->model;
  const struct code *forward = forward_of(worth);
  bool *sensitive = calloc(model->program.slot_count, sizeof *sensitive);
  if (!sensitive) return NULL;
  sensitive[model->nodes[model->loss].slot] = true;
  for (size_t i = forward->count; i-- > 0;) {
    const struct instr *instr = &forward->items[i];
    for (int k = 0; k < op_table[instr->op].arity && sensitive[instr->out]; k++)
      if (op_table[instr->op].rules[k]) sensitive[instr->in[k]] = true;
  }
  return sensitive;
}

/* The slot that SLOT is a copy or a transposition of, however often; *TURNED is whether an odd
 * number of transpositions lies between. */
static int origin_of(const struct worth *worth, int slot, bool *turned) {
  const struct code *forward = forward_of(worth);
  *turned = false;
  for (size_t i = forward->count; i-- > 0;) {
    const struct instr *instr = &forward->items[i];
    const struct op *op = &op_table[instr->op];
    if (instr->out != slot || !(op->flags & OP_MOVES)) continue;
    *turned = *turned != ((op->flags & OP_TURNS) != 0);
    slot = instr->in[0];
  }
  return slot;
}

/* -- a scale that is 1 -- */

static bool is_all_one(const struct worth *worth, size_t index) {
  const double *values = worth_values(worth, index);
  for (size_t i = 0; i < shape_count(worth->check->tensors[index].shape); i++)
    if (!(values[i] == 1)) return false;
  return true;
}

/* Whether tensor INDEX is a factor of something that is neither a constant nor itself. */
static bool is_scale(const struct worth *worth, size_t index, const bool *sensitive) {
  const struct code *forward = forward_of(worth);
  for (size_t i = 0; i < forward->count; i++) {
    const struct instr *instr = &forward->items[i];
    for (int k = 0; k < 2 && op_multiplies(&op_table[instr->op]) && sensitive[instr->out]; k++) {
      bool turned;
      int other = instr->in[1 - k];
      if (is_param_of(worth, index, origin_of(worth, instr->in[k], &turned)) &&
          !worth->model->values[other].constant &&
          !is_param_of(worth, index, origin_of(worth, other, &turned)))
        return true;
    }
  }
  return false;
}

enum status special_ones(struct worth *worth) {
  enum status status = STATUS_OK;
  bool *sensitive = find_sensitive(worth);
  if (!sensitive) return STATUS_NO_MEMORY;
  for (size_t i = 0; !status && i < worth->check->tensor_count; i++) {
    const struct tensor_check *tensor = &worth->check->tensors[i];
    if (tensor->verdict != VERDICT_PASS || !is_all_one(worth, i) ||
        !is_scale(worth, i, sensitive))
      continue;
    text_printf(&worth->note,
                shape_count(tensor->shape) == 1
                    ? _("%s is 1 at this point: where it is a factor that is missing, or is there "
                        "twice, this stays unseen")
                    : _("%s is all ones at this point: where it is a factor that is missing, or is "
                        "there twice, this stays unseen"),
                worth_name(worth, i));
    status = worth_add(worth);
  }
  free(sensitive);
  return status;
}

/* -- units that are the same -- */

enum side { SIDE_NONE, SIDE_ROWS, SIDE_COLUMNS };

/* Along which side of tensor INDEX its units lie: the side that no matrix product sums over. */
static enum side unit_side(const struct worth *worth, size_t index) {
  const struct code *forward = forward_of(worth);
  for (size_t i = 0; i < forward->count; i++) {
    const struct instr *instr = &forward->items[i];
    for (int k = 0; k < 2 && op_table[instr->op].flags & OP_PRODUCT; k++) {
      bool turned;
      if (!is_param_of(worth, index, origin_of(worth, instr->in[k], &turned))) continue;
      return (k == 1) != turned ? SIDE_COLUMNS : SIDE_ROWS;
    }
  }
  return SIDE_NONE;
}

struct units {
  const double *values;
  uint32_t count, length; /* of units, of the entries of each */
  size_t apart, along;    /* from unit to unit, from entry to entry */
};

static struct units units_of(const double *values, struct shape shape, enum side side) {
  return side == SIDE_COLUMNS ? (struct units){values, shape.cols, shape.rows, 1, shape.cols}
                              : (struct units){values, shape.rows, shape.cols, shape.cols, 1};
}

static bool same_units(const struct units *units, uint32_t a, uint32_t b) {
  for (uint32_t i = 0; i < units->length; i++) {
    size_t at = i * units->along;
    if (!(units->values[a * units->apart + at] == units->values[b * units->apart + at]))
      return false;
  }
  return true;
}

static bool is_zero_unit(const struct units *units, uint32_t unit) {
  for (uint32_t i = 0; i < units->length; i++)
    if (!(units->values[unit * units->apart + i * units->along] == 0)) return false;
  return true;
}

/* How many units equal an earlier one, and the first such pair. Units whose gradient is zero are
 * another note's. */
static uint32_t count_equal(const struct units *values, const struct units *gradients,
                            uint32_t pair[2]) {
  uint32_t equal = 0;
  for (uint32_t b = 1; b < values->count; b++)
    for (uint32_t a = 0; a < b; a++) {
      if (!same_units(values, a, b) || !same_units(gradients, a, b) || is_zero_unit(gradients, a))
        continue;
      if (equal++ == 0) pair[0] = a, pair[1] = b;
      break;
    }
  return equal;
}

static enum status note_equal(struct worth *worth, size_t index, enum side side) {
  const struct tensor_check *tensor = &worth->check->tensors[index];
  int gradient = worth->model->nodes[tensor->node].gradient;
  struct units values = units_of(worth_values(worth, index), tensor->shape, side);
  struct units gradients = units_of(run_values(worth->point, gradient), tensor->shape, side);
  uint32_t pair[2] = {0}, equal = count_equal(&values, &gradients, pair);
  const char *side_name = side == SIDE_COLUMNS ? _("columns") : _("rows");
  if (equal == 0) return STATUS_OK;
  if (equal == values.count - 1)
    text_printf(&worth->note,
                _("all %u units of %s (its %s) are the same at this point, and so are their "
                  "gradients: a mistake that mixes units up stays unseen"), values.count,
                worth_name(worth, index), side_name);
  else
    text_printf(&worth->note,
                _("%s %u and %u of %s are the same unit at this point, and so are their gradients: "
                  "a mistake that mixes them up stays unseen"), side_name, pair[0], pair[1],
                worth_name(worth, index));
  return worth_add(worth);
}

enum status special_equal(struct worth *worth) {
  enum { MOST_UNITS = 512 }; /* each is compared with each */
  enum status status = STATUS_OK;
  for (size_t i = 0; !status && i < worth->check->tensor_count; i++) {
    const struct tensor_check *tensor = &worth->check->tensors[i];
    enum side side = unit_side(worth, i);
    uint32_t units = side == SIDE_COLUMNS ? tensor->shape.cols : tensor->shape.rows;
    if (side != SIDE_NONE && units > 1 && units <= MOST_UNITS &&
        tensor->verdict == VERDICT_PASS && worth->model->nodes[tensor->node].gradient >= 0)
      status = note_equal(worth, i, side);
  }
  return status;
}

/* -- a column and a row that make a square -- */

/* Whether the author turned it on purpose: an operand that is a transposition without a name. */
static bool is_turned_here(const struct worth *worth, int slot) {
  const struct model *model = worth->model;
  const struct code *forward = forward_of(worth);
  for (size_t i = 0; i < forward->count; i++)
    if (forward->items[i].out == slot && op_table[forward->items[i].op].flags & OP_TURNS)
      return model->values[slot].node < 0 ||
             !model_states(model, model->nodes[model->values[slot].node].name);
  return false;
}

static bool varies(const struct worth *worth, int slot) {
  const double *values = run_values(worth->point, slot);
  size_t count = shape_count(model_shape(worth->model, slot));
  if (worth->model->values[slot].constant || is_turned_here(worth, slot)) return false;
  for (size_t i = 1; i < count; i++)
    if (values[i] != values[0]) return true;
  return false;
}

/* Whether INSTR makes a square of a column and a row, each of which varies. */
static bool spreads(const struct worth *worth, const struct instr *instr) {
  if (!op_table[instr->op].weight[1] && !op_table[instr->op].power[1]) return false;
  struct shape a = model_shape(worth->model, instr->in[0]);
  struct shape b = model_shape(worth->model, instr->in[1]);
  uint32_t size = a.rows > a.cols ? a.rows : a.cols;
  bool crossed = (a.cols == 1 && b.rows == 1 && b.cols == size) ||
                 (a.rows == 1 && b.cols == 1 && b.rows == size);
  return crossed && size > 1 && shape_count(a) == size && shape_count(b) == size &&
         varies(worth, instr->in[0]) && varies(worth, instr->in[1]);
}

enum { PLAIN, SQUARE, SUMMED }; /* what a slot holds: something else; such a square, or made of
                                 * such; the sum of one */

/* What INSTR makes; -1 where it shows that the square is wanted: it is multiplied as a matrix,
 * summed along one side, or meets a matrix of its own shape. */
static int spread_further(const struct worth *worth, const struct instr *instr,
                          const signed char *holds) {
  bool square = false, matrix = false;
  for (int k = 0; k < op_table[instr->op].arity; k++) {
    struct shape shape = model_shape(worth->model, instr->in[k]);
    bool spread = holds[instr->in[k]] == SQUARE;
    square = square || spread;
    matrix = matrix || (!spread && shape.rows > 1 && shape.cols > 1);
  }
  if (spreads(worth, instr)) return SQUARE;
  if (!square) return PLAIN;
  if (op_adds_up(&op_table[instr->op]) && instr->axis == AXIS_ALL) return SUMMED;
  if (op_table[instr->op].flags & OP_STATIC) return PLAIN;
  return op_is_elementwise(&op_table[instr->op]) && !matrix ? SQUARE : -1;
}

static bool depends(const struct worth *worth, int slot) {
  const int node = worth->model->values[slot].node;
  return node >= 0 && worth->model->nodes[node].active;
}

/* The first instruction that makes such a square, if all of them are but added up for the loss. */
static const struct instr *find_spread(const struct worth *worth, const bool *sensitive,
                                       signed char *holds) {
  const struct code *forward = forward_of(worth);
  const struct instr *first = NULL;
  bool summed = false;
  for (size_t i = 0; i < forward->count; i++) {
    const struct instr *instr = &forward->items[i];
    int made = spread_further(worth, instr, holds);
    if (made < 0) return NULL;
    holds[instr->out] = (signed char)made;
    summed = summed || (made == SUMMED && sensitive[instr->out]);
    if (!first && made == SQUARE && sensitive[instr->out] && depends(worth, instr->out))
      first = instr;
  }
  return summed ? first : NULL;
}

static bool is_written(const struct model *model, const struct expr *expr) {
  bool written = expr->kind != EXPR_NAME || model_states(model, expr->name);
  for (size_t i = 0; expr->kind == EXPR_APPLY && written && i < expr->count; i++)
    written = is_written(model, expr->args[i]);
  return written;
}

/* The statement that NODE is a part of, by the name that it gives. */
static const char *statement_of(const struct model *model, int node) {
  for (int at = model->nodes[node].instance; at >= 0; at = model->instances[at].parent)
    if (model->instances[at].output >= 0) node = model->instances[at].output;
  return model->nodes[node].name;
}

/* What INSTR makes, in names of the text alone. */
static void put_result(struct worth *worth, const struct instr *instr) {
  const struct model *model = worth->model;
  const int node = model->values[instr->out].node;
  const struct expr *formula = node >= 0 ? model->nodes[node].formula : NULL;
  if (formula && is_written(model, formula)) print_expr(&worth->note, formula);
  else if (node >= 0)
    text_printf(&worth->note, _("a \"%s\" in %s"), op_table[instr->op].symbol,
                statement_of(model, node));
  else text_printf(&worth->note, _("a \"%s\" on the way to the loss"),
                   op_table[instr->op].symbol);
}

static enum status note_spread(struct worth *worth, const struct instr *instr) {
  const struct model *model = worth->model;
  struct shape a = model_shape(model, instr->in[0]), b = model_shape(model, instr->in[1]);
  struct shape out = model_shape(model, instr->out);
  put_result(worth, instr);
  text_printf(&worth->note,
              _(" is %u x %u, its operands are %u x %u and %u x %u: each entry of one meets each "
                "of the other, and the loss adds them all up; if they were to meet in pairs, "
                "transpose one"),
              out.rows, out.cols, a.rows, a.cols, b.rows, b.cols);
  return worth_add(worth);
}

enum status special_spread(struct worth *worth) {
  if (worth->check->verdict != VERDICT_PASS) return STATUS_OK;
  signed char *holds = calloc(worth->model->program.slot_count, sizeof *holds);
  bool *sensitive = find_sensitive(worth);
  const struct instr *instr = holds && sensitive ? find_spread(worth, sensitive, holds) : NULL;
  enum status status = holds && sensitive ? STATUS_OK : STATUS_NO_MEMORY;
  free(holds);
  free(sensitive);
  return instr ? note_spread(worth, instr) : status;
}

/* -- a number that nothing reads -- */

/* A slot from which a gradient would flow back to a param on some way past the loss; one that is
 * read. */
enum { OF_PARAM = 1, READ = 2 };

static void mark_slots(const struct worth *worth, unsigned char *marks) {
  const struct model *model = worth->model;
  const struct code *forward = forward_of(worth);
  const int loss = model->nodes[model->loss].slot;
  for (size_t n = 0; n < model->node_count; n++)
    if (model->nodes[n].kind == NODE_PARAM) marks[model->nodes[n].slot] |= OF_PARAM;
  for (size_t i = 0; i < forward->count; i++) {
    const struct instr *instr = &forward->items[i];
    for (int k = 0; k < op_table[instr->op].arity; k++) {
      if (op_table[instr->op].rules[k] && instr->out != loss)
        marks[instr->out] |= marks[instr->in[k]] & OF_PARAM;
      marks[instr->in[k]] |= READ;
    }
  }
}

enum status special_unread(struct worth *worth) {
  const struct model *model = worth->model;
  enum status status = STATUS_OK;
  unsigned char *marks = calloc(model->program.slot_count, sizeof *marks);
  if (!marks) return STATUS_NO_MEMORY;
  mark_slots(worth, marks);
  for (size_t n = 0; !status && n < model->node_count; n++) {
    const struct node *node = &model->nodes[n];
    if (node->kind != NODE_OP || marks[node->slot] != OF_PARAM ||
        shape_count(model_shape(model, node->slot)) != 1 || !model_states(model, node->name))
      continue;
    text_printf(&worth->note, _("%s is not part of the loss %s: nothing reads it, so nothing about "
                                "it is checked"), node->name, model->nodes[model->loss].name);
    status = worth_add(worth);
  }
  free(marks);
  return status;
}

/* -- directions -- */

/* The size below which a mistake in a single entry of TENSOR shows along none of its directions:
 * what the test per entry lets pass there. */
static double unseen_below(const struct tensor_check *tensor) {
  double least = (double)INFINITY;
  for (size_t i = 0; i < tensor->count; i++) {
    double size = fmax(fabs(tensor->analytic[i]), fabs(tensor->numeric[i]));
    least = fmin(least, CHECK_ABSOLUTE + CHECK_RELATIVE * size);
  }
  return least;
}

enum status special_directions(struct worth *worth) {
  const struct check *check = worth->check;
  size_t entries = 0, worst = 0;
  if (check->options.directions == 0 || check->verdict != VERDICT_PASS) return STATUS_OK;
  for (size_t i = 0; i < check->tensor_count; i++) {
    const struct tensor_check *tensor = &check->tensors[i];
    entries += shape_count(tensor->shape);
    if (unseen_below(tensor) > unseen_below(&check->tensors[worst])) worst = i;
  }
  text_printf(&worth->note,
              check->options.directions == 1
                  ? _("%u random direction a tensor stands for %zu entries: mistakes in several of "
                      "them cancel along it in up to 1 of %.0f draws")
                  : _("%u random directions a tensor stand for %zu entries: mistakes in several of "
                      "them cancel along all of these in up to 1 of %.4g draws"),
              check->options.directions, entries, exp2(check->options.directions));
  if (check->options.tolerance < 0) {
    char size[NUMBER_TEXT_SIZE];
    text_printf(&worth->note, _(", and one in a single entry of %s is unseen below %s"),
                worth_name(worth, worst),
                number_brief(unseen_below(&check->tensors[worst]), 2, size));
  }
  return worth_add(worth);
}
