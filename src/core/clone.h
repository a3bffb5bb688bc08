/* Kernels for several instruction sets. A kernel is written once, as a body that is compiled for
 * each of them; the machine's best is chosen when the program starts. All give the same bits: no
 * sum changes its order, and products are never contracted with sums. */
#ifndef GRADWALK_CORE_CLONE_H
#define GRADWALK_CORE_CLONE_H

#include <stdbool.h>

enum clone { CLONE_PORTABLE, CLONE_AVX2, CLONE_AVX512, CLONE_COUNT };
extern const char *const clone_names[CLONE_COUNT];

/* The set in use. Only clone_use() changes it, and not while kernels run. */
extern enum clone clone_chosen;

/* False, changing nothing, if this machine does not know the set. */
bool clone_use(enum clone clone);

#define CLONE_TARGET_AVX2 "avx2"
#define CLONE_TARGET_AVX512 "avx512f,avx512dq,avx512vl,avx512bw"

/* Calls the chosen one of NAME_portable, NAME_avx2 and NAME_avx512; elsewhere there is one. */
#ifdef __x86_64__
#define CLONE_CALL(name, arguments)                      \
  do {                                                   \
    switch (clone_chosen) {                              \
      case CLONE_AVX512: name##_avx512 arguments; break; \
      case CLONE_AVX2: name##_avx2 arguments; break;     \
      default: name##_portable arguments;                \
    }                                                    \
  } while (0)
#else
#define CLONE_CALL(name, arguments) name##_portable arguments
#endif

/* Defines NAME (LINKAGE: extern or static) with PARAMETERS as the body, NAME_body (static, always
 * inlined), compiled for every set and called with ARGUMENTS. */
#define CLONE_BODY static inline __attribute__((always_inline))
#ifdef __x86_64__
#define CLONES(linkage, name, parameters, arguments)                                              \
  static void name##_portable parameters { name##_body arguments; }                               \
  static __attribute__((target(CLONE_TARGET_AVX2))) void name##_avx2 parameters {                 \
    name##_body arguments;                                                                        \
  }                                                                                               \
  static __attribute__((target(CLONE_TARGET_AVX512))) void name##_avx512 parameters {             \
    name##_body arguments;                                                                        \
  }                                                                                               \
  linkage void name parameters { CLONE_CALL(name, arguments); }
#else
#define CLONES(linkage, name, parameters, arguments) \
  linkage void name parameters { name##_body arguments; }
#endif

#endif
