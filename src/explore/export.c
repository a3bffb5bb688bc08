#include "explore/commands.h"

#include "core/intl.h"
#include "explore/evaluate.h"
#include "explore/picture.h"
#include "io/file.h"
#include "io/tensor_file.h"
#include "lang/shown.h"

#include <stdlib.h>
#include <string.h>


/* -- a tensor -- */

static enum status export_node(struct session *session, struct span name, const char *path,
                               struct text *out, struct diag *diag) {
  struct evaluation value = {0};
  enum status status = export_check_path(path, diag);
  if (!status) status = evaluate_text(session, name, &value, diag);
  if (!status) status = export_tensor(path, value.values, value.shape, diag);
  if (!status)
    text_printf(out, _("%.*s, %u x %u, is in %s\n"), (int)(name.end - name.start),
                name.source->text + name.start, value.shape.rows, value.shape.cols, path);
  free(value.values);
  return status;
}

/* -- the circuit -- */

static const struct picture {
  const char *ending;
  enum status (*make)(const struct session *session, struct text *out, struct diag *diag);
} pictures[] = {{".svg", picture_svg}, {".dot", picture_dot}};

static const struct picture *find_picture(const char *path) {
  for (size_t i = 0; i < sizeof pictures / sizeof *pictures; i++)
    if (path_ends(path, pictures[i].ending)) return &pictures[i];
  return NULL;
}

static enum status export_circuit(struct session *session, const struct picture *picture,
                                  const char *path, struct text *out, struct diag *diag) {
  struct text file;
  text_init(&file);
  enum status status = picture->make(session, &file, diag);
  if (!status) status = file_write(path, &file, diag);
  text_done(&file);
  if (!status) text_printf(out, _("the circuit is in %s\n"), path);
  return status;
}

/* -- the screen -- */

/* "screen.svg" in any folder means the screen, and so do endings that a circuit does not have. */
static bool names_screen(const char *path) {
  const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
  return strcmp(base, "screen.svg") == 0 || path_ends(path, ".txt") ||
         path_ends(path, ".ans");
}

static enum status export_screen(struct session *session, const char *path, struct text *out,
                                 struct diag *diag) {
  if (!session->screen) {
    diag_set(diag, STATUS_USAGE, SPAN_NONE, "%s", _("only the explorer has a screen to export"));
    diag_hint(diag, "%s", _("the circuit is written as FILE.svg or FILE.dot"));
    return STATUS_USAGE;
  }
  enum status status = session->screen(session->screen_context, path, diag);
  if (!status) text_printf(out, _("the screen is in %s\n"), path);
  return status;
}

/* -- the command --
 *   export NODE FILE.csv|.npy       a value, or with dNODE a gradient
 *   export FILE.svg|.dot            the circuit
 *   export screen FILE.txt|.ans|.svg, or export screen.svg, or any .txt or .ans: the screen
 * Files are written whole or not at all. */

/* How much of ARGUMENTS is the node: a word, or a part of a statement with blanks in it. */
static size_t name_length(const struct model *model, const char *arguments) {
  size_t word = strcspn(arguments, " \t"), last = strlen(arguments);
  while (last > word && arguments[last] != ' ' && arguments[last] != '\t') last--;
  bool gradient = strncmp(arguments, "d(", 2) == 0 && last > 2 && arguments[last - 1] == ')';
  bool part = gradient ? node_find_shown(model, arguments + 2, last - 3) >= 0
                       : node_find_shown(model, arguments, last) >= 0;
  return part ? last : word;
}

static enum status do_export(struct session *session, const struct source *arguments,
                             struct lines *out, struct diag *diag) {
  size_t word = name_length(session->model, arguments->text);
  const char *rest = arguments->text + word + strspn(arguments->text + word, " \t");
  const struct picture *picture = *rest ? NULL : find_picture(arguments->text);
  if (strncmp(arguments->text, "screen", word) == 0 && word == strlen("screen") && *rest)
    return export_screen(session, rest, &out->text, diag);
  if (!*rest && names_screen(arguments->text))
    return export_screen(session, arguments->text, &out->text, diag);
  if (picture) return export_circuit(session, picture, arguments->text, &out->text, diag);
  if (!*rest) {
    diag_set(diag, STATUS_USAGE, SPAN_NONE, "%s",
             *arguments->text ? _("export what, to which file?") : _("export what?"));
    diag_hint(diag, "%s", _("export FILE.svg or FILE.dot, export dW1 FILE.npy or FILE.csv, export "
                            "screen FILE.txt, .ans or .svg"));
    return STATUS_USAGE;
  }
  return export_node(session, (struct span){arguments, 0, (uint32_t)word}, rest, &out->text, diag);
}

const struct command export_commands[] = {
    {.name = "export", .arguments = "[NODE | screen] FILE", .flags = COMMAND_NEEDS_MODEL,
     .hunt = IN_HUNT_A_LOOK, .run = do_export, .completes = COMPLETE_NODES_THEN_FILES,
     .help = "the circuit as .svg or .dot; NODE (dNODE) as .csv or .npy; the screen as .txt, .ans, "
             ".svg"},
    {0}};
