/* Frees every object, and all with their loop, inside callbacks: the host's clock is asked dozens of times in
 * each call, and each time is the one at which it frees something. What must hold: the call ends, its object
 * is dead at once, and destructors and completions are called exactly once.
 *   freed_inside FILE [STEP]   a store file for the cursor; STEP tries only every so many-th time */
#include <periodic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static periodic_loop *loop;
static periodic_server *server;
static periodic_client *client;
static periodic_worker *worker;
static periodic_request *request;
static periodic_job *job;
static periodic_cursor *cursor;
static const char *path, *doing, *freeing;
static int at;

/* How often each destructor, and the end of the request, was called. */
static int clock_destroyed, random_destroyed, log_destroyed, request_destroyed, ends, end_code;

#define MUST(condition)                                                                                 \
  do {                                                                                                  \
    if (!(condition)) {                                                                                 \
      fprintf(stderr, "line %d: %s (%s, freeing %s at %d)\n", __LINE__, #condition, doing, freeing, at); \
      exit(1);                                                                                          \
    }                                                                                                   \
  } while (0)

#define TEXT(string) (string), sizeof(string) - 1

static void count(void *user) { ++*(int *)user; }

static void ended(void *user, periodic_request *told, int code) {
  (void)user;
  MUST(code != PERIODIC_MORE && (told == NULL || told == request));
  if (told == NULL) MUST(request == NULL);
  if (told != NULL) MUST(periodic_request_next(told, NULL, NULL, 0) == code);
  end_code = code;
  ends++;
}

/* ---- What is freed --------------------------------------------------------------------------------- */

/* A pointer is dead once it is freed: freeing it again, and using it, is EINVAL. */
#define FREE(kind)                                          \
  do {                                                      \
    if (kind != NULL) {                                     \
      periodic_##kind *dead = kind;                         \
      kind = NULL;                                          \
      MUST(periodic_##kind##_free(dead) == 0);              \
      MUST(periodic_##kind##_free(dead) == PERIODIC_EINVAL); \
    }                                                       \
  } while (0)

static void free_request(void) { FREE(request); }
static void free_job(void) { FREE(job); }
static void free_cursor(void) { FREE(cursor); }

static void free_client(void) {
  periodic_client *dead = client;
  periodic_request *its = request;
  request = NULL;
  FREE(client);
  MUST(periodic_client_ping(dead, 0) == PERIODIC_EINVAL);
  if (its != NULL) MUST(periodic_request_next(its, NULL, NULL, 0) == PERIODIC_EINVAL);
}

static void free_worker(void) {
  periodic_worker *dead = worker;
  periodic_job *its = job, *none;
  job = NULL;
  FREE(worker);
  MUST(periodic_worker_next(dead, &none, 0) == PERIODIC_EINVAL);
  if (its != NULL) MUST(periodic_job_done(its, NULL, 0) == PERIODIC_EINVAL);
  if (its != NULL) MUST(periodic_job_name(its, NULL) == NULL);
}

static void free_server(void) {
  periodic_server *dead = server;
  periodic_cursor *its = cursor;
  cursor = NULL;
  FREE(server);
  MUST(periodic_server_is_ready(dead) == PERIODIC_EINVAL);
  if (its != NULL) MUST(periodic_cursor_free(its) == PERIODIC_EINVAL);
}

static void free_all(void) {
  periodic_loop *dead = loop;
  MUST(periodic_loop_free(loop) == PERIODIC_EBUSY);
  free_worker();
  free_client();
  free_server();
  if (strcmp(doing, "make") == 0) {
    /* What is being made counts already. */
    MUST(periodic_loop_free(loop) == PERIODIC_EBUSY);
    return;
  }
  FREE(loop);
  MUST(periodic_loop_wake(dead) == PERIODIC_EINVAL);
}

/* ---- When ------------------------------------------------------------------------------------------ */

static void (*action)(void);
static int left;

static void act(void) {
  void (*now)(void) = action;
  if (now == NULL || left-- > 0) return;
  action = NULL;
  if (loop != NULL) MUST(periodic_loop_step(loop, -1) == PERIODIC_EDEADLK);
  now();
}

static void tell_time(void *user, periodic_time *now) {
  struct timespec system;
  (void)user;
  clock_gettime(CLOCK_MONOTONIC, &system);
  now->monotonic_ms = system.tv_sec * 1000 + system.tv_nsec / 1000000;
  now->wall_ms = 1700000000000 + now->monotonic_ms;
  act();
}

static uint64_t draw(void *user) {
  (void)user;
  act();
  return 4;
}

static void log_line(void *user, int level, const char *line, size_t length) {
  (void)user, (void)level, (void)line, (void)length;
  act();
}

/* ---- In which call --------------------------------------------------------------------------------- */

static periodic_job_fields job_of(const char *name) {
  periodic_job_fields fields = PERIODIC_JOB_FIELDS_INIT;
  fields.function = "f";
  fields.function_length = 1;
  fields.name = name;
  fields.name_length = strlen(name);
  return fields;
}

/* Everything there is, with a job in hand and a request under way. */
static void set_up(int with_file) {
  periodic_server_options options = PERIODIC_SERVER_OPTIONS_INIT;
  periodic_job_fields fields = job_of("taken");
  char store[300];
  snprintf(store, sizeof store, "file:%s", path);
  clock_destroyed = random_destroyed = log_destroyed = request_destroyed = ends = 0;
  options.log = log_line;
  options.log_user = &log_destroyed;
  options.log_destroy = count;
  options.cache_bytes = 1;
  if (with_file) options.store = store;
  MUST(periodic_loop_new(&loop) == 0);
  MUST(periodic_loop_set_clock(loop, tell_time, &clock_destroyed, count) == 0);
  MUST(periodic_loop_set_random(loop, draw, &random_destroyed, count) == 0);
  MUST(periodic_server_new(loop, &options, &server) == 0);
  MUST(periodic_server_listen(server, "inproc:freed", NULL, 0) > 0);
  MUST(periodic_client_new(loop, "inproc:freed", NULL, &client) == 0);
  MUST(periodic_worker_new(loop, "inproc:freed", 2, NULL, &worker) == 0);
  MUST(periodic_worker_can_do(worker, TEXT("f"), 5000) == 0);
  MUST(periodic_client_submit(client, &fields, 5000) == 0);
  MUST(periodic_worker_next(worker, &job, 5000) == 0);
  MUST(periodic_client_start_receive_data(client, TEXT("f"), TEXT("taken"), 0, &request, -1) == 0);
  MUST(periodic_request_set_callback(request, ended, &request_destroyed, count) == 0);
  if (with_file) {
    fields.name = "late";
    fields.name_length = 4;
    fields.run_at_s = 4000000000;
    fields.workload = "late";
    fields.workload_length = 4;
    MUST(periodic_client_submit(client, &fields, 5000) == 0);
    MUST(periodic_server_jobs(server, TEXT("f"), &cursor) == 0);
  }
}

static void tear_down(void) {
  action = NULL;
  FREE(worker);
  if (client != NULL) free_client();
  FREE(server);
  MUST(ends == 1 && request_destroyed == 1 && log_destroyed == 1);
  MUST(loop == NULL || clock_destroyed + random_destroyed == 0);
  FREE(loop);
  MUST(clock_destroyed == 1 && random_destroyed == 1);
  job = NULL;
  cursor = NULL;
}

/* How long calls wait. At the first few times the clock is asked, for ever: what is freed then ends them. */
static int patience;

static int ping(void) { return periodic_client_ping(client, patience); }
static int next(void) { return periodic_worker_next(worker, &job, patience); }
static int stop(void) { return periodic_server_stop(server, patience); }
static int drain(void) { return periodic_worker_drain(worker, patience); }
static int step(void) { return periodic_loop_step(loop, -1); }
static int step_more(void) { return loop == NULL ? 0 : periodic_loop_step(loop, -1); }
static int take(void) { return periodic_request_next(request, NULL, NULL, patience); }
static int acquire(void) { return periodic_job_acquire(job, TEXT("l"), 1, patience); }
static int done(void) { return periodic_job_done(job, NULL, 0); }
static int listen_more(void) { return periodic_server_listen(server, "inproc:more", NULL, 0); }
static int now(void) {
  periodic_time time;
  return periodic_loop_now(loop, &time);
}

static int run(void) {
  periodic_job_fields fields = job_of("run");
  const void *result;
  size_t length;
  int code = periodic_client_run(client, &fields, &result, &length, patience);
  /* The worker that goes has the job: the server says that it failed. */
  MUST(code == 0 ? client != NULL && length == 6 && memcmp(result, "failed", 6) == 0 : result == NULL);
  return code;
}

/* When the ping is over; what frees the loop ends it as well. */
static void stop_loop(void *user, periodic_request *told, int code) {
  (void)user, (void)told, (void)code;
  if (loop != NULL) MUST(periodic_loop_stop(loop) == 0);
}

static int run_loop(void) {
  periodic_request *asked;
  MUST(periodic_client_start_ping(client, &asked, -1) == 0 || client == NULL);
  if (loop == NULL) return 0;
  if (client != NULL) MUST(periodic_request_set_callback(asked, stop_loop, NULL, NULL) == 0);
  return client == NULL ? 0 : periodic_loop_run(loop);
}

static int submit_many(void) {
  periodic_job_fields fields[3] = {job_of("1"), job_of("2"), job_of("3")};
  int results[3] = {77, 77, 77}, code = periodic_client_submit_many(client, fields, 3, results, patience);
  for (int i = 0; i < 3; i++) MUST(results[i] <= 0);
  return code;
}

static int walk(void) {
  periodic_job_info info = PERIODIC_JOB_INFO_INIT;
  int code;
  while (cursor != NULL && (code = periodic_cursor_next(cursor, &info, patience)) == 1) {
    if (info.workload != NULL && info.workload_length > 0) MUST(memcmp(info.workload, "late", 4) == 0);
  }
  return 0;
}

static int make(void) {
  periodic_client *made = NULL;
  int code = periodic_client_new(loop, "inproc:freed", NULL, &made);
  if (made != NULL) MUST(periodic_client_free(made) == 0);
  return code;
}

/* ---- All of it ------------------------------------------------------------------------------------- */

#define FREES(kind) {free_##kind, #kind, (void **)&kind}
#define CALL(name, object) {name, #name, (void **)&object}

typedef struct {
  int (*call)(void);
  const char *name;
  void **object; /* that it is about */
} Call;

typedef struct {
  void (*call)(void);
  const char *name;
  void **object;
} Action;

static void everywhere(Call what, Action freed, int stride, int with_file) {
  int acted = 1, code;
  for (at = 0; acted; at += stride) {
    doing = what.name;
    freeing = freed.name;
    set_up(with_file);
    left = at;
    action = freed.call;
    patience = at < 3 && freed.object == what.object ? -1 : 10;
    code = what.call();
    acted = action == NULL;
    action = NULL;
    MUST(code >= 0 || (code <= PERIODIC_EBUSY && code >= PERIODIC_ESTALE));
    if (acted && *what.object == NULL && code < 0)
      MUST(code == PERIODIC_ECANCELED || (code == PERIODIC_ETIMEDOUT && patience > 0));
    /* What was freed in a call that runs no turn is closed with it. */
    if (acted && loop == NULL) MUST(clock_destroyed == 1 && random_destroyed == 1);
    if (acted && server == NULL) MUST(log_destroyed == 1);
    if (acted && client == NULL) MUST(ends == 1 && end_code < 0 && request_destroyed == 1);
    step_more();
    tear_down();
  }
  printf("%s, freeing %s: %d times\n", what.name, freed.name, at - stride);
}

/* In virtual time, by what is told of a request; the loop ends with the call that moved the time. */
static void told_everything(void *user, periodic_request *ended_request, int code) {
  (void)ended_request, (void)code;
  count(user);
  request = NULL;
  free_all();
  MUST(clock_destroyed == 0);
}

static void in_virtual_time(void) {
  periodic_loop *moved;
  doing = "advance", freeing = "all", at = 0;
  MUST(periodic_loop_new(&loop) == 0 && periodic_loop_set_virtual_clock(loop, NULL) == 0);
  clock_destroyed = random_destroyed = request_destroyed = ends = 0;
  MUST(periodic_loop_set_random(loop, draw, &random_destroyed, count) == 0);
  MUST(periodic_server_new(loop, NULL, &server) == 0);
  MUST(periodic_server_listen(server, "inproc:freed", NULL, 0) > 0);
  MUST(periodic_client_new(loop, "inproc:freed", NULL, &client) == 0);
  MUST(periodic_worker_new(loop, "inproc:freed", 2, NULL, &worker) == 0);
  MUST(periodic_worker_can_do(worker, TEXT("f"), -1) == 0);
  MUST(periodic_client_start_receive_data(client, TEXT("f"), TEXT("n"), 0, &request, 10) == 0);
  MUST(periodic_request_set_callback(request, told_everything, &ends, count) == 0);
  moved = loop;
  MUST(periodic_loop_advance(moved, 1000) >= 0);
  /* Told, and destroyed. */
  MUST(loop == NULL && ends == 2 && random_destroyed == 1);
  MUST(periodic_loop_advance(moved, 1000) == PERIODIC_EINVAL);
}

int main(int argc, char **argv) {
  Call calls[] = {CALL(ping, client), CALL(run, client),    CALL(submit_many, client), CALL(next, worker),
                  CALL(drain, worker), CALL(acquire, job),  CALL(done, job),           CALL(stop, server),
                  CALL(take, request), CALL(step, loop),    CALL(now, loop),           CALL(make, loop),
                  CALL(listen_more, server), CALL(run_loop, loop)};
  Action actions[] = {FREES(client), FREES(worker), FREES(server),
                      FREES(request), FREES(job), {free_all, "all", (void **)&loop}};
  Action with_file[] = {FREES(cursor), FREES(server)};
  int stride = argc > 2 ? atoi(argv[2]) : 1;
  if (argc < 2) return 2;
  path = argv[1];
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
    for (size_t j = 0; j < sizeof actions / sizeof *actions; j++) everywhere(calls[i], actions[j], stride, 0);
  for (size_t j = 0; j < 2; j++) everywhere((Call)CALL(walk, cursor), with_file[j], stride, 1);
  in_virtual_time();
  return 0;
}
