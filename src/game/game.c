#include "game/game.h"

#include "command/command.h"
#include "core/clock.h"
#include "core/hash.h"
#include "core/intl.h"
#include "core/memory.h"
#include "explore/options.h"
#include "io/file.h"
#include "lang/shown.h"
#include "reader/page.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct span nowhere = {0};

void play_done(struct play *play) {
  if (!play) return;
  hunt_done(&play->hunt);
  for (size_t i = 0; i < play->act_count; i++) free(play->acts[i].line);
  free(play->acts);
  free(play->lesson);
  free(play->record);
  free(play->seen);
  free(play);
}

bool play_is_on(const struct session *session) {
  return session->play && !session->play->hunt.over;
}

static void set_clock(struct play *play) {
  if (play->hunt.over) return;
  play->hunt.seconds = play->at >= 0 ? play->at : seconds_now() - play->began;
}

/* -- what may be done, and what it costs -- */

enum status play_allows(const struct session *session, const char *command, struct diag *diag) {
  if (!play_is_on(session) || session->replaying) return STATUS_OK;
  bool refused = strcmp(command, "undo") == 0 && session->log_done <= session->play->log_index + 1;
  const struct command *row = command_named(command, strlen(command));
  if (!refused && (!row || row->hunt != IN_HUNT_WAITS)) return STATUS_OK;
  diag_set(diag, STATUS_USAGE, nowhere, _("a hunt is on; \"%s\" has to wait until it is over"),
           command);
  diag_hint(diag, "%s", _("\"giveup\" ends it"));
  return STATUS_USAGE;
}

static enum status write_record(const struct session *session, struct diag *diag) {
  struct text text;
  if (!session->play->record) return STATUS_OK;
  text_init(&text);
  enum status status = record_make(session, &text);
  status = status ? diag_no_memory(diag) : file_write(session->play->record, &text, diag);
  text_done(&text);
  return status;
}

/* Going to a node costs once. */
static void count_act(struct session *session, const char *command) {
  static const enum hunt_act acts[] = {[IN_HUNT_A_CHECK] = HUNT_CHECK, [IN_HUNT_A_LOOK] = HUNT_LOOK,
                                       [IN_HUNT_AN_ENTRY] = HUNT_ENTRY};
  const struct command *row = command_named(command, strlen(command));
  if (!row || row->hunt == IN_HUNT_FREE || row->hunt == IN_HUNT_WAITS) return;
  const enum hunt_act act = acts[row->hunt];
  const bool goes = strcmp(command, "focus") == 0;
  struct play *play = session->play;
  bool *seen = session->focus >= 0 ? &play->seen[session->focus] : NULL;
  if (!goes || !seen || !*seen) hunt_act(&play->hunt, act);
  if (seen && act == HUNT_LOOK) *seen = true;
}

enum status play_note(struct session *session, const char *command, const char *line,
                      struct diag *diag) {
  struct play *play = session->play;
  if (!play || play->closed || session->replaying || strcmp(command, "hunt") == 0)
    return STATUS_OK;
  char *copy = strndup(line, strcspn(line, "\r\n"));
  if (!copy || !array_reserve(&play->acts, &play->act_capacity, play->act_count + 1,
                              sizeof *play->acts)) {
    free(copy);
    return diag_no_memory(diag);
  }
  set_clock(play);
  play->acts[play->act_count++] = (struct play_act){play->hunt.seconds, copy};
  count_act(session, command);
  play->closed = play->hunt.over;
  return write_record(session, diag);
}

enum status play_look(struct session *session, struct diag *diag) {
  struct text line;
  if (!play_is_on(session) || session->focus < 0 || session->play->seen[session->focus])
    return STATUS_OK;
  text_init(&line);
  text_printf(&line, "focus %s", session->model.nodes[session->focus].name);
  enum status status = line.failed ? diag_no_memory(diag)
                                   : play_note(session, "focus", text_string(&line), diag);
  text_done(&line);
  return status;
}

/* What the score would be if all were found now. */
static unsigned points_left(const struct hunt *hunt) {
  struct hunt all = *hunt;
  for (size_t i = 0; i < all.count; i++) all.quarries[i].found = true;
  return hunt_score(&all);
}

void play_put_state(const struct session *session, struct text *out) {
  const struct hunt *hunt = &session->play->hunt;
  unsigned checks = hunt->acts[HUNT_CHECK];
  unsigned looks = hunt->acts[HUNT_LOOK] + hunt->acts[HUNT_ENTRY];
  text_printf(out, _("%zu of %zu found, "), hunt_found(hunt), hunt->count);
  text_printf(out, checks == 1 ? _("%u check, ") : _("%u checks, "), checks);
  text_printf(out, looks == 1 ? _("%u look, ") : _("%u looks, "), looks);
  text_printf(out, hunt->over ? _("%u points") : _("%u points to win"),
              hunt->over ? hunt_score(hunt) : points_left(hunt));
}

