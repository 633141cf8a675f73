#include <periodic.h>

/* Texts and names of the codes come from the header's one table. */

const char *periodic_strerror(int code) {
  switch (code) {
    case PERIODIC_OK: return "success";
#define XX(name, number, text) case number: return text;
    PERIODIC_ERRNO_MAP(XX)
#undef XX
    default: return "unknown error";
  }
}

const char *periodic_errname(int code) {
  switch (code) {
    case PERIODIC_OK: return "OK";
#define XX(name, number, text) case number: return #name;
    PERIODIC_ERRNO_MAP(XX)
#undef XX
    default: return "?";
  }
}

const char *periodic_version(void) { return PERIODIC_VERSION; }
int periodic_version_number(void) { return PERIODIC_VERSION_NUMBER; }

/* The structs are part of the ABI: bindings know their layout. */
#define ASSERT_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " has changed its size")
#define ASSERT_OFFSET(type, field, bytes) \
  _Static_assert(offsetof(type, field) == (bytes), #type "." #field " has moved")

ASSERT_SIZE(periodic_time, 16);
ASSERT_SIZE(periodic_limit, 16);
ASSERT_SIZE(periodic_job_info, 80);
ASSERT_OFFSET(periodic_job_info, state, 64);
ASSERT_SIZE(periodic_server_options, 144);
ASSERT_OFFSET(periodic_server_options, store, 8);
ASSERT_OFFSET(periodic_server_options, log, 40);
ASSERT_OFFSET(periodic_server_options, sync, 64);
ASSERT_OFFSET(periodic_server_options, cache_bytes, 104);
ASSERT_OFFSET(periodic_server_options, idle_timeout_s, 128);
ASSERT_SIZE(periodic_connection_options, 48);
ASSERT_OFFSET(periodic_connection_options, data_bytes, 40);
ASSERT_SIZE(periodic_job_fields, 72);
ASSERT_OFFSET(periodic_job_fields, run_at_s, 56);
