#include "draw/svg.h"

#include <string.h>

void svg_text(struct text *out, const char *text, size_t length) {
  struct text safe;
  text_init(&safe);
  text_put_safe(&safe, text, length);
  for (size_t at = 0, size; at < safe.length; at += size) {
    int32_t code = utf8_decode(safe.bytes + at, safe.length - at, &size);
    switch (code) {
      case '&': text_puts(out, "&amp;"); break;
      case '<': text_puts(out, "&lt;"); break;
      case '>': text_puts(out, "&gt;"); break;
      case '"': text_puts(out, "&quot;"); break;
      case '\'': text_puts(out, "&#39;"); break;
      case 0xFFFE: /* no characters, says XML */
      case 0xFFFF: text_puts(out, "?"); break;
      default: text_put(out, safe.bytes + at, size);
    }
  }
  out->failed = out->failed || safe.failed;
  text_done(&safe);
}

void svg_puts(struct text *out, const char *text) {
  svg_text(out, text, strlen(text));
}

void svg_begin(struct text *out, double width, double height, const char *title,
               const char *background) {
  text_printf(out,
              "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%g\" height=\"%g\" "
              "viewBox=\"0 0 %g %g\" role=\"img\">\n<title>",
              width, height, width, height);
  svg_puts(out, title);
  text_printf(out, "</title>\n<rect width=\"%g\" height=\"%g\" fill=\"%s\"/>\n", width, height,
              background);
}

void svg_end(struct text *out) {
  text_puts(out, "</svg>\n");
}
