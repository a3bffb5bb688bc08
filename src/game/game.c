#include "game/game.h"

#include "core/clock.h"
#include "core/hash.h"
#include "core/intl.h"
#include "core/memory.h"
#include "core/shared.h"
#include "explore/log.h"
#include "explore/options.h"
#include "game/record.h"
#include "io/file.h"
#include "lang/shown.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>


static enum status do_hunt(struct session *session, const struct source *arguments,
                           struct lines *out, struct diag *diag);

static void end_play(void *object) {
  struct play *play = object;
  hunt_done(&play->hunt);
  for (size_t i = 0; i < play->act_count; i++) free(play->acts[i].line);
  free(play->acts);
  free(play->lesson);
  free(play->record);
  free(play->seen);
}

bool play_is_on(const struct session *session) {
  return session->now.at.play && !session->now.at.play->hunt.over;
}

static void set_clock(struct play *play) {
  if (play->hunt.over) return;
  play->hunt.seconds = play->at >= 0 ? play->at : seconds_now() - play->began;
}

/* -- what may be done, and what it costs -- */

static enum status must_wait(const char *command, struct diag *diag) {
  diag_set(diag, STATUS_USAGE, SPAN_NONE, _("a hunt is on; \"%s\" has to wait until it is over"),
           command);
  diag_hint(diag, "%s", _("\"giveup\" ends it"));
  return STATUS_USAGE;
}

enum status play_allows(const struct session *session, const struct command *command,
                        const char *arguments, struct diag *diag) {
  if (!play_is_on(session)) return STATUS_OK;
  bool waits = command->hunt == IN_HUNT_WAITS ||
               (command->hunt == IN_HUNT_WORDS_WAIT && *arguments);
  return waits ? must_wait(command->name, diag) : STATUS_OK;
}

enum status play_allows_undo(const struct session *session, struct diag *diag) {
  bool into_hunt = !play_is_on(session) ||
                   deeds_count(session->done) > session->now.at.play->log_index + 1;
  return into_hunt ? STATUS_OK : must_wait("undo", diag);
}

static enum status write_record(const struct session *session, struct diag *diag) {
  struct text text;
  if (!session->now.at.play->record) return STATUS_OK;
  text_init(&text);
  enum status status = record_make(session->now.at.play, &text);
  status = status ? diag_no_memory(diag) : file_write(session->now.at.play->record, &text, diag);
  text_done(&text);
  return status;
}

/* Coming to a node costs once. */
static void count_act(struct session *session, const struct command *command) {
  static const struct {
    enum hunt_act act;
    bool counts, looks;
  } acts[] = {[IN_HUNT_FREE] = {0},
              [IN_HUNT_A_CHECK] = {HUNT_CHECK, true, false},
              [IN_HUNT_A_LOOK] = {HUNT_LOOK, true, true},
              [IN_HUNT_AN_ARRIVAL] = {HUNT_LOOK, true, true},
              [IN_HUNT_AN_ENTRY] = {HUNT_ENTRY, true, false},
              [IN_HUNT_WAITS] = {0},
              [IN_HUNT_WORDS_WAIT] = {0}};
  struct play *play = session->now.at.play;
  bool *seen = session->look.focus >= 0 ? &play->seen[session->look.focus] : NULL;
  if (!acts[command->hunt].counts) return;
  if (command->hunt != IN_HUNT_AN_ARRIVAL || !seen || !*seen)
    hunt_act(&play->hunt, acts[command->hunt].act);
  if (seen && acts[command->hunt].looks) *seen = true;
}