/* -- the commands -- */

static void put_end(const struct session *session, struct text *out) {
  const struct hunt *hunt = &session->play->hunt;
  text_printf(out, _("the hunt is over: "));
  play_put_state(session, out);
  text_puts(out, "\n");
  for (size_t i = 0; i < hunt->count; i++)
    if (!hunt->quarries[i].found) hunt_debrief(&hunt->quarries[i], out);
}

/* Once the hunt is over the lesson's questions are asked again. */
static enum status ask_lesson(struct session *session, command_run *command,
                              const struct source *arguments, struct lines *out,
                              struct diag *diag) {
  const struct examiner *examiner = session->examiner;
  session->examiner = NULL;
  enum status status = command(session, arguments, out, diag);
  session->examiner = examiner;
  return status;
}

static enum status play_answer(struct session *session, const struct source *arguments, struct lines *out,
                               struct diag *diag) {
  struct play *play = session->play;
  const struct quarry *found;
  if (session->replaying) return STATUS_OK;
  if (play->hunt.over) return ask_lesson(session, do_answer, arguments, out, diag);
  if (!*arguments->text)
    return diag_set(diag, STATUS_USAGE, nowhere, "%s",
                    _("answer where and what kind, as in answer dW2 scale, or with the right line"));
  set_clock(play);
  enum status status =
      hunt_answer(&play->hunt, &session->model, arguments, &found, &out->text, diag);
  if (!status && found) status = session_refresh(session, diag);
  if (status || !found) return status;
  text_puts(&out->text, _("right! that bug is out\n"));
  hunt_debrief(found, &out->text);
  if (play->hunt.over) put_end(session, &out->text);
  return STATUS_OK;
}

static enum status play_hint(struct session *session, const struct source *arguments,
                             struct lines *out, struct diag *diag) {
  if (session->replaying) return STATUS_OK;
  if (session->play->hunt.over) return ask_lesson(session, do_hint, arguments, out, diag);
  set_clock(session->play);
  return hunt_hint(&session->play->hunt, &out->text, diag);
}

static enum status play_skip(struct session *session, const struct source *arguments,
                             struct lines *out, struct diag *diag) {
  if (!session->replaying && session->play->hunt.over)
    return ask_lesson(session, do_skip, arguments, out, diag);
  return do_giveup(session, arguments, out, diag);
}

static const struct examiner examiner = {play_answer, play_hint, play_skip};

enum status do_giveup(struct session *session, const struct source *arguments, struct lines *out,
                      struct diag *diag) {
  (void)arguments;
  if (session->replaying) return STATUS_OK;
  if (!play_is_on(session))
    return diag_set(diag, STATUS_USAGE, nowhere, "%s", _("no hunt is on"));
  set_clock(session->play);
  enum status status = hunt_end(&session->play->hunt, &session->model, diag);
  if (!status) status = session_refresh(session, diag);
  if (!status) put_end(session, &out->text);
  return status;
}

enum status play_record(struct session *session, const char *path, struct diag *diag) {
  struct play *play = session->play;
  if (access(path, F_OK) == 0) {
    diag_set(diag, STATUS_USAGE, nowhere, _("%s exists already; it is left as it is"), path);
    diag_hint(diag, "%s", _("a record wants a file of its own"));
    return STATUS_USAGE;
  }
  free(play->record);
  play->record = strdup(path);
  return play->record ? write_record(session, diag) : diag_no_memory(diag);
}

/* How another machine may find the lesson of PATH: by its name if it is one of those that come with
 * the program. */
static char *name_lesson(const char *path) {
  struct text found;
  struct diag diag;
  const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
  char *name = strdup(base);
  size_t length = name ? strlen(name) : 0;
  if (length > 3 && strcmp(name + length - 3, ".md") == 0) name[length - 3] = '\0';
  text_init(&found);
  bool shipped = name && *name && !lesson_find(&found, name, &diag) &&
                 strcmp(text_string(&found), path) == 0;
  text_done(&found);
  if (shipped || !name) return name;
  free(name);
  return strdup(path);
}

