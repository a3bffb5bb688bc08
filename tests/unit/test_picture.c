/* Protects the pictures: well-formed whatever the names are, every number the walk has come to and
 * no other, boxes that do not overlap, files whole or as they were. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "command/command.h"
#include "draw/circuit.h"
#include "draw/svg.h"
#include "explore/log.h"
#include "explore/picture.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* -- XML: is it well-formed? -- */

enum { DEEPEST = 32 };

static const char *name_end(const char *at) {
  while (isalnum((unsigned char)*at) || *at == ':' || *at == '-') at++;
  return at;
}

/* An entity or a plain character of text; NULL if XML does not allow it. */
static const char *character_end(const char *at) {
  static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
  size_t size;
  if (*at == '<' || *at == '>') return NULL;
  for (size_t i = 0; *at == '&' && i < sizeof entities / sizeof *entities; i++)
    if (strncmp(at, entities[i], strlen(entities[i])) == 0) return at + strlen(entities[i]);
  int32_t code = utf8_decode(at, strlen(at), &size);
  bool allowed = code >= 0x20 && code != 0xFFFE && code != 0xFFFF && (code < 0x7F || code > 0x9F);
  return *at != '&' && (allowed || code == '\n') ? at + size : NULL;
}

/* name="value" pairs up to the end of the tag. */
static const char *attributes_end(const char *at) {
  while (at && *at == ' ') {
    const char *end = name_end(at + 1);
    if (end == at + 1 || end[0] != '=' || end[1] != '"') return NULL;
    for (at = end + 2; at && *at != '"'; at = character_end(at))
      if (!*at) return NULL;
    if (at) at++;
  }
  return at;
}

/* Fails with the place where TEXT stops being one well-formed element with nothing around it. */
static void assert_xml(const char *text) {
  const char *open[DEEPEST], *at = text;
  int depth = 0;
  do {
    const char *here = at, *name = at + 1 + (at[1] == '/'), *end = name_end(name);
    if (*at != '<') {
      at = depth > 0 ? character_end(at) : NULL;
    } else if (at[1] == '/') {
      bool fits = depth > 0 && *end == '>' &&
                  name_end(open[depth - 1]) - open[depth - 1] == end - name &&
                  strncmp(open[depth - 1], name, (size_t)(end - name)) == 0;
      depth--;
      at = fits ? end + 1 : NULL;
    } else {
      if (depth == DEEPEST || end == name) fail_msg("too deep, or no name: %.60s", at);
      open[depth++] = name;
      at = attributes_end(end);
      if (at && *at == '/') at++, depth--;
      at = at && *at == '>' ? at + 1 : NULL;
    }
    if (!at) fail_msg("not well-formed here: %.80s", here);
  } while (depth > 0);
  assert_string_equal(at, "\n");
}

/* -- DOT: its tokens -- */

/* Behind a quoted string, an XML label in angles, or a word. */
static const char *dot_token(const char *at) {
  if (*at == '"') {
    for (at++; *at != '"'; at++) {
      if (*at == '\\') at++;
      if (!*at) return NULL;
    }
    return at + 1;
  }
  if (*at == '<') {
    int depth = 0;
    do depth += *at == '<' ? 1 : *at == '>' ? -1 : 0;
    while (*at++ && depth > 0 && *at);
    return depth == 0 ? at : NULL;
  }
  const char *start = at;
  while (isalnum((unsigned char)*at) || *at == '_' || *at == '.') at++;
  return at > start ? at : NULL;
}

/* digraph NAME { (ID [ATTRIBUTES] | ID -> ID | ID = ID) ; … } */
static void assert_dot(const char *text) {
  static const char punctuation[] = "{}[]=;,";
  const char *at = text;
  int braces = 0, brackets = 0;
  if (strncmp(text, "digraph gradwalk {\n", 19) != 0) fail_msg("begins as %.30s", text);
  while (*at) {
    const char *here = at;
    if (isspace((unsigned char)*at)) at++;
    else if (at[0] == '-' && at[1] == '>') at += 2;
    else if (strchr(punctuation, *at)) {
      braces += *at == '{' ? 1 : *at == '}' ? -1 : 0;
      brackets += *at == '[' ? 1 : *at == ']' ? -1 : 0;
      at++;
    } else at = dot_token(at);
    if (!at || braces < 0 || brackets < 0 || brackets > 1) fail_msg("no DOT: %.80s", here);
  }
  assert_int_equal(braces, 0);
  assert_int_equal(brackets, 0);
}

/* -- a session and its pictures -- */

static char folder[] = "/tmp/gradwalk-picture-XXXXXX";

static const char chain[] = "param x = -2; param y = 5; data z = -4; q = x + y; f = q * z";

struct view {
  struct session session;
  struct text svg, dot;
};

