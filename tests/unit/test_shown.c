/* Protects what readers see of the nodes that nobody named: every one reads otherwise than every
 * other, what is shown can be typed and means the same to the bit, and no text of a model or lesson
 * that comes with the program holds a name that its author did not write. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "command/command.h"
#include "explore/picture.h"
#include "lang/lex.h"
#include "lang/print.h"
#include "lang/shown.h"
#include "random_model.h"
#include "report/report.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- one model -- */

struct trial {
  struct source source;
  struct model model;
  struct diag diag;
};

static void build(struct trial *trial, const char *text) {
  *trial = (struct trial){.source = source_from("m.gw", text, strlen(text))};
  if (model_build(&trial->model, &trial->source, NULL, &trial->diag))
    fail_msg("%s: %s", text, trial->diag.message);
}

static void done(struct trial *trial) {
  model_done(&trial->model);
}

static void shows(const struct trial *trial, const char *name, const char *expected) {
  struct text text;
  text_init(&text);
  name_put_shown(&text, &trial->model, name);
  assert_string_equal(text_string(&text), expected);
  text_done(&text);
}

static void means(const struct trial *trial, const char *text, const char *name) {
  int node = node_find_shown(&trial->model, text, strlen(text));
  if (!name && node < 0) return;
  if (node < 0 || !name) fail_msg("\"%s\" means %s", text, node < 0 ? "nothing" : "something");
  assert_string_equal(trial->model.nodes[node].name, name);
}

static void parts_are_told_apart(void **state) {
  (void)state;
  struct trial trial;
  build(&trial, "param x = [1 2]; param W = [1 2; 3 4]; a = x @ W; h = tanh(x @ W) + tanh(x @ W); "
                "g = exp(x @ W + 1); k = (x - 1) * 2; L = sum(h * g * a) + sum(k)");
  shows(&trial, "h_1", "x @ W in h, 1st");
  shows(&trial, "h_3", "x @ W in h, 2nd");
  shows(&trial, "h_2", "tanh(x @ W) in h, 1st");
  shows(&trial, "g_1", "x @ W in g"); /* a, which is the same, has a name, but means another node */
  shows(&trial, "g_2", "x @ W + 1");
  shows(&trial, "dg_2", "d(x @ W + 1)");
  shows(&trial, "k_1", "x - 1");
  shows(&trial, "dW", "dW");
  shows(&trial, "rowmax", "rowmax");
  done(&trial);
}

static void what_is_shown_can_be_typed_otherwise(void **state) {
  (void)state;
  struct trial trial;
  build(&trial, "param x = [1 2]; param W = [1 2; 3 4]; h = tanh(x @ W + 1) * 2; g = x @ W; "
                "L = sum(h * g)");
  means(&trial, "tanh(x@W+1)", "h_3");
  means(&trial, " tanh( (x @ W) + 1 )", "h_3");
  means(&trial, "tanh(x @ W + 1) in h", "h_3");
  means(&trial, "tanh(x @ W + 1) in g", NULL);
  means(&trial, "x @ W", "h_1"); /* the other one has a name */
  means(&trial, "tanh(…1)", "h_3");
  means(&trial, "tan...+ 1)", "h_3");
  means(&trial, "x @ W…", NULL); /* several */
  means(&trial, "h_3", "h_3");
  means(&trial, "x @ x", NULL);
  means(&trial, "", NULL);
  done(&trial);
}

static void gates_speak_in_their_own_names(void **state) {
  (void)state;
  struct trial trial;
  struct diag diag;
  build(&trial, "param x = [1 2]; h = softmax(2 * x); L = sum(h * [1 2])");
  assert_int_equal(model_fold(&trial.model, NULL, false, &diag), STATUS_OK);
  shows(&trial, "h_e", "e in h");
  shows(&trial, "h_1", "2 * x");
  shows(&trial, "dh_e", "d(e in h)");
  struct text line;
  text_init(&line);
  for (size_t i = 0; i < trial.model.rule_count; i++)
    if (strcmp(trial.model.rules[i].target, "dh_e") == 0 && line.length == 0)
      rule_put_shown(&line, &trial.model, i);
  assert_string_equal(text_string(&line), "d(e in h) += dh / (sum(e, 1) in h)");
  text_done(&line);
  done(&trial);
}

