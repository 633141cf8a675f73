#include <sqlite3.h>

/* sqlite3_db_config is variadic, which Swift cannot call: a switch of one connection. */
static inline int periodic_sqlite_switch(sqlite3 *database, int option, int value) {
  return sqlite3_db_config(database, option, value, (int *)0);
}
