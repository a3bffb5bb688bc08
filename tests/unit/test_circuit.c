/* Protects the circuit's edges: every operand of every node that is drawn has a line or a name on
 * the screen and in SVG, and an edge in DOT. What the operands are is read from the formulas, as
 * text; what is drawn is read back from the characters of the screen, from the paths of the SVG and
 * from the lines of the DOT, never from the layout's own lists. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "command/command.h"
#include "drawing.h"
#include "explore/picture.h"
#include "lang/print.h"
#include "tui/view.h"

#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the tests looked at, to be told with GRADWALK_TIMES. */
static struct {
  size_t models, edges, ghosts, crossings, captions;
} tally;

static bool begins_name(char c) {
  return isalpha((unsigned char)c) || c == '_';
}

/* Behind what names no operand, where TEXT begins with it: rows(…) and cols(…), which are numbers,
 * and the .T of a transpose. */
static const char *behind_other(const char *text) {
  if (strncmp(text, ".T", 2) == 0) return text + 2;
  if (strncmp(text, "rows(", 5) != 0 && strncmp(text, "cols(", 5) != 0) return text;
  int depth = 0;
  do depth += *text == '(' ? 1 : *text == ')' ? -1 : 0;
  while (*text++ && (depth > 0 || text[-1] != ')'));
  return text;
}

/* Adds the nodes that FORMULA names, as text, to what USER uses. */
static void add_named(struct edges *edges, const struct model *model, const char *formula,
                      int user) {
  char name[256];
  for (const char *at = formula; *at;) {
    const char *end = behind_other(at);
    if (end > at || !begins_name(*at)) {
      bool number = isdigit((unsigned char)*at);
      at = end > at ? end : at + 1;
      while (number && (isalnum((unsigned char)*at) || *at == '.')) at++; /* 1e5 names no e5 */
      continue;
    }
    while (isalnum((unsigned char)*end) || *end == '_') end++;
    snprintf(name, sizeof name, "%.*s", (int)(end - at), at);
    int node = *end == '(' ? -1 : model_find(model, name);
    if (node >= 0) ++*edge_at(edges, model_visible(model, node), user);
    at = end;
  }
}

/* Whatever else its formula says, what an operation or a gate was built from is among its edges. */
static void assert_slots(const struct edges *edges, const struct model *model, int user) {
  int shown = model_shown_as(model, user);
  const struct instance *instance = shown >= 0 ? &model->instances[shown] : NULL;
  size_t count = instance ? instance->operand_count : model->nodes[user].operand_count;
  int slots = 0, named = 0;
  for (size_t i = 0; i < count; i++) {
    int slot = instance ? instance->operands[i] : model->nodes[user].operands[i];
    int source = model->values[slot].node;
    if (source < 0) continue;
    slots++;
    if (*edge_at(edges, model_visible(model, source), user) == 0)
      fail_msg("%s: %s is no operand", model->nodes[user].name, model->nodes[source].name);
  }
  for (int n = 0; n < edges->count; n++) named += *edge_at(edges, n, user);
  assert_true(named >= slots);
}

/* What should be drawn, whatever is. */
static struct edges edges_of_model(const struct model *model) {
  struct edges edges = edges_new(model);
  struct text formula;
  text_init(&formula);
  for (int n = 0; n < edges.count; n++) {
    const struct expr *expr = model_formula(model, n);
    if (model_visible(model, n) != n || model->nodes[n].kind != NODE_OP) continue;
    formula.length = 0;
    print_expr(&formula, expr);
    add_named(&edges, model, text_string(&formula), n);
    assert_slots(&edges, model, n);
  }
  text_done(&formula);
  return edges;
}

static bool is_used(const struct edges *edges, int source) {
  for (int n = 0; n < edges->count; n++)
    if (*edge_at(edges, source, n) > 0) return true;
  return false;
}

