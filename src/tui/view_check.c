/* The gradient check: how far it has come while it runs, then its report. */
#include "core/intl.h"
#include "tui/view.h"

#include <string.h>

static void draw_progress(struct ui *ui, struct area area) {
  const struct progress_state *progress = &ui->progress;
  double elapsed = ui->clock - progress->started;
  double rate = elapsed > 0 ? (double)progress->done / elapsed : 0;
  int width = area.cols - 4;
  int filled = (int)((double)width * (double)progress->done / (double)progress->total);
  const char *full = ui->canvas.unicode ? "█" : "#", *empty = ui->canvas.unicode ? "░" : ".";
  canvas_puts(&ui->canvas, area, 1, 2, ROLE_TITLE, _("The numerical gradient, entry by entry"));
  for (int col = 0; col < width; col++)
    canvas_puts(&ui->canvas, area, 3, 2 + col, col < filled ? ROLE_VALUE : ROLE_FAINT,
                col < filled ? full : empty);
  canvas_printf(&ui->canvas, area, 5, 2, ROLE_PLAIN,
                _("%zu of %zu, %.0f a second, %.1f s left"), progress->done, progress->total, rate,
                rate > 0 ? (double)(progress->total - progress->done) / rate : 0);
  canvas_puts(&ui->canvas, area, 7, 2, ROLE_FAINT, _("Ctrl-C or Esc stops it; nothing changes."));
}

static void draw(struct ui *ui, struct area area) {
  struct text text;
  struct style style = {.unicode = ui->canvas.unicode};
  if (ui->progress.total > 0) {
    draw_progress(ui, area);
    return;
  }
  text_init(&text);
  if (ui->session->has_check)
    report_check(&text, &ui->session->model, &ui->session->check, style);
  else
    text_puts(&text, _("No check of the model as it stands now. Press c to run one."));
  view_text(ui, VIEW_CHECK, area, text_string(&text));
  text_done(&text);
}

/* Goes to the tensor with the worst verdict. */
static void enter(struct ui *ui, struct text *out) {
  (void)out;
  const struct check *check = &ui->session->check;
  const struct tensor_check *worst = NULL;
  if (!ui->session->has_check) return;
  for (size_t i = 0; i < check->tensor_count; i++)
    if (!worst || check->tensors[i].verdict > worst->verdict) worst = &check->tensors[i];
  ui->view = VIEW_CIRCUIT;
  if (worst) ui->session->focus = model_visible(&ui->session->model, worst->node);
}

const struct view_ops view_check = {.name = "check", .draw = draw, .enter = enter};
