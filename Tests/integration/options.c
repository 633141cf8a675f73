/* What periodic_server_new() says of options that cannot be, one by one; and that it takes all that can be,
 * also from a program that was built before the newer ones.
 *   options DIRECTORY   exit status 0, and nothing on the standard error, if all is so */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "program.h"

/* Sets one field, and expects this code and sentence. */
#define REFUSED(code, sentence, ...)                                          \
  do {                                                                        \
    periodic_server_options options = PERIODIC_SERVER_OPTIONS_INIT;           \
    periodic_server *server = NULL;                                           \
    char why[256] = "";                                                       \
    options.__VA_ARGS__;                                                      \
    MUST(periodic_server_new(loop, &options, &server) == PERIODIC_##code);    \
    MUST(server == NULL && periodic_loop_error(loop, why, sizeof why) > 0);   \
    if (strcmp(why, sentence) != 0) fprintf(stderr, "%s\n%s\n", why, sentence), exit(1); \
  } while (0)

static void refused(void) {
  REFUSED(ENOTSUP, "store redis: use memory: or file:PATH", store = "redis");
  REFUSED(ENOTSUP, "store file:: use memory: or file:PATH", store = "file:");
  REFUSED(EINVAL, "hook x: use udp://host:port, tcp://host:port or persist", hook = "x");
  REFUSED(EINVAL, "sync batch:60001: use always, batch, batch:MS (from 1 to 60000) or off",
          sync = "batch:60001");
  REFUSED(EINVAL, "socket_mode 1000: octal, from 0 to 777", socket_mode = 01000);
  REFUSED(EINVAL, "socket_owner no one: no user no one", socket_owner = "no one");
  REFUSED(EINVAL, "socket_owner :no one: no group no one", socket_owner = ":no one");
  REFUSED(EINVAL, "registration_timeout_ms 3600001: from 1 to 3600000 milliseconds",
          registration_timeout_ms = 3600001);
  REFUSED(EINVAL, "cache_bytes 1099511627777: from 0 to 1099511627776 bytes",
          cache_bytes = ((uint64_t)1 << 40) + 1);
  REFUSED(EINVAL, "reserve_bytes 68719476737: from 0 to 68719476736 bytes, or -1 for none",
          reserve_bytes = ((int64_t)1 << 36) + 1);
  REFUSED(EINVAL, "reserve_bytes -2: from 0 to 68719476736 bytes, or -1 for none", reserve_bytes = -2);
  REFUSED(EINVAL, "idle_timeout_s 2147483648: from 0 to 2147483647 seconds", idle_timeout_s = 2147483648u);
  REFUSED(EINVAL, "clients_administer 2: 0 or 1", clients_administer = 2);
}

/* Makes a server of them, which listens at a socket of that mode. */
static void accepted(const periodic_server_options *options, const char *address, mode_t mode) {
  periodic_server *server;
  struct stat file;
  MUST(periodic_server_new(loop, options, &server) == 0);
  MUST(periodic_server_listen(server, address, NULL, 0) > 0);
  MUST(stat(address + 7, &file) == 0 && (file.st_mode & 0777) == mode);
  MUST(periodic_server_free(server) == 0);
}

static int drops;

static void log_line(void *user, int level, const char *line, size_t length) {
  char text[256];
  (void)user, (void)level;
  snprintf(text, sizeof text, "%.*s", (int)length, line);
  drops += strstr(text, "dropped") != NULL;
}

/* Lines of the log that tell of dropped events, with a hook that nobody listens to and this much room. */
static int drops_told(uint32_t queue, uint32_t every) {
  periodic_server_options options = PERIODIC_SERVER_OPTIONS_INIT;
  periodic_server *server;
  periodic_client *client;
  periodic_job_fields job = PERIODIC_JOB_FIELDS_INIT;
  int index;
  drops = 0;
  options.hook = "tcp://127.0.0.1:1";
  options.hook_queue = queue;
  options.hook_drop_log_every = every;
  options.log = log_line;
  job.function = "f", job.function_length = 1;
  job.name_length = 1;
  MUST(periodic_server_new(loop, &options, &server) == 0);
  MUST(periodic_server_listen(server, "inproc:hook", NULL, 0) > 0);
  MUST(periodic_client_new(loop, "inproc:hook", NULL, &client) == 0);
  for (index = 0; index < 20; index++) {
    job.name = &"abcdefghijklmnopqrst"[index];
    MUST(periodic_client_submit(client, &job, 5000) == 0);
  }
  MUST(periodic_client_free(client) == 0 && periodic_server_free(server) == 0);
  return drops;
}

/* What a client of this server is told when it changes a setting. */
static int administered(const char *directory, int clients_administer) {
  periodic_server_options options = PERIODIC_SERVER_OPTIONS_INIT;
  periodic_connection_options identity = PERIODIC_CONNECTION_OPTIONS_INIT;
  periodic_server *server;
  periodic_client *client;
  char path[220];
  FILE *file;
  int code;
  snprintf(path, sizeof path, "%s/identities", directory);
  file = fopen(path, "w");
  MUST(file != NULL && fputs("client me secret *\n", file) >= 0 && fclose(file) == 0);
  options.auth_file = path;
  options.clients_administer = clients_administer;
  identity.identity = "me", identity.identity_length = 2;
  identity.token = "secret", identity.token_length = 6;
  MUST(periodic_server_new(loop, &options, &server) == 0);
  MUST(periodic_server_listen(server, "inproc:identities", NULL, 0) > 0);
  MUST(periodic_client_new(loop, "inproc:identities", &identity, &client) == 0);
  code = periodic_client_set_setting(client, "timeout", 7, 60, 5000);
  MUST(periodic_client_free(client) == 0 && periodic_server_free(server) == 0);
  return code;
}

int main(int count, char **arguments) {
  periodic_server_options options = PERIODIC_SERVER_OPTIONS_INIT;
  char address[200], store[200], owner[40], reserve[220];
  struct stat file;
  if (count != 2) return 2;
  snprintf(address, sizeof address, "unix://%s/s", arguments[1]);
  snprintf(store, sizeof store, "file:%s/jobs", arguments[1]);
  snprintf(reserve, sizeof reserve, "%s/jobs.reserve", arguments[1]);
  snprintf(owner, sizeof owner, "%d:%d", (int)getuid(), (int)getgid());
  MUST(periodic_loop_new(&loop) == 0);
  refused();
  MUST(administered(arguments[1], 0) == PERIODIC_ENOWORKER && administered(arguments[1], 1) == 0);
  MUST(drops_told(0, 0) == 0 && drops_told(1, 0) == 1 && drops_told(1, 4) > 2);

  options.store = store;
  options.sync = "off";
  options.hook = "persist";
  options.socket_mode = 0600;
  options.socket_owner = owner;
  options.registration_timeout_ms = 1;
  options.max_jobs = options.max_bytes = UINT64_MAX;
  options.max_function_jobs = options.max_function_bytes = 1;
  options.cache_bytes = (uint64_t)1 << 40;
  options.reserve_bytes = 4096;
  options.idle_timeout_s = 1;
  options.clients_administer = 1;
  options.hook_queue = options.hook_drop_log_every = UINT32_MAX;
  accepted(&options, address, 0600);
  MUST(stat(reserve, &file) == 0 && file.st_size == 4096);

  /* No reserve: the one that is there is left alone. */
  MUST(unlink(reserve) == 0);
  options.reserve_bytes = -1;
  accepted(&options, address, 0600);
  MUST(stat(reserve, &file) != 0);

  /* What lies beyond the given size is not looked at. */
  memset((char *)&options + offsetof(periodic_server_options, max_jobs), 0xff,
         sizeof options - offsetof(periodic_server_options, max_jobs));
  options.size = offsetof(periodic_server_options, max_jobs);
  accepted(&options, address, 0600);
  MUST(stat(reserve, &file) == 0 && file.st_size == 8 << 20);
  MUST(periodic_server_new(loop, NULL, NULL) == PERIODIC_EINVAL);
  return periodic_loop_free(loop);
}
