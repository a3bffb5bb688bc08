#include "io/params.h"

#include "core/intl.h"
#include "io/npy.h"
#include "io/tensor_file.h"

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

/* Calls ACT with each param's own file. VALUES: an image of the model. */
typedef enum status param_act(const char *path, struct shape shape, double *values,
                              struct diag *diag);

static enum status each_param(const struct model *model, const char *folder, double *values,
                              param_act *act, struct diag *diag) {
  enum status status = STATUS_OK;
  struct text path;
  text_init(&path);
  for (size_t n = 0; !status && n < model->node_count; n++) {
    const struct node *node = &model->nodes[n];
    if (node->kind != NODE_PARAM) continue;
    status = put_path(&path, folder, node->name, diag);
    if (!status)
      status = act(text_string(&path), model_shape(model, node->slot),
                   values + model->program.slots[node->slot].offset, diag);
  }
  text_done(&path);
  return status;
}

static enum status read_param(const char *path, struct shape shape, double *values,
                              struct diag *diag) {
  return npy_read(path, shape, values, diag);
}

static enum status write_param(const char *path, struct shape shape, double *values,
                               struct diag *diag) {
  return export_tensor(path, values, shape, diag);
}

/* All of them, or none. */
enum status params_load(struct model *model, const char *folder, struct diag *diag) {
  double *values = calloc(model->program.size + 1, sizeof *values);
  if (!values) return diag_no_memory(diag);
  enum status status = each_param(model, folder, values, read_param, diag);
  if (!status) model_copy_params(model, model->program.image, model, values);
  free(values);
  return status;
}

enum status params_save(const struct model *model, const char *folder, struct diag *diag) {
  if (mkdir(folder, 0777) != 0 && errno != EEXIST)
    return diag_set(diag, STATUS_IO, SPAN_NONE, "%s: %s", folder, strerror(errno));
  return each_param(model, folder, model->program.image, write_param, diag);
}