/* Operands that are numbers have no line: they stand beside the sign, in the frame and in DOT. */
static void assert_captions(const struct drawing *drawing, const struct canvas *canvas,
                            const char *dot, int index) {
  const struct model *model = drawing->model;
  const struct box *box = &drawing->circuit->layout.boxes[index];
  int node = drawing->circuit->nodes[index], shown = model_shown_as(model, node);
  const struct instance *gate = shown >= 0 ? &model->instances[shown] : NULL;
  size_t count = gate ? gate->operand_count : model->nodes[node].operand_count;
  char number[NUMBER_TEXT_SIZE], label[300];
  if (gate && !gate->gate) return;
  struct text title;
  text_init(&title);
  for (int c = 1; c < box->width - 1; c++)
    text_puts(&title, canvas->cells[box->row * canvas->cols + box->col + c].text);
  snprintf(label, sizeof label, "\n  \"%s\" [label=", model->nodes[node].name);
  const char *sign = strstr(strstr(dot, label), "<TD ALIGN=\"RIGHT\">");
  for (size_t i = 0; i < count; i++) {
    const struct value *value =
        &model->values[gate ? gate->operands[i] : model->nodes[node].operands[i]];
    if (value->node >= 0 || value->ref->kind != EXPR_NUMBER) continue;
    const char *brief = number_brief(value->ref->number, 4, number);
    const char *in_dot = strstr(sign, brief);
    if (!strstr(text_string(&title), brief) || !in_dot || in_dot > strstr(sign, "</TD>"))
      fail_msg("%s: no %s in %s", model->nodes[node].name, brief, text_string(&title));
    tally.captions++;
  }
  text_done(&title);
}

/* The circuit's view, on a screen that holds all of it. */
static void draw_screen(struct drawing *drawing, struct session *session,
                        struct circuit *circuit, const char *dot) {
  struct ui ui = {.session = session, .circuit = *circuit};
  struct layout *layout = &circuit->layout;
  assert_int_equal(canvas_init(&ui.canvas, layout->rows, layout->cols), STATUS_OK);
  ui.canvas.unicode = true;
  canvas_clear(&ui.canvas);
  view_circuit.draw(&ui, (struct area){0, 0, layout->rows, layout->cols});
  assert_int_equal(ui.pan_row, 0);
  assert_int_equal(ui.pan_col, 0);
  drawing_read_screen(drawing, &ui.canvas);
  for (size_t i = 0; i < layout->count; i++) assert_captions(drawing, &ui.canvas, dot, (int)i);
  canvas_done(&ui.canvas);
}

/* -- comparing -- */

/* "a" -> "b" [label="×2"]; of all nodes, whatever the circuit of the screen holds. */
static void compare_dot(const char *dot, const struct model *model, const struct edges *expected) {
  struct edges found = edges_new(model);
  char source[256], user[256];
  for (const char *at = dot; (at = strchr(at, '\n')); at++) {
    int uses = 1;
    if (sscanf(at, "\n  \"%255[^\"]\" -> \"%255[^\"]\" [label=\"×%d\"]", source, user, &uses) < 2)
      continue;
    int from = model_find(model, source), to = model_find(model, user);
    assert_true(from >= 0 && to >= 0);
    *edge_at(&found, from, to) += uses;
  }
  for (int u = 0; u < expected->count; u++)
    for (int s = 0; s < expected->count; s++)
      if (*edge_at(&found, s, u) != *edge_at(expected, s, u))
        fail_msg("DOT: %s -> %s: %d, not %d", model->nodes[s].name, model->nodes[u].name,
                 *edge_at(&found, s, u), *edge_at(expected, s, u));
  free(found.uses);
}

/* Leaves that nothing reads may be left out; everything else has a box. */
static void compare_boxes(const struct circuit *circuit, const struct model *model,
                          const struct edges *expected) {
  for (int n = 0; n < expected->count && !circuit->partial; n++) {
    bool wanted = model_visible(model, n) == n && (model->nodes[n].kind == NODE_OP ||
                                                   model->nodes[n].kind == NODE_PARAM ||
                                                   is_used(expected, n));
    if (wanted && circuit->box_of[n] < 0) fail_msg("%s has no box", model->nodes[n].name);
  }
}

