#include "core/clone.h"

const char *const clone_names[CLONE_COUNT] = {
    [CLONE_PORTABLE] = "portable",
    [CLONE_AVX2] = "avx2",
    [CLONE_AVX512] = "avx512",
};

enum clone clone_chosen = CLONE_PORTABLE;

static bool machine_knows(enum clone clone) {
#ifdef __x86_64__
  if (clone == CLONE_AVX2) return __builtin_cpu_supports("avx2");
  if (clone == CLONE_AVX512)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
#endif
  return clone == CLONE_PORTABLE;
}

bool clone_use(enum clone clone) {
  if (!machine_knows(clone)) return false;
  clone_chosen = clone;
  return true;
}

/* Before main(), so that no thread sees it change. */
__attribute__((constructor)) static void choose(void) {
  for (enum clone clone = CLONE_COUNT; clone-- > CLONE_PORTABLE;)
    if (clone_use(clone)) return;
}
