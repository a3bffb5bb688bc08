#include "io/tensor_file.h"

#include "core/intl.h"
#include "io/file.h"

#include <math.h>
#include <string.h>

static void put_csv(struct text *out, const double *values, struct shape shape) {
  char buffer[NUMBER_TEXT_SIZE];
  for (size_t i = 0; i < shape_count(shape); i++)
    text_printf(out, "%s%s", number_text(values[i], buffer),
                (i + 1) % shape.cols == 0 ? "\n" : ",");
}

/* COUNT bytes of VALUE, the lowest first, whatever this machine's own order. */
static void put_bytes(struct text *out, uint64_t value, int count) {
  for (; count > 0; count--, value >>= 8) text_put(out, &(char){(char)(value & 0xFF)}, 1);
}

/* Magic, version 1.0, the length of the header (2 bytes), then the header: a Python dictionary,
 * padded with spaces so that the numbers begin at a multiple of 64. See numpy.lib.format. */
static void put_npy(struct text *out, const double *values, struct shape shape) {
  enum { ALIGNMENT = 64, PREFIX = 10 };
  const uint64_t not_a_number =
      UINT64_C(0x7FF8000000000000); /* each machine has a sign of its own */
  struct text header;
  text_init(&header);
  text_printf(&header, "{'descr': '<f8', 'fortran_order': False, 'shape': (%u, %u), }", shape.rows,
              shape.cols);
  while ((PREFIX + header.length + 1) % ALIGNMENT != 0 && !header.failed) text_puts(&header, " ");
  text_puts(&header, "\n");
  text_put(out, "\x93NUMPY\x01\x00", 8);
  put_bytes(out, header.length, 2);
  text_put(out, text_string(&header), header.length);
  for (size_t i = 0; i < shape_count(shape); i++) {
    uint64_t bits = not_a_number;
    if (!isnan(values[i])) memcpy(&bits, &values[i], sizeof bits);
    put_bytes(out, bits, sizeof bits);
  }
  out->failed = out->failed || header.failed;
  text_done(&header);
}

static const struct format {
  const char *ending;
  void (*put)(struct text *out, const double *values, struct shape shape);
} formats[] = {{".csv", put_csv}, {".npy", put_npy}};

static const struct format *find_format(const char *path) {
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
    if (path_ends(path, formats[i].ending))
      return &formats[i];
  }
  return NULL;
}

enum status export_check_path(const char *path, struct diag *diag) {
  if (find_format(path)) return STATUS_OK;
  diag_set(diag, STATUS_USAGE, SPAN_NONE, _("%s: the ending names no format"), path);
  diag_hint(diag, "%s", _("a tensor is written as FILE.csv or FILE.npy"));
  return STATUS_USAGE;
}

enum status export_tensor(const char *path, const double *values, struct shape shape,
                          struct diag *diag) {
  struct text text;
  enum status status = export_check_path(path, diag);
  if (status) return status;
  text_init(&text);
  find_format(path)->put(&text, values, shape);
  status = text.failed ? diag_no_memory(diag) : file_write(path, &text, diag);
  text_done(&text);
  return status;
}