static void check(struct session *session) {
  const struct model *model = session->model;
  struct circuit circuit = {0};
  struct drawing screen, svg;
  struct text picture, dot;
  struct diag diag;
  text_init(&picture);
  text_init(&dot);
  assert_int_equal(circuit_make(&circuit, model, session->look.focus), STATUS_OK);
  assert_int_equal(picture_svg(session, &picture, &diag), STATUS_OK);
  assert_int_equal(picture_dot(session, &dot, &diag), STATUS_OK);
  struct edges expected = edges_of_model(model);
  compare_boxes(&circuit, model, &expected);
  assert_true(!circuit.partial || circuit.layout.count >= 300);
  drawing_init(&screen, &circuit, model, "screen");
  draw_screen(&screen, session, &circuit, text_string(&dot));
  drawing_compare(&screen, &expected);
  drawing_init(&svg, &circuit, model, "SVG");
  drawing_read_svg(&svg, text_string(&picture));
  drawing_compare(&svg, &expected);
  compare_dot(text_string(&dot), model, &expected);
  tally.models++;
  tally.crossings += (size_t)screen.crossings;
  for (size_t i = 0; i < circuit.layout.count; i++) tally.ghosts += screen.ghosts[i].length > 0;
  for (int i = 0; i < expected.count * expected.count; i++)
    tally.edges += (size_t)expected.uses[i];
  drawing_done(&screen);
  drawing_done(&svg);
  circuit_done(&circuit);
  free(expected.uses);
  text_done(&picture);
  text_done(&dot);
}

static void tell_tally(const char *what) {
  if (getenv("GRADWALK_TIMES"))
    print_message("# %s: %zu models, %zu edges, %zu boxes with names, %zu crossings, "
                  "%zu numbers\n", what, tally.models, tally.edges, tally.ghosts,
                  tally.crossings, tally.captions);
  memset(&tally, 0, sizeof tally);
}

/* -- which models -- */

static bool doing(struct session *session, const char *line) {
  struct lines out;
  struct diag diag;
  lines_init(&out);
  enum status status = command_do(session, line, &out, &diag);
  lines_done(&out);
  return status == STATUS_OK;
}

static void check_both(struct session *session) {
  check(session);
  assert_true(doing(session, "unfold all"));
  check(session);
  assert_true(doing(session, "fold all"));
}

/* Every file of the pattern, and every page of it. */
static size_t check_files(const char *pattern) {
  struct session session;
  char path[512], line[600];
  glob_t found;
  snprintf(path, sizeof path, "%s/%s", getenv("GRADWALK_TEST_DATA"), pattern);
  assert_int_equal(glob(path, 0, NULL, &found), 0);
  session_init(&session, &command_interpreter);
  for (size_t i = 0; i < found.gl_pathc; i++) {
    snprintf(line, sizeof line, "open %s", found.gl_pathv[i]);
    for (int page = 1; doing(&session, line); page++) {
      check_both(&session);
      snprintf(line, sizeof line, "page %d", page);
    }
  }
  size_t count = found.gl_pathc;
  globfree(&found);
  session_done(&session);
  return count;
}

static void test_shipped_models(void **state) {
  (void)state;
  assert_true(check_files("models/*.gw") >= 20);
  assert_true(tally.models >= 40);
  tell_tally("data/models");
}

static void test_lessons(void **state) {
  (void)state;
  assert_true(check_files("../lessons/[0-9]*.md") >= 15);
  assert_true(tally.models >= 100 && tally.captions > 100);
  tell_tally("lessons");
}

static void open_text(struct session *session, const char *text) {
  char path[] = "/tmp/gradwalk-circuit-XXXXXX", line[64];
  int file = mkstemp(path);
  assert_true(file >= 0);
  assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
  close(file);
  session_init(session, &command_interpreter);
  snprintf(line, sizeof line, "open %s", path);
  if (!doing(session, line)) fail_msg("cannot open:\n%s", text);
  remove(path);
}

static void check_text(const char *text) {
  struct session session;
  open_text(&session, text);
  check_both(&session);
  session_done(&session);
}

static uint32_t dice;

static int roll(int sides) {
  dice = dice * 1664525u + 1013904223u;
  return (int)((dice >> 8) % (uint32_t)sides);
}

/* A node of up to MOST operands, some of them several times, now and then in a gate, a constant or
 * nothing but one operation. */
