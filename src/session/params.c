#include "session/params.h"

#include "core/intl.h"
#include "io/export.h"
#include "io/npy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static enum status put_path(struct text *path, const char *folder, const char *name,
                            struct diag *diag) {
  path->length = 0;
  text_printf(path, "%s/%s.npy", folder, name);
  return path->failed ? diag_no_memory(diag) : STATUS_OK;
}

/* Reads all of them into VALUES, which has the image's size. */
static enum status read_all(const struct model *model, const char *folder, double *values,
                            struct diag *diag) {
  enum status status = STATUS_OK;
  struct text path;
  text_init(&path);
  for (size_t n = 0; !status && n < model->node_count; n++) {
    const struct node *node = &model->nodes[n];
    if (node->kind != NODE_PARAM) continue;
    status = put_path(&path, folder, node->name, diag);
    if (!status)
      status = npy_read(text_string(&path), model_shape(model, node->slot),
                        values + model->program.slots[node->slot].offset, diag);
  }
  text_done(&path);
  return status;
}

enum status params_load(struct model *model, const char *folder, struct diag *diag) {
  double *values = calloc(model->program.size + 1, sizeof *values);
  if (!values) return diag_no_memory(diag);
  enum status status = read_all(model, folder, values, diag);
  for (size_t n = 0; !status && n < model->node_count; n++) {
    const struct node *node = &model->nodes[n];
    if (node->kind == NODE_PARAM)
      memcpy(program_image(&model->program, node->slot),
             values + model->program.slots[node->slot].offset,
             shape_count(model_shape(model, node->slot)) * sizeof *values);
  }
  free(values);
  return status;
}

enum status params_save(const struct model *model, const char *folder, struct diag *diag) {
  enum status status = STATUS_OK;
  struct text path;
  if (mkdir(folder, 0777) != 0 && errno != EEXIST)
    return diag_set(diag, STATUS_IO, (struct span){0}, "%s: %s", folder, strerror(errno));
  text_init(&path);
  for (size_t n = 0; !status && n < model->node_count; n++) {
    const struct node *node = &model->nodes[n];
    if (node->kind != NODE_PARAM) continue;
    status = put_path(&path, folder, node->name, diag);
    if (!status)
      status = export_tensor(text_string(&path),
                             model->program.image + model->program.slots[node->slot].offset,
                             model_shape(model, node->slot), diag);
  }
  text_done(&path);
  return status;
}
