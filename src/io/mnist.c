#include "io/mnist.h"

#include "core/intl.h"
#include "core/text.h"
#include "io/idx.h"

#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#define NO_PLACE ((struct span){0})

enum part { PART_IMAGES, PART_LABELS, PART_COUNT };

static const struct part_row {
  const char *names[2]; /* by enum mnist_set */
  int rank;
} parts[PART_COUNT] = {
  [PART_IMAGES] = {{"train-images-idx3-ubyte", "t10k-images-idx3-ubyte"}, 3},
  [PART_LABELS] = {{"train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"}, 1},
};

struct files {
  struct text paths[PART_COUNT];
  struct idx parts[PART_COUNT];
};

/* The path of the gzip'd file, or of the plain one if only that exists. */
static enum status find_part(const char *folder, const char *name, struct text *path,
                             struct diag *diag) {
  struct text plain;
  text_init(&plain);
  text_printf(&plain, "%s/%s", folder, name);
  text_printf(path, "%s/%s.gz", folder, name);
  bool failed = plain.failed || path->failed;
  if (!failed && access(text_string(path), F_OK) != 0 && access(text_string(&plain), F_OK) == 0) {
    struct text packed = *path;
    *path = plain;
    plain = packed;
  }
  text_done(&plain);
  return failed ? diag_no_memory(diag) : STATUS_OK;
}

static enum status read_parts(const char *folder, enum mnist_set set, struct files *files,
                              struct diag *diag) {
  for (int i = 0; i < PART_COUNT; i++) {
    enum status status = find_part(folder, parts[i].names[set], &files->paths[i], diag);
    if (!status)
      status = idx_read(text_string(&files->paths[i]), parts[i].rank, &files->parts[i], diag);
    if (status) return status;
  }
  return STATUS_OK;
}

static enum status check_labels(const char *path, const struct idx *labels, struct diag *diag) {
  for (size_t i = 0; i < labels->count; i++)
    if (labels->items[i] >= MNIST_CLASSES)
      return diag_set(diag, STATUS_DATA, NO_PLACE,
                      _("%s: label %zu (counted from 1) is %d instead of 0 to 9"), path, i + 1,
                      labels->items[i]);
  return STATUS_OK;
}

static enum status check_parts(const struct files *files, struct diag *diag) {
  const char *path = text_string(&files->paths[PART_IMAGES]);
  const struct idx *images = &files->parts[PART_IMAGES], *labels = &files->parts[PART_LABELS];
  if (images->dims[1] != MNIST_SIDE || images->dims[2] != MNIST_SIDE)
    return diag_set(diag, STATUS_DATA, NO_PLACE,
                    _("%s: its images are %u x %u instead of %d x %d"), path, images->dims[1],
                    images->dims[2], MNIST_SIDE, MNIST_SIDE);
  if (images->dims[0] != labels->dims[0])
    return diag_set(diag, STATUS_DATA, NO_PLACE,
                    _("%s: the number of images is %u, but that of the labels is %u"), path,
                    images->dims[0], labels->dims[0]);
  return check_labels(text_string(&files->paths[PART_LABELS]), labels, diag);
}

static void fill_images(double *images, const uint8_t *items, size_t count) {
  for (size_t i = 0; i < count * MNIST_PIXELS; i++) images[i] = items[i] / 255.0;
}

static void fill_labels(double *labels, const uint8_t *items, size_t count) {
  for (size_t i = 0; i < count; i++) labels[i * MNIST_CLASSES + items[i]] = 1.0;
}

static enum status make_matrices(const struct files *files, uint32_t count, double **images,
                                 double **labels, struct diag *diag) {
  const struct idx *pixels = &files->parts[PART_IMAGES], *digits = &files->parts[PART_LABELS];
  if (count == 0 || count > digits->dims[0])
    return diag_set(diag, STATUS_DATA, NO_PLACE, _("%s: cannot take %u of its %u images"),
                    text_string(&files->paths[PART_IMAGES]), count, digits->dims[0]);
  *images = calloc(count, MNIST_PIXELS * sizeof **images);
  *labels = calloc(count, MNIST_CLASSES * sizeof **labels);
  if (!*images || !*labels) {
    free(*images);
    free(*labels);
    *images = *labels = NULL;
    return diag_no_memory(diag);
  }
  fill_images(*images, pixels->items, count);
  fill_labels(*labels, digits->items, count);
  return STATUS_OK;
}

enum status mnist_read(const char *folder, enum mnist_set set, uint32_t count, double **images,
                       double **labels, struct diag *diag) {
  struct files files = {0};
  *images = *labels = NULL;
  enum status status = read_parts(folder, set, &files, diag);
  if (!status) status = check_parts(&files, diag);
  if (!status) status = make_matrices(&files, count, images, labels, diag);
  for (int i = 0; i < PART_COUNT; i++) {
    idx_done(&files.parts[i]);
    text_done(&files.paths[i]);
  }
  return status;
}
