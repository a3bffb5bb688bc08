/* A model: the graph that a text describes, the forward program that computes it, its rule lines,
 * and the backward program that they make. A model owns everything below it until model_done(),
 * but lends the text it was built from. */
#ifndef GRADWALK_LANG_MODEL_H
#define GRADWALK_LANG_MODEL_H

#include "core/program.h"
#include "lang/ast.h"
#include "lang/scope.h"

enum node_kind { NODE_DATA, NODE_PARAM, NODE_CONST, NODE_OP };

/* One leaf, or one application of an operation. Nodes are in the order of evaluation. */
struct node {
  const char *name;
  enum node_kind kind;
  int op;   /* NODE_OP: row of op_table */
  int slot; /* of its value */
  int gradient; /* slot of dNAME; -1: nobody wants it, or no line assigns it */
  size_t operand_count;
  int operands[MAX_OPERANDS]; /* slots */
  int instance; /* innermost gate instance whose body made it, or -1 */
  bool active;  /* on a path from a param to the loss */
  const struct expr *formula; /* in the model's names; NULL for a leaf */
  struct span span;           /* where it was written */
  /* Of a node that nobody named (lang/shown.h): */
  const struct expr *part; /* of a statement that it is; NULL: it is known by its name */
  const char *shown;       /* what readers see instead of the name */
  const char *within;      /* the statement, where SHOWN says it; else NULL */
  bool open;               /* PART alone cannot be computed: a draw, or a gate's own names */
};

/* A piece of the graph that can be shown as one node: one use of a gate, which may also have a rule
 * of its own, or the operations of one statement. */
struct instance {
  const struct stmt *gate; /* NULL: a statement */
  int parent;  /* enclosing instance, or -1 */
  int output;  /* node; -1 if everything in it was constant */
  bool folded;
  bool own_rule; /* folded, and its hand-written lines serve every operand that wants a gradient:
                  * they are the rule; else the rule follows from the inside */
  bool unfit;    /* a hand-written line does not fit the shapes here */
  size_t operand_count;
  const int *operands;        /* slots, for a gate one a parameter */
  const struct expr *formula; /* in the model's names */
  struct scope scope;         /* the body's names to slots */
};

/* What is known of a slot besides its shape. */
struct value {
  bool known;   /* the image holds it: a leaf or a constant */
  bool constant;
  bool folded;  /* computed from constants when the model was built */
  int node;     /* -1 if it has none */
  const struct expr *ref; /* how other lines write it: its name, or a constant expression */
};

/* One line of the backward pass. */
struct rule {
  int node;    /* whose rule it is; -1 for a line of a backward block */
  int operand; /* which operand it serves, from 0; -1 for a gate's intermediate */
  const char *target;
  int target_node; /* the node whose gradient it assigns; -1: a local name */
  bool accumulate;
  const struct expr *value;
  const char *text;     /* as shown */
  const char *original; /* the text that a bug replaced, or NULL */
  const struct assign *hidden; /* what runs instead of what is shown: a hunt's bug; or NULL */
  struct span span;     /* in the author's text, or nowhere */
  size_t code_end;      /* the backward program up to here has run this line */
};

/* A line that replaces a rule line. */
struct bug {
  struct assign line;
  const char *text; /* as it was typed */
  bool off;         /* kept, but not in force */
  bool hidden;      /* the rule goes on showing the line that it replaced */
};

/* Where `data X, T = mnist(3)` gets its tensors: whoever builds a model hands one in. */
struct loader {
  const char *const *names; /* the functions it knows, NULL at the end */
  /* Fills OUT_COUNT tensors (values from malloc, which the caller frees) or says what is wrong,
   * leaving none. SPAN is the call. */
  enum status (*load)(const struct loader *loader, const char *name, const double *args,
                      size_t arg_count, struct operand *out, size_t out_count, struct span span,
                      struct diag *diag);
};

struct model {
  struct arena arena;
  const struct source *source; /* what it was built from */
  struct syntax prelude, syntax;
  struct program program;
  struct random random; /* as the build left it */
  struct node *nodes;
  size_t node_count, node_capacity;
  struct instance *instances;
  size_t instance_count, instance_capacity;
  struct value *values; /* one a slot */
  size_t value_capacity;
  size_t lowered; /* expressions lowered so far, against gates that double what they call */
  struct scope scope; /* every node's name to its slot */
  int loss; /* node, or -1 */
  const struct stmt *backward; /* the student's own pass, or NULL */
  struct program_mark built; /* what comes after it belongs to the backward pass */
  /* Derived anew by rules_derive(): */
  struct arena rule_arena;
  struct rule *rules; /* in the order in which they run */
  size_t rule_count, rule_capacity;
  struct scope locals; /* a backward block's own names to slots */
  struct bug *bugs; /* in the order in which they were made: the last in force for a line wins */
  size_t bug_count, bug_capacity;
};

enum { MODEL_MAX_NODES = 100000, MODEL_MAX_LOWERED = 1000000 };