static void draws_are_not_drawn_again(void **state) {
  (void)state;
  struct trial trial;
  build(&trial, "param x = [1 2]; h = x * (rand(1, 2) < 0.5); L = sum(h)");
  struct text line, names;
  text_init(&line);
  text_init(&names);
  for (size_t i = 0; i < trial.model.rule_count; i++)
    if (strcmp(trial.model.rules[i].target, "dx") == 0) rule_put_shown(&line, &trial.model, i);
  assert_string_equal(text_string(&line), "dx = dh * (rand(1, 2) < 0.5 in h)");
  assert_true(names_put(&names, &trial.model, text_string(&line), line.length));
  assert_string_equal(text_string(&names), "dx = dh * h_2");
  text_done(&line);
  text_done(&names);
  done(&trial);
}

/* n = x1 * w1 + x2 * w2 + b as one node: nothing but copies lies between. */
static void what_is_handed_on_is_not_shown(void **state) {
  (void)state;
  struct trial trial;
  struct diag diag;
  struct text text;
  build(&trial, "param x = 2; param w = 3; param b = 1; n = x * w + x * b + b; L = n^2");
  assert_int_equal(model_fold_statements(&trial.model, &diag), STATUS_OK);
  text_init(&text);
  const char *const bugs[] = {NULL, "dn_1 = 2 * dn_3", "dn_1 = dn"}, *hidden = bugs[1];
  for (int i = 0; i < 4; i++) { /* a line between is no copy, or one made by hand, or pretends */
    const char *bug = i < 3 ? bugs[i] : hidden;
    text.length = 0;
    assert_int_equal(model_drop_bugs(&trial.model, 0, &diag), STATUS_OK);
    if (bug && i < 3)
      assert_int_equal(model_add_bug(&trial.model, "bug", bug, strlen(bug), &diag), STATUS_OK);
    else if (bug)
      assert_int_equal(model_hide_bug(&trial.model, "bug", bug, strlen(bug), &diag), STATUS_OK);
    for (size_t r = 0; r < trial.model.rule_count; r++)
      if (strcmp(trial.model.rules[r].target, "dw") == 0) rule_put_shown(&text, &trial.model, r);
    assert_string_equal(text_string(&text), i > 0 ? "dw = d(x * w) * x" : "dw = dn * x");
  }
  text_done(&text);
  done(&trial);
}

static void long_lines_are_shortened(void **state) {
  (void)state;
  struct trial trial;
  struct text text, model;
  text_init(&model);
  text_puts(&model, "param W = ones(8, 5); L = sum(W * W); backward; dW = [");
  for (int i = 0; i < 40; i++)
    text_printf(&model, "%s0.618%d", i == 0 ? "" : i % 5 ? " " : "; ", i);
  text_puts(&model, "]; end");
  build(&trial, text_string(&model));
  text_init(&text);
  line_put_brief(&text, &trial.model, trial.model.rules[0].text, 80);
  assert_string_equal(text_string(&text), "dW = [0.618 0.6181 … 40 numbers]");
  text.length = 0;
  line_put_brief(&text, &trial.model, "dW = W + W + W + W + W", 12);
  assert_string_equal(text_string(&text), "dW = W…W + W");
  text_done(&text);
  text_done(&model);
  done(&trial);
}

/* -- what is shown, typed -- */

/* Gradients after a run, or NAN where there are none. */
static double *gradients(const struct model *model, size_t *count) {
  struct run run;
  assert_int_equal(run_init(&run, &model->program, &model->random, PRECISION_DOUBLE), STATUS_OK);
  run_code(&run, &model->program.forward, 0);
  run_code(&run, &model->program.backward, 0);
  double *all = calloc(model->program.size + 1, sizeof *all);
  assert_non_null(all);
  *count = 0;
  for (size_t n = 0; n < model->node_count; n++) {
    const struct node *node = &model->nodes[n];
    size_t size = node->kind == NODE_PARAM ? shape_count(model_shape(model, node->slot)) : 0;
    if (node->gradient < 0) size = 0;
    memcpy(all + *count, size > 0 ? run_values(&run, node->gradient) : all, size * sizeof *all);
    *count += size;
  }
  run_done(&run);
  return all;
}

static void each_node_is_found(const struct model *model) {
  struct text text, names;
  text_init(&text);
  text_init(&names);
  for (size_t n = 0; n < model->node_count; n++) {
    text.length = names.length = 0;
    node_put_shown(&text, model, (int)n);
    if (node_find_shown(model, text_string(&text), text.length) != (int)n)
      fail_msg("%s is not found as %s", model->nodes[n].name, text_string(&text));
    if (node_is_named(model, (int)n)) continue;
    text.length = 0;
    gradient_put_shown(&text, model, (int)n);
    assert_true(names_put(&names, model, text_string(&text), text.length));
    assert_string_equal(text_string(&names) + 1, model->nodes[n].name);
  }
  text_done(&text);
  text_done(&names);
}

