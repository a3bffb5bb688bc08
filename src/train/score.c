#include "train/score.h"

#include <stdlib.h>

/* One member's share of a count. */
struct scorer {
  const struct training *training;
  const struct dataset *set;
  uint32_t right;        /* answers */
  uint32_t *which;
  struct run run;
};

/* -- which node gives the scores -- */

/* The operand beside LABELS that has its shape; -1 if LABELS is not there. */
static int beside(const struct training *training, const int *slots, size_t count, int labels) {
  const struct model *model = &training->model;
  bool there = false;
  int found = -1;
  for (size_t i = 0; i < count; i++) {
    int node = model->values[slots[i]].node;
    there = there || slots[i] == labels;
    if (found < 0 && node >= 0 && model->nodes[node].active &&
        shape_equal(model_shape(model, slots[i]), model_shape(model, labels)))
      found = node;
  }
  return there ? found : -1;
}

static int find_scores(const struct training *training) {
  const struct model *model = &training->model;
  int labels = model->nodes[training->parts[DATASET_PARTS - 1]].slot, found = -1;
  for (size_t i = 0; found < 0 && i < model->instance_count; i++)
    if (model->instances[i].gate)
      found = beside(training, model->instances[i].operands, model->instances[i].operand_count,
                     labels);
  for (size_t n = 0; found < 0 && n < model->node_count; n++)
    found = beside(training, model->nodes[n].operands, model->nodes[n].operand_count, labels);
  return found;
}

enum status score_init(struct training *training, struct diag *diag) {
  if (!training->train_set) return STATUS_OK;
  training->history.scores = find_scores(training);
  if (training->history.scores < 0) return STATUS_OK;
  int members = team_members(training->team);
  training->scorers = calloc((size_t)members, sizeof *training->scorers);
  if (!training->scorers) return diag_no_memory(diag);
  for (int i = 0; i < members; i++) {
    struct scorer *scorer = &training->scorers[i];
    *scorer = (struct scorer){.training = training};
    scorer->which = calloc(training->options.batch, sizeof *scorer->which);
    if (!scorer->which || run_copy(&scorer->run, &training->run)) return diag_no_memory(diag);
  }
  return STATUS_OK;
}

void score_done(struct training *training) {
  for (int i = 0; training->scorers && i < team_members(training->team); i++) {
    free(training->scorers[i].which);
    run_done(&training->scorers[i].run);
  }
  free(training->scorers);
  training->scorers = NULL;
}

/* -- counting -- */

static uint32_t largest(const double *row, uint32_t cols) {
  uint32_t best = 0;
  for (uint32_t j = 1; j < cols; j++)
    if (row[j] > row[best]) best = j;
  return best;
}

static uint32_t count_right(const struct scorer *scorer, uint32_t rows) {
  const struct training *training = scorer->training;
  const struct model *model = &training->model;
  int slots[] = {model->nodes[training->history.scores].slot,
                 model->nodes[training->parts[DATASET_PARTS - 1]].slot};
  const double *scores = run_values(&scorer->run, slots[0]);
  const double *labels = run_values(&scorer->run, slots[1]);
  uint32_t cols = model_shape(model, slots[0]).cols, right = 0;
  for (size_t i = 0; i < rows; i++)
    right += largest(scores + i * cols, cols) == largest(labels + i * cols, cols);
  return right;
}

static int score_pieces(const struct training *training) {
  enum { A_MEMBER = 4 };
  return A_MEMBER * team_members(training->team);
}

/* Batches in order; the last one is filled up with its last example. */
static void count_share(void *context, int piece, int member) {
  const struct training *training = context;
  uint32_t pieces = (uint32_t)score_pieces(training);
  struct scorer *scorer = &training->scorers[member];
  const struct code *forward = &training->model.program.forward;
  int slot = training->model.nodes[training->history.scores].slot;
  uint32_t batch = training->options.batch, count = scorer->set->count;
  double *parts[DATASET_PARTS];
  size_t end = 0;
  for (int i = 0; i < DATASET_PARTS; i++)
    parts[i] = run_values(&scorer->run, training->model.nodes[training->parts[i]].slot);
  for (size_t i = 0; i < forward->count; i++)
    if (forward->items[i].out == slot) end = i + 1;
  for (uint32_t at = (uint32_t)piece * batch; at < count; at += pieces * batch) {
    uint32_t rows = count - at < batch ? count - at : batch;
    for (uint32_t i = 0; i < batch; i++) scorer->which[i] = at + (i < rows ? i : rows - 1);
    dataset_take(scorer->set, scorer->which, batch, parts);
    run_slice(&scorer->run, forward, 0, end);
    scorer->right += count_right(scorer, rows);
  }
}

static double share_right(struct training *training, const struct dataset *set) {
  uint32_t right = 0;
  int members = team_members(training->team);
  for (int i = 0; i < members; i++) {
    training->scorers[i].set = set;
    training->scorers[i].right = 0;
  }
  team_work(training->team, score_pieces(training), count_share, training);
  for (int i = 0; i < members; i++) right += training->scorers[i].right;
  return (double)right / set->count;
}

void score_row(struct training *training, struct train_row *row) {
  const struct model *model = &training->model;
  if (training->history.scores < 0) return;
  for (int i = 0; i < team_members(training->team); i++)
    model_copy_params(model, training->scorers[i].run.values, model, training->run.values);
  row->train = share_right(training, training->train_set);
  if (training->test_set) row->test = share_right(training, training->test_set);
}