static void doing(struct session *session, const char *line) {
  struct lines out;
  struct diag diag;
  lines_init(&out);
  if (command_do(session, line, &out, &diag)) fail_msg("%s: %s", line, diag.message);
  lines_done(&out);
}

static void write_file(const char *name, const char *text) {
  char path[256];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  assert_int_equal(fclose(file), 0);
}

static void draw(struct view *view) {
  struct diag diag;
  view->svg.length = view->dot.length = 0;
  assert_int_equal(picture_svg(&view->session, &view->svg, &diag), STATUS_OK);
  assert_int_equal(picture_dot(&view->session, &view->dot, &diag), STATUS_OK);
  assert_xml(text_string(&view->svg));
  assert_dot(text_string(&view->dot));
}

static void start(struct view *view, const char *name, const char *text) {
  char line[512];
  *view = (struct view){0};
  session_init(&view->session, &command_interpreter);
  text_init(&view->svg);
  text_init(&view->dot);
  write_file(name, text);
  snprintf(line, sizeof line, "open %s/%s", folder, name);
  doing(&view->session, line);
  draw(view);
}

static void done(struct view *view) {
  session_done(&view->session);
  text_done(&view->svg);
  text_done(&view->dot);
}

static void has(const struct text *text, const char *part, bool wanted) {
  if ((strstr(text_string(text), part) != NULL) != wanted)
    fail_msg("%s: %s in\n%s", wanted ? "missing" : "too much", part, text_string(text));
}

/* -- what they show -- */

static void test_numbers_as_far_as_the_walk(void **state) {
  (void)state;
  struct view view;
  start(&view, "chain.gw", chain);
  has(&view.svg, ">−2<", true); /* a leaf, with a minus sign as in print */
  has(&view.svg, ">3<", false);
  has(&view.svg, ">−12<", false);
  has(&view.svg, ">·<", true);
  doing(&view.session, "forward");
  draw(&view);
  has(&view.svg, ">3<", true);
  has(&view.svg, ">−12<", true);
  has(&view.svg, ">move 2 of 5, forward<", true);
  has(&view.dot, ">-12<", true);
  has(&view.svg, ">−4<", true); /* z alone: q's gradient is not known */
  has(&view.dot, "#b4500b\">-4<", false);
  doing(&view.session, "run");
  draw(&view);
  has(&view.dot, "#b4500b\">-4<", true);
  has(&view.svg, ">·<", false);
  has(&view.svg, ">g gradient of f<", true);
  has(&view.svg, ">×<", true);
  has(&view.dot, "  \"q\" -> \"f\";\n", true);
  has(&view.dot, "  \"x\" -> \"f\";\n", false);
  done(&view);
}

static size_t count_of(const struct text *text, const char *part) {
  size_t count = 0;
  for (const char *at = text_string(text); (at = strstr(at, part)); at += strlen(part)) count++;
  return count;
}

/* Every node once, whatever is folded; a tensor by its shape and norm; data want no gradient. */
static void test_tensors_and_folding(void **state) {
  (void)state;
  struct view view;
  start(&view, "net.gw", "seed 1; data X = randn(4, 3); param W = randn(2, 4)\n"
                         "A = sigmoid(W @ X); L = sum(A)");
  doing(&view.session, "run");
  draw(&view);
  has(&view.svg, ">2×3 |", true);
  assert_int_equal(count_of(&view.svg, "font-weight=\"700\">"), 1 + 4); /* the title, the names */
  assert_int_equal(count_of(&view.svg, ">g</text>"), count_of(&view.svg, ">v</text>") - 1);
  size_t folded = count_of(&view.dot, "<TABLE");
  doing(&view.session, "unfold all");
  draw(&view);
  assert_true(count_of(&view.dot, "<TABLE") > folded);
  assert_int_equal(count_of(&view.dot, "<TABLE"), count_of(&view.svg, "<rect ") - 1);
  done(&view);
}

/* A lesson's title may hold anything. */
static void test_text_is_escaped(void **state) {
  (void)state;
  struct view view;
  start(&view, "evil.md",
        "# <b>&amp; \"quoted\" 'it' \\\\ \033[31m \xE2\x80\xAE \xC2\x9B {a|b} &lt;/svg&gt; "
        "\xEF\xBF\xBF 한글\n\n```graph\nparam x = 1\nf = x * 2\n```\n");
  const char *svg = text_string(&view.svg), *dot = text_string(&view.dot);
  for (const char *at = svg; *at; at++) assert_true((unsigned char)*at >= 0x20 || *at == '\n');
  for (const char *at = dot; *at; at++) assert_true((unsigned char)*at >= 0x20 || *at == '\n');
  has(&view.svg, "&amp; &quot;quoted&quot; &#39;it&#39;", true);
  has(&view.svg, "&lt;/svg&gt;", true);
  has(&view.svg, "&lt;U+001B&gt;[31m &lt;U+202E&gt;", true);
  has(&view.svg, "\xEF\xBF\xBF", false);
  has(&view.svg, "한글", true);
  has(&view.dot, "\\\"quoted\\\"", true);
  done(&view);
}