/* Every line as it shows, put in as a bug, makes the same gradients. */
static void each_line_can_be_typed(struct model *model) {
  struct text line;
  size_t count, again;
  struct diag diag;
  double *before = gradients(model, &count);
  text_init(&line);
  for (size_t i = 0; i < model->rule_count && model->rules[i].node >= 0; i++) {
    line.length = 0;
    rule_put_addressed(&line, model, i);
    if (model_add_bug(model, "bug", text_string(&line), line.length, &diag))
      fail_msg("%s: %s (%s)", text_string(&line), diag.message, diag.hint);
    double *after = gradients(model, &again);
    assert_int_equal(again, count);
    if (memcmp(before, after, count * sizeof *before) != 0)
      fail_msg("%s, for %s, makes other gradients", text_string(&line), model->rules[i].original);
    free(after);
    assert_int_equal(model_drop_bugs(model, 0, &diag), STATUS_OK);
  }
  text_done(&line);
  free(before);
}

/* As it is built, with statements folded, with everything unfolded. */
static void each_folding(struct model *model) {
  struct diag diag;
  for (int folding = 0; folding < 3; folding++) {
    if (folding == 1) assert_int_equal(model_fold_statements(model, &diag), STATUS_OK);
    if (folding == 2) assert_int_equal(model_fold(model, NULL, false, &diag), STATUS_OK);
    each_node_is_found(model);
    each_line_can_be_typed(model);
  }
}

static void random_models_can_be_typed(void **state) {
  (void)state;
  const uint32_t models = getenv("GRADWALK_SANITIZERS") ? 20 : 150;
  struct random_library library;
  random_library_init(&library);
  for (uint32_t seed = 1; seed <= models; seed++) {
    struct random_model made;
    struct trial trial;
    random_model_make(&made, &library, seed, 0);
    build(&trial, text_string(&made.text));
    each_folding(&trial.model);
    done(&trial);
    random_model_done(&made);
  }
  random_library_done(&library);
}

/* The letters of the notes: Greek, Korean. */
static void names_beyond_ascii_are_found(void **state) {
  (void)state;
  struct trial trial;
  build(&trial, "param θ = 3; param 가중치 = 2; σ = 가중치 * θ^2; ŷ = exp(1 + θ) * exp(1 + θ)\n"
                "L = σ - ŷ");
  means(&trial, "θ", "θ");
  means(&trial, "θ^2", "σ_1");
  means(&trial, "θ^2 in σ", "σ_1");
  means(&trial, "θ^2 in ŷ", NULL);
  shows(&trial, "ŷ_1", "1 + θ in ŷ, 1st");
  each_folding(&trial.model);
  done(&trial);
}

/* -- what comes with the program -- */

struct reader_of_all {
  struct session session;
  struct lines out;
  struct diag diag;
};

static bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool has_word(const char *text, size_t size, const char *word) {
  size_t length = strlen(word);
  for (size_t i = 0; i + length <= size; i++)
    if (memcmp(text + i, word, length) == 0 && (i == 0 || !is_word(text[i - 1])) &&
        (i + length == size || !is_word(text[i + length])))
      return true;
  return false;
}

/* Fails if a word of TEXT is the name of a node that the model's text does not name, or of such a
 * node's gradient. */
static void has_no_foreign_word(const struct model *model, const char *text, const char *from) {
  char word[NAME_MAX_BYTES + 2];
  for (size_t at = 0, length; text[at]; at += length) {
    for (length = 0; is_word(text[at + length]);) length++;
    if (length >= sizeof word || length == 0) {
      length += length == 0;
      continue;
    }
    memcpy(word, text + at, length);
    word[length] = '\0';
    int node = model_find(model, word);
    if (node < 0 && *word == 'd') node = model_find(model, word + 1);
    if (node < 0 || node_is_named(model, node)) continue;
    if (!has_word(model->source->text, model->source->length, word))
      fail_msg("%s: \"%s\" in: %.300s", from, word, text);
  }
}

static void does(struct reader_of_all *visit, const char *line, bool may_fail) {
  lines_clear(&visit->out);
  visit->diag = (struct diag){0};
  enum status status = command_do(&visit->session, line, &visit->out, &visit->diag);
  if (status && !may_fail) fail_msg("%s: %s", line, visit->diag.message);
  has_no_foreign_word(visit->session.model, text_string(&visit->out.text), line);
}