static enum status note(struct session *session, const struct command *command, const char *line,
                        struct diag *diag) {
  struct play *play = session->now.at.play;
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

enum status play_note(struct session *session, const struct command *command, const char *line,
                      struct diag *diag) {
  const struct play *play = session->now.at.play;
  if (!play || play->closed || command->run == do_hunt) return STATUS_OK;
  return note(session, command, line, diag);
}

enum status play_look(struct session *session, struct diag *diag) {
  const struct command *focus = session->interpreter->find("focus", strlen("focus"));
  const int node = session->look.focus;
  struct text line;
  if (!play_is_on(session) || node < 0 || session->now.at.play->seen[node]) return STATUS_OK;
  text_init(&line);
  text_printf(&line, "focus %s", session->model->nodes[node].name);
  enum status status = line.failed ? diag_no_memory(diag)
                                   : note(session, focus, text_string(&line), diag);
  text_done(&line);
  return status;
}

/* What the score would be if all were found now. */
static unsigned points_left(const struct hunt *hunt) {
  struct hunt all = *hunt;
  for (size_t i = 0; i < all.count; i++) all.bugs[i].found = true;
  return hunt_score(&all);
}

/* TRANSLATORS: a list, "1 of 2 found, 3 checks, 1 look, 70 points to win", whose items are
 * separated by commas. */
void play_put_state(const struct session *session, struct text *out) {
  const struct hunt *hunt = &session->now.at.play->hunt;
  unsigned checks = hunt->acts[HUNT_CHECK];
  unsigned looks = hunt->acts[HUNT_LOOK] + hunt->acts[HUNT_ENTRY];
  text_printf(out, _("%zu of %zu found"), hunt_found(hunt), hunt->count);
  text_puts(out, ", ");
  text_printf(out, checks == 1 ? _("%u check") : _("%u checks"), checks);
  text_puts(out, ", ");
  text_printf(out, looks == 1 ? _("%u look") : _("%u looks"), looks);
  text_puts(out, ", ");
  text_printf(out, hunt->over ? _("%u points") : _("%u points to win"),
              hunt->over ? hunt_score(hunt) : points_left(hunt));
}

/* -- the commands -- */

static void put_end(const struct session *session, struct text *out) {
  const struct hunt *hunt = &session->now.at.play->hunt;
  struct text state;
  text_init(&state);
  play_put_state(session, &state);
  text_printf(out, _("the hunt is over: %s\n"), text_string(&state));
  out->failed = out->failed || state.failed;
  text_done(&state);
  for (size_t i = 0; i < hunt->count; i++)
    if (!hunt->bugs[i].found) hunt_debrief(&hunt->bugs[i], out);
}

static enum status play_answer(struct session *session, const struct source *arguments,
                               struct lines *out, struct diag *diag);
static enum status play_hint(struct session *session, const struct source *arguments,
                             struct lines *out, struct diag *diag);
static enum status give_up(struct session *session, const struct source *arguments,
                           struct lines *out, struct diag *diag);

static const struct examiner examiner = {play_answer, play_hint, give_up};

/* While a hunt is on it asks; once it is over, the lesson does again. */
static void settle(struct session *session) {
  const bool on = play_is_on(session);
  session->examiner = on ? &examiner : NULL;
  session->secret = on;
}

enum status play_settle(struct session *session, struct diag *diag) {
  enum status status = STATUS_OK;
  settle(session);
  if (!session->now.at.play || !session_is_open(session)) return STATUS_OK;
  status = hunt_put_out(&session->now.at.play->hunt, session->model, diag);
  if (status || edits_are(session->now.at.edits, session->model)) return status;
  return session_refresh(session, diag);
}

/* The hunt is over, or one of its bugs is out. */
static enum status go_on(struct session *session, struct diag *diag) {
  session->now.at.answers++;
  settle(session);
  return session_refresh(session, diag);
}

static enum status play_answer(struct session *session, const struct source *arguments,
                               struct lines *out, struct diag *diag) {
  struct play *play = session->now.at.play;
  const struct hidden_bug *found;
  if (!*arguments->text)
    return diag_set(
        diag, STATUS_USAGE, SPAN_NONE, "%s",
        _("answer where and what kind, as in answer dW2 scale, or with the right line"));
  set_clock(play);
  enum status status =
      hunt_answer(&play->hunt, session->model, arguments, &found, &out->text, diag);
  if (!status && !found) session->now.at.answers++;
  if (status || !found) return status;
  status = go_on(session, diag);
  if (status) return status;
  text_puts(&out->text, _("right! that bug is out\n"));
  hunt_debrief(found, &out->text);
  if (play->hunt.over) put_end(session, &out->text);
  return STATUS_OK;
}

static enum status play_hint(struct session *session, const struct source *arguments,
                             struct lines *out, struct diag *diag) {
  (void)arguments;
  set_clock(session->now.at.play);
  enum status status = hunt_hint(&session->now.at.play->hunt, &out->text, diag);
  session->now.at.answers += !status;
  return status;
}

static enum status give_up(struct session *session, const struct source *arguments,
                           struct lines *out, struct diag *diag) {
  (void)arguments;
  if (!play_is_on(session))
    return diag_set(diag, STATUS_USAGE, SPAN_NONE, "%s", _("no hunt is on"));
  set_clock(session->now.at.play);
  enum status status = hunt_end(&session->now.at.play->hunt, session->model, diag);
  if (!status) status = go_on(session, diag);
  if (!status) put_end(session, &out->text);
  return status;
}

enum status play_record(struct session *session, const char *path, struct diag *diag) {
  struct play *play = session->now.at.play;
  if (access(path, F_OK) == 0) {
    diag_set(diag, STATUS_USAGE, SPAN_NONE, _("%s exists already; it is left as it is"), path);
    diag_hint(diag, "%s", _("a record needs a file of its own"));
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
  const struct hunt *hunt = &session->now.at.play->hunt;
  text_printf(out, hunt->count == 1
                       ? _("hunt %u, level %d: a bug is hidden in the backward pass\n")
                       : _("hunt %u, level %d: %zu bugs are hidden in the backward pass\n"),
              hunt->seed, hunt->level, hunt->count);
  text_puts(out, _("every line shows what it should be; look at numbers, check, and answer\n"
                   "  answer dNAME KIND     where, and which kind (\"bugs\" has them all)\n"
                   "  answer dNAME = EXPR   the line as it should be\n"
                   "  numeric NAME[i, j]    one entry of the numerical gradient\n"
                   "  hint, giveup\n"));
  text_printf(out,
              _("%d points; a check costs %u, a look or an entry %u, a wrong answer %u, hints %u, "
                "%u and %u, a minute %d\ngoing to a node is a look the first time\n"),
              HUNT_FULL_SCORE, hunt_prices[HUNT_CHECK].points, hunt_prices[HUNT_LOOK].points,
              hunt_prices[HUNT_WRONG].points, hunt_prices[HUNT_HINT_1].points,
              hunt_prices[HUNT_HINT_2].points, hunt_prices[HUNT_HINT_3].points, HUNT_MINUTE_POINTS);
}

/* What the player asked for, and what a record must say of it. */
static enum status prepare(struct play *play, struct session *session,
                           const struct options *options, struct diag *diag) {
  const struct model *model = session->model;
  play->options = (struct hunt_options){.seed = (uint32_t)(options->seed > 0 ? options->seed : 0),
                                        .level = options->level > 0 ? options->level : 1,
                                        .bugs = options->bug_count > 0 ? options->bug_count : 1,
                                        .edition = options->edition,
                                        .frozen = session->now.at.frozen || options->frozen};
  play->page = session->now.page;
  play->text = hash_bytes(HASH_START, model->source->text, model->source->length);
  play->at = session->now.at.play ? session->now.at.play->at : -1;
  play->began = seconds_now();
  play->log_index = deeds_count(session->done);
  play->lesson = name_lesson(text_string(&session->now.lesson->path));
  play->seen = calloc(model->node_count + 1, sizeof *play->seen);
  if (play->seen && session->look.focus >= 0) play->seen[session->look.focus] = true;
  return play->lesson && play->seen ? STATUS_OK : diag_no_memory(diag);
}

/* The session plays PLAY from now on. */
static enum status begin(struct session *session, struct play *play, struct diag *diag) {
  enum status status = hunt_begin(&play->hunt, session->model, &play->options, diag);
  if (status) return status;
  shared_drop(session->now.at.play);
  session->now.at.play = shared_keep(play);
  session->now.at.answers = 0;
  session->now.at.frozen = play->options.frozen;
  settle(session);
  return session_refresh(session, diag);
}

static enum status do_hunt(struct session *session, const struct source *arguments,
                           struct lines *out, struct diag *diag) {
  struct options options;
  struct play *play = shared_new(sizeof *play, end_play);
  enum status status = options_parse_words(&options, VERB_HUNT, arguments, diag);
  if (!status && !play) status = diag_no_memory(diag);
  if (!status) status = prepare(play, session, &options, diag);
  if (!status) status = begin(session, play, diag);
  if (!status && options.record) status = play_record(session, options.record, diag);
  if (!status) introduce(session, &out->text);
  shared_drop(play);
  options_done(&options);
  return status;
}

const struct command hunt_commands[] = {
    {.name = "hunt", .arguments = "[seed=N] [level=1..5] [bugs=K]",
     .flags = COMMAND_CHANGES | COMMAND_NEEDS_MODEL, .hunt = IN_HUNT_WAITS, .run = do_hunt,
     .options = VERB_HUNT, .shown = SHOWN_AFTER, .view = VIEW_CIRCUIT,
     .help = "hide bugs in the backward pass, to be found"},
    {.name = "giveup", .arguments = "",
     .flags = COMMAND_CHANGES | COMMAND_NEEDS_MODEL | COMMAND_OF_PLAYERS, .run = give_up,
     .help = "end the hunt, and see what was hidden"},
    {0}};
