#include "block.h"

static bool is_assigned(const struct model *model, size_t node) {
  for (size_t i = 0; i < model->rule_count; i++)
    if (model->rules[i].target_node == (int)node) return true;
  return false;
}

void block_begin(struct text *out, const struct model *model) {
  text_puts(out, "backward\n");
  for (size_t n = 0; n < model->node_count; n++) {
    const struct node *node = &model->nodes[n];
    struct shape shape = model_shape(model, node->slot);
    if (node->kind == NODE_PARAM && !is_assigned(model, n))
      text_printf(out, "  d%s = zeros(%u, %u)\n", node->name, shape.rows, shape.cols);
  }
}