/* Each node and gradient, asked for as it shows. */
static void each_is_explained(struct reader_of_all *visit) {
  const struct model *model = visit->session.model;
  struct text line;
  text_init(&line);
  for (size_t n = 0; n < model->node_count; n++) {
    if (model_visible(model, (int)n) != (int)n) continue;
    for (int gradient = 0; gradient < 2; gradient++) {
      line.length = 0;
      text_puts(&line, "show ");
      (gradient ? gradient_put_shown : node_put_shown)(&line, model, (int)n);
      does(visit, text_string(&line), false);
    }
  }
  text_done(&line);
}

static void everything_is_read(struct reader_of_all *visit) {
  const struct session *session = &visit->session;
  does(visit, "run", false);
  does(visit, "show", false);
  each_is_explained(visit);
  lines_clear(&visit->out);
  report_eval(&visit->out, session->model, &session->run);
  has_no_foreign_word(session->model, text_string(&visit->out.text), "eval");
  lines_clear(&visit->out);
  assert_int_equal(picture_svg(session, &visit->out.text, &visit->diag), STATUS_OK);
  has_no_foreign_word(session->model, text_string(&visit->out.text), "svg");
}

/* The whole report, the diagnosis with it. */
static void the_check_is_read(struct reader_of_all *visit) {
  lines_clear(&visit->out);
  report_check(&visit->out, visit->session.model, visit->session.now.at.check, visit->session.style);
  has_no_foreign_word(visit->session.model, text_string(&visit->out.text), "check");
}

/* A bug that doubles a line in the middle, and what the check says of it. */
static void a_bug_is_reported(struct reader_of_all *visit) {
  const struct model *model = visit->session.model;
  struct text line;
  if (model->rule_count == 0 || model->program.size > 20000) return;
  text_init(&line);
  text_puts(&line, "bug ");
  size_t rule = model->rule_count / 2;
  struct assign address = model_line(model, rule);
  if (address.node) name_put_shown(&line, model, address.node);
  if (address.node && address.operand > 0) text_printf(&line, ":%d", address.operand);
  if (address.node) text_puts(&line, ": ");
  name_put_shown(&line, model, address.target);
  text_puts(&line, address.accumulate ? " += 2 * (" : " = 2 * (");
  print_expr(&line, address.value);
  text_puts(&line, ")");
  does(visit, text_string(&line), true);
  lines_clear(&visit->out);
  assert_int_equal(command_do(&visit->session, "check", &visit->out, &visit->diag), STATUS_OK);
  the_check_is_read(visit);
  text_done(&line);
}

static void visit_what(const char *line) {
  struct reader_of_all visit = {0};
  session_init(&visit.session, &command_interpreter);
  lines_init(&visit.out);
  does(&visit, line, false);
  for (int folding = 0; folding < 2; folding++) {
    if (folding == 1 && visit.session.model->program.size > 20000) break;
    if (folding == 1) does(&visit, "unfold all", false);
    everything_is_read(&visit);
    a_bug_is_reported(&visit);
  }
  session_done(&visit.session);
  lines_done(&visit.out);
}

/* Opens every file that fits the pattern FILES below the data directory; there are more than LEAST. */
static void visit_all(const char *files, size_t least) {
  glob_t found;
  char pattern[512], line[512];
  snprintf(pattern, sizeof pattern, "%s/%s", getenv("GRADWALK_TEST_DATA"), files);
  assert_int_equal(glob(pattern, 0, NULL, &found), 0);
  assert_true(found.gl_pathc > least);
  for (size_t i = 0; i < found.gl_pathc; i++) {
    snprintf(line, sizeof line, "open %s", found.gl_pathv[i]);
    visit_what(line);
  }
  globfree(&found);
}

static void no_model_shows_a_foreign_name(void **state) {
  (void)state;
  visit_all("models/*.gw", 15);
}

static void no_lesson_shows_a_foreign_name(void **state) {
  (void)state;
  visit_all("../lessons/[0-9]*.md", 10);
}

int main(void) {
  if (getenv("GRADWALK_TEST_DATA")) setenv("GRADWALK_DATA", getenv("GRADWALK_TEST_DATA"), 1);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(parts_are_told_apart),
      cmocka_unit_test(what_is_shown_can_be_typed_otherwise),
      cmocka_unit_test(gates_speak_in_their_own_names),
      cmocka_unit_test(names_beyond_ascii_are_found),
      cmocka_unit_test(draws_are_not_drawn_again),
      cmocka_unit_test(what_is_handed_on_is_not_shown),
      cmocka_unit_test(long_lines_are_shortened),
      cmocka_unit_test(random_models_can_be_typed),
      cmocka_unit_test(no_model_shows_a_foreign_name),
      cmocka_unit_test(no_lesson_shows_a_foreign_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
