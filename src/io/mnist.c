#include "io/mnist.h"

#include "core/intl.h"
#include "core/memory.h"
#include "core/text.h"
#include "core/vector.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum mnist_part { PART_IMAGES, PART_LABELS, PART_COUNT };

/* How much of each file that comes with gradwalk is hashed: the header and 100 images or labels. */
enum { IMAGES_HASHED = 16 + 100 * MNIST_PIXELS, LABELS_HASHED = 8 + 100 };

static const struct part_row {
  int rank;
  struct file_row {
    const char *name;         /* without .gz */
    struct idx_known shipped; /* by its content, whatever gzip made of it */
  } sets[2]; /* by enum mnist_set */
} parts_table[PART_COUNT] = {
  [PART_IMAGES] = {3, {
    {"train-images-idx3-ubyte", {{0xe9f4d8b3, 47040016}, IMAGES_HASHED, 0x64af25f908cab24b}},
    {"t10k-images-idx3-ubyte", {{0x91373bdf, 7840016}, IMAGES_HASHED, 0x10c1bb2d3f8d127c}},
  }},
  [PART_LABELS] = {1, {
    {"train-labels-idx1-ubyte", {{0xe0cb4ad2, 60008}, LABELS_HASHED, 0xc9cf9a77b1f38c21}},
    {"t10k-labels-idx1-ubyte", {{0x4ab9eff9, 10008}, LABELS_HASHED, 0xa474fe9d062d58d5}},
  }},
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

static enum status read_parts(const char *folder, enum mnist_set set, uint32_t count,
                              struct files *files, struct diag *diag) {
  for (int i = 0; i < PART_COUNT; i++) {
    const struct file_row *file = &parts_table[i].sets[set];
    enum status status = find_part(folder, file->name, &files->paths[i], diag);
    if (!status)
      status = idx_read(text_string(&files->paths[i]), parts_table[i].rank, count, &file->shipped,
                        &files->parts[i], diag);
    if (status) return status;
  }
  return STATUS_OK;
}

static enum status check_labels(const char *path, const struct idx *labels, struct diag *diag) {
  for (size_t i = 0; i < labels->count; i++)
    if (labels->items[i] >= MNIST_CLASSES)
      return diag_set(diag, STATUS_DATA, SPAN_NONE,
                      _("%s: label %zu (counted from 1) is %d instead of 0 to 9"), path, i + 1,
                      labels->items[i]);
  return STATUS_OK;
}

static enum status check_parts(const struct files *files, struct diag *diag) {
  const char *path = text_string(&files->paths[PART_IMAGES]);
  const struct idx *images = &files->parts[PART_IMAGES], *labels = &files->parts[PART_LABELS];
  if (images->dims[1] != MNIST_SIDE || images->dims[2] != MNIST_SIDE)
    return diag_set(diag, STATUS_DATA, SPAN_NONE,
                    _("%s: its images are %u x %u instead of %d x %d"), path, images->dims[1],
                    images->dims[2], MNIST_SIDE, MNIST_SIDE);
  if (images->dims[0] != labels->dims[0])
    return diag_set(diag, STATUS_DATA, SPAN_NONE,
                    _("%s: the number of images is %u, but that of the labels is %u"), path,
                    images->dims[0], labels->dims[0]);
  return check_labels(text_string(&files->paths[PART_LABELS]), labels, diag);
}

/* -- examples -- */

static const uint8_t *image_at(const struct idx *images, uint32_t which) {
  return images->items + (size_t)which * MNIST_PIXELS;
}

/* Examples drawn at random are far apart: they are sent for in advance. */
static void take_images(const struct idx *from, const uint32_t *which, uint32_t count,
                        double *values) {
  enum { AHEAD = 4 };
  for (uint32_t i = 0; i < count; i++, values += MNIST_PIXELS) {
    for (uint32_t p = 0; i + AHEAD < count && p < MNIST_PIXELS; p += MEMORY_LINE)
      __builtin_prefetch(image_at(from, which[i + AHEAD]) + p);
    vector_from_bytes(values, image_at(from, which[i]), MNIST_PIXELS);
  }
}

static void take_labels(const struct idx *from, const uint32_t *which, uint32_t count,
                        double *values) {
  for (uint32_t i = 0; i < count; i++, values += MNIST_CLASSES) {
    const uint32_t label = from->items[which[i]];
    for (uint32_t j = 0; j < MNIST_CLASSES; j++) values[j] = label == j;
  }
}

static void take(const struct dataset *dataset, int part, const uint32_t *which, uint32_t count,
                 double *values) {
  const struct mnist *mnist = (const struct mnist *)dataset;
  if (part == PART_IMAGES) take_images(&mnist->images, which, count, values);
  else take_labels(&mnist->labels, which, count, values);
}

static void files_done(struct files *files) {
  for (int i = 0; i < PART_COUNT; i++) {
    idx_done(&files->parts[i]);
    text_done(&files->paths[i]);
  }
}

/* Of the first COUNT examples, or of all; the dataset's count is that of all either way. */
static enum status open_first(struct mnist *mnist, const char *folder, enum mnist_set set,
                              uint32_t count, struct diag *diag) {
  struct files files = {0};
  *mnist = (struct mnist){0};
  enum status status = read_parts(folder, set, count, &files, diag);
  if (!status) status = check_parts(&files, diag);
  if (!status) {
    mnist->images = files.parts[PART_IMAGES];
    mnist->labels = files.parts[PART_LABELS];
    mnist->dataset = (struct dataset){.count = mnist->labels.dims[0],
                                      .widths = {MNIST_PIXELS, MNIST_CLASSES}, .take = take};
    files.parts[PART_IMAGES] = files.parts[PART_LABELS] = (struct idx){0};
  }
  files_done(&files);
  return status;
}

enum status mnist_open(struct mnist *mnist, const char *folder, enum mnist_set set,
                       struct diag *diag) {
  return open_first(mnist, folder, set, IDX_ALL, diag);
}

void mnist_done(struct mnist *mnist) {
  idx_done(&mnist->images);
  idx_done(&mnist->labels);
  *mnist = (struct mnist){0};
}

/* -- the first of them -- */

static enum status too_many(const struct mnist *mnist, const char *folder, enum mnist_set set,
                            uint32_t count, struct diag *diag) {
  struct text path;
  text_init(&path);
  enum status status = find_part(folder, parts_table[PART_IMAGES].sets[set].name, &path, diag);
  if (!status)
    status = diag_set(diag, STATUS_DATA, SPAN_NONE, _("%s: cannot take %u of its %u images"),
                      text_string(&path), count, mnist->dataset.count);
  text_done(&path);
  return status;
}

static enum status take_first(const struct mnist *mnist, const char *folder, enum mnist_set set,
                              uint32_t count, double *parts[PART_COUNT], struct diag *diag) {
  if (count == 0 || count > mnist->dataset.count)
    return too_many(mnist, folder, set, count, diag);
  uint32_t *which = malloc(count * sizeof *which);
  for (int i = 0; i < PART_COUNT; i++)
    parts[i] = calloc(count, mnist->dataset.widths[i] * sizeof *parts[i]);
  if (!which || !parts[PART_IMAGES] || !parts[PART_LABELS]) {
    free(which);
    for (int i = 0; i < PART_COUNT; i++) {
      free(parts[i]);
      parts[i] = NULL;
    }
    return diag_no_memory(diag);
  }
  for (uint32_t i = 0; i < count; i++) which[i] = i;
  dataset_take(&mnist->dataset, which, count, parts);
  free(which);
  return STATUS_OK;
}

enum status mnist_read(const char *folder, enum mnist_set set, uint32_t count, double **images,
                       double **labels, struct diag *diag) {
  struct mnist mnist;
  double *made[PART_COUNT] = {0};
  enum status status = open_first(&mnist, folder, set, count, diag);
  if (!status) status = take_first(&mnist, folder, set, count, made, diag);
  *images = made[PART_IMAGES];
  *labels = made[PART_LABELS];
  mnist_done(&mnist);
  return status;
}