static void test_svg_text(void **state) {
  (void)state;
  struct text out;
  text_init(&out);
  svg_text(&out, "a<b>\"'&\t\xFF\0z", 11);
  assert_string_equal(text_string(&out),
                      "a&lt;b&gt;&quot;&#39;&amp; &lt;FF&gt;&lt;U+0000&gt;z");
  text_done(&out);
}

/* -- the layout below them -- */

static bool touch(const struct box *a, const struct box *b) {
  return a->row < b->row + b->height && b->row < a->row + a->height &&
         a->col < b->col + b->width && b->col < a->col + a->width;
}

static void test_boxes_keep_apart(void **state) {
  (void)state;
  struct view view;
  struct circuit circuit = {0};
  start(&view, "apart.gw",
        "data m = 3; param a = 1; param b = 2; param c = 3; p = a * b; q = b * c; r = a * c\n"
        "s = p + q; t = q + r; u = p + r; v = s * t; w = t * u; L = v + w + s * u");
  doing(&view.session, "unfold all");
  assert_int_equal(circuit_make(&circuit, view.session.model, 0), STATUS_OK);
  const struct layout *layout = &circuit.layout;
  for (size_t i = 0; i < layout->count; i++) {
    const struct box *box = &layout->boxes[i];
    assert_true(box->row >= 0 && box->row + box->height <= layout->rows);
    assert_true(box->col >= 0 && box->col + box->width <= layout->cols);
    for (size_t k = 0; k < i; k++) assert_false(touch(box, &layout->boxes[k]));
    for (int k = 0; k < box->input_count; k++) {
      assert_true(layout->boxes[box->inputs[k]].layer < box->layer);
      assert_true(box->ports[k] > 0 && box->ports[k] < box->height - 1);
    }
  }
  circuit_done(&circuit);
  done(&view);
}

/* -- files -- */

static enum status try(struct session *session, const char *line, struct diag *diag) {
  struct lines out;
  lines_init(&out);
  enum status status = command_do(session, line, &out, diag);
  lines_done(&out);
  return status;
}

static void test_files(void **state) {
  (void)state;
  static const struct {
    const char *line;
    enum status status;
    const char *why;
  } refused[] = {
      {"export", STATUS_USAGE, "export what?"},
      {"export picture", STATUS_USAGE, "to which file"},
      {"export picture.png", STATUS_USAGE, "to which file"},
      {"export .svg", STATUS_USAGE, "to which file"},
      {"export picture.SVG", STATUS_USAGE, "to which file"},
      {"export q picture.svg", STATUS_USAGE, "names no format"},
      {"export screen.svg", STATUS_USAGE, "only the explorer has a screen"},
      {"export screen x.txt", STATUS_USAGE, "only the explorer has a screen"},
      {"export x.ans", STATUS_USAGE, "only the explorer has a screen"},
      {"export /nonexistent/x.svg", STATUS_IO, "/nonexistent/x.svg"},
  };
  struct view view;
  struct diag diag;
  char line[512], path[300], bytes[64] = "";
  start(&view, "files.gw", chain);
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    enum status status = try(&view.session, refused[i].line, &diag);
    if (status != refused[i].status || !strstr(diag.message, refused[i].why))
      fail_msg("%s: %d, %s", refused[i].line, (int)status, diag.message);
  }
  snprintf(path, sizeof path, "%s/out.svg", folder);
  snprintf(line, sizeof line, "export %s", path);
  doing(&view.session, line);
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  size_t length = fread(bytes, 1, sizeof bytes - 1, file);
  fclose(file);
  assert_true(length > 10);
  assert_memory_equal(bytes, "<svg xmlns=", 11);
  assert_int_equal(deeds_count(view.session.done), 1); /* no change of the session */
  remove(path);
  assert_int_equal(mkdir(path, 0700), 0); /* in the way: nothing is left behind beside it */
  assert_int_equal(try(&view.session, line, &diag), STATUS_IO);
  assert_int_equal(rmdir(path), 0);
  snprintf(path, sizeof path, "%s/out.svg.tmp", folder);
  assert_int_not_equal(access(path, F_OK), 0);
  done(&view);
}

static int make_folder(void **state) {
  (void)state;
  return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
  static const char *const files[] = {"chain.gw", "net.gw", "evil.md", "apart.gw", "files.gw"};
  char path[256];
  (void)state;
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    snprintf(path, sizeof path, "%s/%s", folder, files[i]);
    remove(path);
  }
  return rmdir(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_numbers_as_far_as_the_walk),
      cmocka_unit_test(test_tensors_and_folding),
      cmocka_unit_test(test_text_is_escaped),
      cmocka_unit_test(test_svg_text),
      cmocka_unit_test(test_boxes_keep_apart),
      cmocka_unit_test(test_files),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
