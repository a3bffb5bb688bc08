/* A script typed at the prompt, and what --plain says to the same lines. */
#include "play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether the screen shows the first lines of what --plain said to line NUMBER, in FOLDER. */
static bool shows_the_same(struct play *play, const char *folder, int number) {
  enum { LINES = 4, COLUMNS = 60 };
  char path[1024];
  snprintf(path, sizeof path, "%s/%s/said.%d", play->scratch.folder, folder, number);
  char *said = read_whole(path), *rest = said, *screen = vt_dump(&play->child.vt, false);
  bool same = true;
  for (int i = 0; i < LINES && rest && same; i++) {
    static const char name[] = "gradwalk: "; /* who speaks is clear on the screen */
    char *line = strsep(&rest, "\n");
    if (strncmp(line, name, sizeof name - 1) == 0) line += sizeof name - 1;
    if (strlen(line) > COLUMNS) line[COLUMNS] = '\0';
    for (size_t length = strlen(line); length > 0 && line[length - 1] == ' ';) line[--length] = 0;
    same = strstr(screen, line) != NULL;
    if (!same) printf("# --plain says, and the screen does not: %s\n", line);
  }
  free(said);
  free(screen);
  return same;
}

/* Commands whose answer a view of their own shows in another form. */
static bool has_its_view(const char *line) {
  static const char *const names[] = {"check", "sweep", "show", "help", "log", "quit"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strncmp(line, names[i], strlen(names[i])) == 0) return true;
  return false;
}

/* type SCRIPT FOLDER: its lines at the prompt, each of which must say what FOLDER/said.N says */
void step_type(struct play *play, char **words) {
  char path[1024];
  int number = 0, differ = 0;
  snprintf(path, sizeof path, "%s/%s", play->scratch.folder, words[0]);
  char *script = read_whole(path), *rest = script;
  for (char *line; (line = strsep(&rest, "\n")) && !play->failed_hard;) {
    number++;
    if (!*line || !settle(play, QUIET)) continue;
    child_write(&play->child, ":", 1);
    child_write(&play->child, line, strlen(line));
    child_write(&play->child, "\r", 1);
    bool quits = strcmp(line, "quit") == 0;
    if (quits || *line == '#' || !settle(play, QUIET) || has_its_view(line)) continue;
    if (shows_the_same(play, words[1], number)) continue;
    printf("# line %d: %s\n", number, line);
    if (differ++ == 0) show_screen(play);
  }
  free(script);
  result(play, differ == 0 && number > 1, "%s: the screen says what --plain says", words[0]);
}
