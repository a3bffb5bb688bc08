/* Models of any depth, for what must not grow faster than they do. */
#ifndef GRADWALK_TESTS_DEEP_H
#define GRADWALK_TESTS_DEEP_H

#include "core/text.h"

/* DEPTH layers of one tanh each; the gradient fades, but slowly. */
static inline void put_chain(struct text *text, int depth) {
  text_puts(text, "param x = [0.5 -0.3 0.8; 0.1 0.2 -0.6]\nh0 = x\n");
  for (int i = 1; i <= depth; i++)
    text_printf(text, "h%d = tanh(h%d)\n", i, i - 1);
  text_printf(text, "L = sum(h%d^2)\n", depth);
}

/* A recurrent net of DEPTH steps. */
static inline void put_recurrent(struct text *text, int depth) {
  text_puts(text, "seed 1\nparam Wx = randn(3, 4); param Wh = 0.3 * randn(4, 4)\n"
                  "param b = 0.1 * randn(1, 4); h0 = zeros(2, 4)\n");
  for (int i = 1; i <= depth; i++)
    text_printf(text, "data x%d = randn(2, 3)\nh%d = tanh(x%d @ Wx + h%d @ Wh + b)\n", i, i, i,
                i - 1);
  text_printf(text, "L = sum(h%d^2)\n", depth);
}

#endif
