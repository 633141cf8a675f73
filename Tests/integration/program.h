/* What the C programs of these tests share: the loop, and how they end where something is not as it must be. */
#include <periodic.h>
#include <stdio.h>
#include <unistd.h>

static periodic_loop *loop;

/* It says where and why. A forked child ends as well, without what its parent does at its end. */
#define MUST(condition)                                                             \
  do {                                                                              \
    if (!(condition)) {                                                             \
      char why[256] = "";                                                           \
      periodic_loop_error(loop, why, sizeof why);                                   \
      fprintf(stderr, "line %d: %s (last error: %s)\n", __LINE__, #condition, why); \
      _exit(1);                                                                     \
    }                                                                               \
  } while (0)

/* The two arguments for a text. */
#define TEXT(string) (string), sizeof(string) - 1
