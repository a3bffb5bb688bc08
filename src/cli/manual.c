#include "cli/manual.h"

#include "command/command.h"
#include "lang/describe.h"
#include "tui/action.h"
#include "tui/keymap.h"

#include <ctype.h>
#include <string.h>

static void begin(struct text *out, const char *section) {
  text_printf(out, ".\\\" begin %s\n.Bl -tag -width 6n -compact\n", section);
}

static void end(struct text *out, const char *section) {
  text_printf(out, ".El\n.\\\" end %s\n", section);
}

/* Plain text for mdoc: no backslash, quote or non-ASCII character of it means anything. */
static void put_plain(struct text *out, const char *text, size_t length) {
  for (size_t i = 0, size; i < length; i += size) {
    int32_t code = utf8_decode(text + i, length - i, &size);
    if (code == '\\') text_puts(out, "\\e");
    else if (code == '"') text_puts(out, "\\(dq");
    else if (code > 0x7E) text_printf(out, "\\[u%04X]", (unsigned)code);
    else text_put(out, text + i, size);
  }
}

/* A line of text; none of ours begins with a dot or a quote, which would make it a request. */
static void put_text(struct text *out, const char *text) {
  put_plain(out, text, strlen(text));
  text_puts(out, "\n");
}

/* Words in capitals are what a person replaces, others are typed as they stand: "[NAME] [light |
 * dark]" is Op Ar NAME Op Cm light | dark. */
static void put_arguments(struct text *out, const char *arguments) {
  static const char marks[] = "[]|=,";
  bool tight = false;
  for (const char *at = arguments; *at;) {
    size_t length = strcspn(at, " []|=,");
    if (*at == ' ') tight = false, at++;
    else if (*at == '[') text_puts(out, tight ? " Ns Oo" : " Oo"), tight = false, at++;
    else if (*at == ']') text_puts(out, " Oc"), tight = true, at++;
    else if (*at == '|') text_puts(out, " |"), at++;
    else if (strchr(marks, *at))
      text_printf(out, "%s %c", tight ? " Ns" : " No", *at++), tight = true;
    else {
      bool upper = isupper((unsigned char)*at) != 0;
      text_printf(out, "%s %s ", tight ? " Ns" : "", upper ? "Ar" : "Cm");
      put_plain(out, at, length);
      at += length;
      tight = true;
    }
  }
}

static void put_item(struct text *out, const char *name, const char *arguments, const char *help) {
  text_printf(out, ".It Ic %s", name);
  put_arguments(out, arguments);
  text_puts(out, "\n");
  put_text(out, help);
}

static void put_option(struct text *out, const struct option_help *option,
                       const struct verb_name *verbs, size_t count) {
  const char *between = " (";
  text_printf(out, ".It Fl -%s", option->name);
  if (option->argument) text_puts(out, " Ns = Ns Ar ");
  if (option->argument) put_plain(out, option->argument, strlen(option->argument));
  text_puts(out, "\n");
  put_plain(out, option->help, strlen(option->help));
  for (size_t i = 0; i < count; i++) {
    if (!(option->verbs & verbs[i].verb)) continue;
    text_printf(out, "%s%s", between, verbs[i].name);
    between = ", ";
  }
  text_puts(out, *between == ',' ? ")\n" : "\n");
}

static void put_keys(struct text *out, const struct keymap *keymap) {
  for (size_t i = 0; i < keymap->count; i++) {
    const struct binding *binding = &keymap->bindings[i];
    struct text keys;
    text_init(&keys);
    keymap_keys(keymap, i, &keys);
    if (keys.length > 0) {
      text_puts(out, ".It \\&");
      put_plain(out, keys.bytes, keys.length);
      text_puts(out, "\n");
      put_plain(out, binding->command, strlen(binding->command));
      if (*binding->view) text_printf(out, " (in the view %s)", binding->view);
      text_puts(out, "\n");
    }
    out->failed = out->failed || keys.failed;
    text_done(&keys);
  }
}

/* -- the language -- */

static void put_entry(struct text *out, const struct text *use, const struct text *help) {
  text_puts(out, ".It \\&");
  put_plain(out, text_string(use), use->length);
  text_puts(out, "\n\\&");
  put_text(out, text_string(help));
  out->failed = out->failed || use->failed || help->failed;
}

static void put_operations(struct text *out) {
  for (int id = 0; id < OP_COUNT; id++) {
    struct text use, help;
    if (op_table[id].flags & OP_HIDDEN) continue;
    text_init(&use);
    text_init(&help);
    operation_put_use(&use, &op_table[id]);
    text_puts(&help, op_table[id].help);
    put_entry(out, &use, &help);
    text_done(&use);
    text_done(&help);
  }
}

static enum status put_gates(struct text *out, struct diag *diag) {
  struct gates gates;
  enum status status = gates_read(&gates, diag);
  for (size_t i = 0; !status && i < gates.syntax.count; i++) {
    struct text use, help;
    text_init(&use);
    text_init(&help);
    gate_put_use(&use, &gates.syntax.statements[i]);
    gate_put_summary(&help, &gates.syntax.statements[i]);
    put_entry(out, &use, &help);
    text_done(&use);
    text_done(&help);
  }
  gates_done(&gates);
  return status;
}

enum status manual_lists(struct text *out, const struct verb_name *verbs, size_t count,
                         struct diag *diag) {
  struct option_help option;
  struct keymap keymap;
  begin(out, "options");
  for (int i = 0; options_describe(i, &option); i++) put_option(out, &option, verbs, count);
  end(out, "options");
  begin(out, "commands");
  const struct command *command;
  for (size_t i = 0; (command = command_at(i)); i++)
    put_item(out, command->name, command->arguments, command->help);
  end(out, "commands");
  begin(out, "actions");
  for (size_t i = 0; i < action_count; i++)
    put_item(out, action_table[i].name, action_table[i].arguments, action_table[i].help);
  end(out, "actions");
  begin(out, "keys");
  enum status status = keymap_defaults(&keymap, diag);
  if (!status) put_keys(out, &keymap);
  keymap_done(&keymap);
  end(out, "keys");
  begin(out, "operations");
  put_operations(out);
  end(out, "operations");
  begin(out, "gates");
  if (!status) status = put_gates(out, diag);
  end(out, "gates");
  return status;
}