static void introduce(const struct session *session, struct text *out) {
  const struct hunt *hunt = &session->play->hunt;
  text_printf(out, hunt->count == 1
                       ? _("hunt %u, level %d: a bug is hidden in the backward pass\n")
                       : _("hunt %u, level %d: %zu bugs are hidden in the backward pass\n"),
              hunt->seed, hunt->level, hunt->count);
  text_puts(out, _("every line shows what it should be; look at numbers, check, and answer\n"
                   "  answer dNAME KIND     where, and which kind (\"bugs\" has them all)\n"
                   "  answer dNAME = EXPR   the line as it should be\n"
                   "  numeric NAME[i, j]    one entry of the numerical gradient\n"
                   "  hint, giveup\n"));
  text_printf(out, _("%d points; a check costs %u, a look or an entry %u, a wrong answer %u, hints %u, "
                     "%u and %u, a minute %d\ngoing to a node is a look the first time\n"),
              HUNT_FULL_SCORE, hunt_prices[HUNT_CHECK].points, hunt_prices[HUNT_LOOK].points,
              hunt_prices[HUNT_WRONG].points, hunt_prices[HUNT_HINT_1].points,
              hunt_prices[HUNT_HINT_2].points, hunt_prices[HUNT_HINT_3].points,
              HUNT_MINUTE_POINTS);
}

/* A replay of the log comes by here again: the same hunt, with what was found left out. */
static enum status hide_again(struct session *session, struct diag *diag) {
  enum status status = hunt_hide_again(&session->play->hunt, &session->model, diag);
  session->examiner = &examiner;
  session->frozen = session->play->options.frozen;
  return status ? status : session_refresh(session, diag);
}

enum status do_hunt(struct session *session, const struct source *arguments, struct lines *out,
                    struct diag *diag) {
  struct options options;
  if (session->replaying && session->play) return hide_again(session, diag);
  enum status status = options_parse_words(&options, VERB_HUNT, arguments, diag);
  struct play *play = status ? NULL : calloc(1, sizeof *play);
  if (!status && !play) status = diag_no_memory(diag);
  if (!status) {
    play->options = (struct hunt_options){.seed = (uint32_t)(options.seed > 0 ? options.seed : 0),
                                          .level = options.level > 0 ? options.level : 1,
                                          .bugs = options.bug_count > 0 ? options.bug_count : 1,
                                          .frozen = session->frozen || options.frozen};
    play->page = session->page;
    play->text = hash_bytes(HASH_START, session->model.source->text, session->model.source->length);
    play->at = session->play ? session->play->at : -1;
    play->began = seconds_now();
    play->log_index = session->log_done;
    play->lesson = name_lesson(text_string(&session->lesson.path));
    play->seen = calloc(session->model.node_count + 1, sizeof *play->seen);
    if (play->seen && session->focus >= 0) play->seen[session->focus] = true;
    if (!play->lesson || !play->seen) status = diag_no_memory(diag);
  }
  if (!status) status = hunt_begin(&play->hunt, &session->model, &play->options, diag);
  if (status) {
    options_done(&options);
    play_done(play);
    return status;
  }
  play_done(session->play);
  session->play = play;
  session->examiner = &examiner;
  session->frozen = play->options.frozen;
  status = session_refresh(session, diag);
  if (!status && options.record) status = play_record(session, options.record, diag);
  if (!status) introduce(session, &out->text);
  options_done(&options);
  return status;
}

/* -- one entry of the numerical gradient -- */

static enum status slope_at(const struct session *session, int node, size_t entry, double *slope,
                            struct diag *diag) {
  const struct model *model = &session->model;
  struct probe probe = node_probe(model, node);
  struct run base;
  struct worker worker;
  if (run_init(&base, &model->program, &model->random, session->precision))
    return diag_no_memory(diag);
  base.frozen = session->frozen;
  run_code(&base, &model->program.forward, 0);
  probe.entry = entry;
  enum status status = worker_init(&worker, model, &base) ? diag_no_memory(diag) : STATUS_OK;
  if (!status)
    *slope = worker_slope(&worker, &probe, METHOD_CENTRAL, worker_step(&worker, &probe, 0));
  worker_done(&worker);
  run_done(&base);
  return status;
}

enum status do_numeric(struct session *session, const struct source *arguments, struct lines *out,
                       struct diag *diag) {
  const struct model *model = &session->model;
  char number[NUMBER_TEXT_SIZE], title[TITLE_SIZE];
  double slope = 0;
  int node = -1;
  size_t entry = 0;
  char *place = strdup(arguments->text);
  if (!place) return diag_no_memory(diag);
  enum status status = command_place(session, place, &node, &entry, diag);
  free(place);
  if (status) return status;
  size_t count = shape_count(model_shape(model, model->nodes[node].slot));
  if (model->loss < 0)
    return diag_set(diag, STATUS_USAGE, nowhere, "%s", _("the model has no loss"));
  if (entry == count && count > 1)
    return diag_set(diag, STATUS_USAGE, nowhere, _("which entry? numeric %s[0, 0]"),
                    node_title(model, node, title));
  status = slope_at(session, node, entry == count ? 0 : entry, &slope, diag);
  if (!status) text_printf(&out->text, "%s\n", number_text(slope, number));
  return status;
}