/* Parses SOURCE and builds the model with its gates folded and its backward pass derived. After a
 * failure the model is only good for model_done(). LOADER may be NULL. */
enum status model_build(struct model *model, const struct source *source,
                        const struct loader *loader, struct diag *diag);
void model_done(struct model *model);

/* The samples that pass through together: the side that all data leaves share, their rows or else
 * their columns. */
struct batch {
  uint32_t count; /* 0: there is no telling */
  bool across;    /* one sample a column */
};
struct batch model_batch(const struct model *model);

/* A model of its own from the same text as OF, at the same point: leaves and folding as OF has them
 * now, without its bugs. With FIRST_ONLY every data leaf is cut down to the first of its samples
 * (STATUS_DATA where the text does not allow that). LOADER reads data anew. */
enum status model_rebuild(struct model *model, const struct model *of, const struct loader *loader,
                          bool first_only, struct diag *diag);

/* Whether a statement of the text, and not of a gate in it, gives the name NAME. */
bool model_states(const struct model *model, const char *name);

/* The node called NAME, or -1. */
int model_find(const struct model *model, const char *name);

/* The node whose gradient is called NAME, which is "d" and the node's name; -1: there is none. No
 * name means two things: a build refuses a node called dx beside a node called x, makes up no such
 * name, and takes a line of a backward block that assigns dx to be about the gradient. */
int model_gradient_named(const struct model *model, const char *name);

/* The node whose value NAME is or, with *GRADIENT, whose gradient; -1: neither. */
int model_find_either(const struct model *model, const char *name, bool *gradient);

/* Whether the forward pass draws random numbers. */
bool model_draws(const struct model *model);

struct shape model_shape(const struct model *model, int slot);

/* The slot that RULE's line assigns: a node's gradient or a local name; -1 if there is none. */
int model_target(const struct model *model, const struct rule *rule);

/* The gradient of NODE in RUN, a run of MODEL: as many numbers as the node has; NULL if the pass
 * assigns none. */
double *model_gradient(const struct model *model, const struct run *run, int node);

/* Copies every param of MODEL to TO, laid out as its image is, from FROM, laid out as that of LIKE,
 * another build of the same text (or the same one). */
void model_copy_params(const struct model *model, double *to, const struct model *like,
                       const double *from);

/* Replaces a rule line by its target: "dq = df * z", "f: dq += …" where several nodes have that
 * target, "f:2: dq += …" where one node has it twice. LINE is copied; its source need not last. A
 * line that does not fit changes nothing. */
enum status model_write_bug(struct model *model, struct span line, struct diag *diag);

/* The same for a line that the program made: TEXT, called NAME in messages. */
enum status model_add_bug(struct model *model, const char *name, const char *text, size_t length,
                          struct diag *diag);

/* The same line, but the rule goes on showing the one that it replaced: for hunts. */
enum status model_hide_bug(struct model *model, const char *name, const char *text, size_t length,
                           struct diag *diag);

/* Puts bug INDEX out of force, or back. */
enum status model_switch_bug(struct model *model, size_t index, bool off, struct diag *diag);

/* Forgets all bugs but the first COUNT. */
enum status model_drop_bugs(struct model *model, size_t count, struct diag *diag);

/* The rule line RULE with as much of an address as tells it from the others: target, and node and
 * operand where these are needed. */
struct assign model_line(const struct model *model, size_t rule);

/* The bug that replaces, or did until it was switched off, the rule line RULE: its index, or -1.
 * Hidden ones do not count. */
int model_bug_of(const struct model *model, size_t rule);

/* What was edited in a model since it was built: which instances are folded, and the bugs. Its
 * bugs' lines live in the model. Edits own their two arrays until edits_done(). */
struct edits {
  bool *folded; /* by instance */
  struct bug *bugs;
  size_t bug_count;
};

/* The edits of MODEL as they are. False, with nothing to end, if there is no memory. */
bool edits_take(struct edits *edits, const struct model *model);
void edits_done(struct edits *edits);
bool edits_are(const struct edits *edits, const struct model *model);

/* Puts MODEL, from which EDITS were taken at some time, back to them. STATUS_NO_MEMORY leaves it
 * without a backward pass. */
enum status model_put_edits(struct model *model, const struct edits *edits, struct diag *diag);

/* Unfolds what the node NAME is shown as, or folds what it is the result of, one level at a time;
 * every gate and statement with NULL. */
enum status model_fold(struct model *model, const char *name, bool folded, struct diag *diag);

/* Folds every statement of more than one operation, so that nodes are what their author named. */
enum status model_fold_statements(struct model *model, struct diag *diag);

/* The node that stands for NODE on the screen: itself, or the output of the outermost folded
 * instance around it. */
int model_visible(const struct model *model, int node);

/* The outermost folded instance that NODE is shown as, or -1. */
int model_shown_as(const struct model *model, int node);

/* "add", "sigmoid", "param": what NODE is shown as. */
const char *model_op_name(const struct model *model, int node);
const struct expr *model_formula(const struct model *model, int node);

#endif