static void put_node(struct text *out, int node, int leaves, int most) {
  static const char *const joins[] = {" + ", " - ", " * "};
  static const char *const gates[] = {"sigmoid", "relu", "tanh", ""};
  int before = leaves + node, count = 1 + roll(roll(3) ? 4 : most);
  text_printf(out, "v%d = %s(", node + leaves, gates[roll(4)]);
  for (int i = 0; i < count; i++) {
    int from = roll(4) ? before - 1 - roll(before < 8 ? before : 8) : roll(before);
    text_printf(out, "%sv%d", i > 0 ? joins[roll(3)] : "", from);
    if (roll(8) == 0) text_printf(out, " * v%d", from);
    if (roll(12) == 0) text_puts(out, " / (2 * k)");
  }
  text_puts(out, ")\n");
}

static void test_random_models(void **state) {
  (void)state;
  struct text text;
  text_init(&text);
  for (int seed = 1; seed <= 60; seed++) {
    dice = (uint32_t)seed;
    int leaves = 1 + roll(seed % 3 ? 10 : 40), nodes = 1 + roll(25);
    text.length = 0;
    text_puts(&text, "k = 3\n");
    for (int i = 0; i < leaves; i++)
      text_printf(&text, "%s v%d = 0.%d\n", roll(3) ? "param" : "data", i, 1 + roll(9));
    for (int i = 0; i < nodes; i++) put_node(&text, i, leaves, 40);
    check_text(text_string(&text));
  }
  text_done(&text);
  tell_tally("random models");
}

/* From one input to forty, each its own, each twice, all the same. */
static void test_every_fan_in(void **state) {
  (void)state;
  struct text text;
  text_init(&text);
  for (int count = 1; count <= 40; count++)
    for (int kind = 0; kind < 3; kind++) {
      text.length = 0;
      for (int i = 0; i < count; i++) text_printf(&text, "param p%d = %d\n", i, i);
      text_puts(&text, "n = 1");
      for (int i = 0; i < count; i++)
        text_printf(&text, kind == 1 ? " + p%d * p%d" : " + p%d", kind == 2 ? 0 : i, i);
      text_puts(&text, "\nf = tanh(n) * n\n");
      check_text(text_string(&text));
    }
  text_done(&text);
  tell_tally("fan-ins");
}

/* Too large to be drawn whole: what lies outside is named where it enters. */
static void test_large_models(void **state) {
  (void)state;
  struct text text;
  text_init(&text);
  for (int kind = 0; kind < 2; kind++) {
    text.length = 0;
    text_puts(&text, "k = 2\nparam v0 = 0.5\nparam w = 0.3\nparam u = 0.2\n");
    dice = 7;
    for (int i = 1; kind == 0 && i < 400; i++)
      text_printf(&text, "v%d = tanh(w * v%d + u)\n", i, i - 1);
    for (int i = 0; kind == 1 && i < 360; i++) put_node(&text, i, 1, 40);
    check_text(text_string(&text));
  }
  text_done(&text);
  tell_tally("large models");
}

/* Leaves that only served to make others have no box; those that nothing reads at all have one. */
static void test_served_leaves(void **state) {
  (void)state;
  struct session session;
  struct circuit circuit = {0};
  static const struct {
    const char *name;
    bool drawn;
  } wanted[] = {{"q", false}, {"at", false}, {"G", true}, {"x", true}, {"unread", true},
                {"m", false}, {"h", true},  {"unused", true}, {"L", true}};
  open_text(&session,
            "data q = [0; 1; 2]\ndata at = [0 1 2]\ndata G = (q == at)\nparam x = [1 2 3]\n"
            "data unread = 4\nparam unused = 5\nm = rows(q)\nh = 1 / m\nL = sum(x @ G) * h\n");
  check_both(&session);
  assert_int_equal(circuit_make(&circuit, session.model, 0), STATUS_OK);
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    int node = model_find(session.model, wanted[i].name);
    if ((circuit.box_of[node] >= 0) != wanted[i].drawn) fail_msg("%s", wanted[i].name);
  }
  circuit_done(&circuit);
  session_done(&session);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_shipped_models), cmocka_unit_test(test_lessons),
      cmocka_unit_test(test_random_models),  cmocka_unit_test(test_every_fan_in),
      cmocka_unit_test(test_large_models),   cmocka_unit_test(test_served_leaves),
  };
  if (getenv("GRADWALK_TEST_DATA")) setenv("GRADWALK_DATA", getenv("GRADWALK_TEST_DATA"), 1);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
