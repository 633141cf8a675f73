/* Provokes every row of docs/errors.md that misuse can provoke, and checks what is returned, that a sentence says
 * why where there should be one, that a call which fails makes nothing, and that everything can still be freed.
 * misuse.py makes the rows.
 *   misuse         exit status 0 and how many rows there were, if all is as the list says */
#include <limits.h>
#include <periodic.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A job list with one job. */
#define LIST "\0\0\0\0\0\0\0\1\1f\1x\0\0\0\0\0\0\0\0\177\377\377\377\0"

enum place { CALL, THREAD, FORK, CALLBACK, CLOCK, RANDOM };

struct row {
  const char *name;
  void (*before)(void);
  long (*call)(void);
  enum place place;
  long least, most;
  periodic_loop **loop;
  void (*mark)(periodic_loop *loop);
  int has_sentence;
};

/* What a row may use: made anew for each. */
static struct {
  periodic_loop *loop, *bare; /* time is virtual on both; nothing is on the second */
  periodic_server *server;
  periodic_client *client, *lonely, *asker; /* the second has no server */
  periodic_worker *worker, *idle;           /* the first has two jobs in hand, and one more has come */
  periodic_job *jobs[2];
  periodic_request *request; /* listens to the first job */
  periodic_cursor *cursor;
  periodic_job_fields fields, many[2];
  periodic_report reports[2]; /* of both jobs that they are done */
  periodic_job_info info, infos[2];
  periodic_allocator allocator;
  periodic_server_options server_options;
  periodic_connection_options connection_options;
  periodic_time start;
  char long_address[300];
} the;

/* Pointers to what was freed. The job's place has another job now. */
static struct {
  periodic_loop *loop;
  periodic_server *server;
  periodic_client *client;
  periodic_worker *worker;
  periodic_job *job;
  periodic_request *request;
  periodic_cursor *cursor;
} dead;

/* Where a call may put what it makes. */
static struct {
  periodic_loop *loop;
  periodic_server *server;
  periodic_client *client;
  periodic_worker *worker;
  periodic_request *request;
  periodic_cursor *cursor;
  periodic_job *job, *jobs[3];
  const void *data;
  size_t length;
  uint32_t value;
  const int *codes;
  size_t count;
  int results[2];
  periodic_time now;
  periodic_limit limits[64];
  char text[256];
} out;

static const struct row *armed; /* the row whose call the next callback makes */
static const char *present;
static long code;
static char marked[256], said[256];
static int failures;

static void fail(const char *why) {
  fprintf(stderr, "%s: %s: %ld %s: %s\n", present, why, code, periodic_errname((int)code), said);
  failures++;
}

#define CHECK(condition) \
  if (!(condition)) fail(#condition)
#define MUST(condition) \
  if (!(condition)) fail(#condition), exit(1)

/* Failures of another kind, whose sentences the row's must replace. */
static void mark(periodic_loop *loop) { periodic_loop_now(loop, NULL); }
static void mark_otherwise(periodic_loop *loop) { periodic_loop_advance(loop, -12345); }

static void run(const struct row *row) {
  row->mark(*row->loop);
  periodic_loop_error(*row->loop, marked, sizeof marked);
  code = row->call();
}

static void read_sentence(const struct row *row) {
  if (*row->loop != NULL) periodic_loop_error(*row->loop, said, sizeof said);
}

static void log_line(void *user, int level, const char *line, size_t length) {
  const struct row *row = armed;
  (void)user, (void)level, (void)line, (void)length;
  if (row == NULL || row->place != CALLBACK) return;
  armed = NULL;
  run(row);
  read_sentence(row);
}

static void call_armed(enum place place) {
  const struct row *row = armed;
  if (row == NULL || row->place != place) return;
  armed = NULL;
  code = row->call();
}

static void tell_time(void *user, periodic_time *now) {
  (void)user;
  now->monotonic_ms = 1;
  now->wall_ms = 1;
  call_armed(CLOCK);
}

static uint64_t any_number(void *user) {
  (void)user;
  call_armed(RANDOM);
  return 1;
}

static void *take_memory(void *user, size_t bytes) { (void)user; return malloc(bytes); }
static void give_memory_back(void *user, void *block) { (void)user; free(block); }
static void forget_it(void *user) { (void)user; }
static void hear(void *user, periodic_request *request, int told) { (void)user, (void)request, (void)told; }

static void *in_thread(void *row) {
  code = ((const struct row *)row)->call();
  return NULL;
}

static periodic_job_fields job_of(const char *name) {
  periodic_job_fields job = PERIODIC_JOB_FIELDS_INIT;
  job.function = "f";
  job.function_length = 1;
  job.name = name;
  job.name_length = 1;
  return job;
}

/* Options and structs that are right. */
static void fill_in(void) {
  periodic_server_options server = PERIODIC_SERVER_OPTIONS_INIT;
  periodic_connection_options connection = PERIODIC_CONNECTION_OPTIONS_INIT;
  periodic_job_info info = PERIODIC_JOB_INFO_INIT;
  the.server_options = server;
  periodic_allocator allocator = PERIODIC_ALLOCATOR_INIT;
  allocator.allocate = take_memory;
  allocator.release = give_memory_back;
  the.allocator = allocator;
  the.connection_options = connection;
  the.info = the.infos[0] = the.infos[1] = info;
  the.fields = job_of("n");
  the.many[0] = job_of("o");
  the.many[1] = job_of("p");
  memset(the.long_address, 'x', sizeof the.long_address - 1);
  memcpy(the.long_address, "inproc:", 7);
}

static void free_some(void) {
  MUST(periodic_loop_new(&dead.loop) == 0 && periodic_loop_free(dead.loop) == 0);
  MUST(periodic_client_new(the.loop, "inproc:misuse", NULL, &dead.client) == 0);
  MUST(periodic_client_free(dead.client) == 0);
  MUST(periodic_worker_new(the.loop, "inproc:misuse", 1, NULL, &dead.worker) == 0);
  MUST(periodic_worker_free(dead.worker) == 0);
  MUST(periodic_client_start_ping(the.client, &dead.request, -1) == 0);
  MUST(periodic_request_free(dead.request) == 0);
  MUST(periodic_server_jobs(the.server, NULL, 0, &dead.cursor) == 0 && periodic_cursor_free(dead.cursor) == 0);
  MUST(periodic_client_submit(the.client, &the.fields, 5000) == 0);
  MUST(periodic_worker_next(the.worker, &dead.job, 5000) == 0 && periodic_job_done(dead.job, NULL, 0) == 0);
}

static void set_up(void) {
  periodic_server_options options = PERIODIC_SERVER_OPTIONS_INIT;
  periodic_job_fields jobs[3];
  options.log = log_line;
  memset(&the, 0, sizeof the);
  memset(&out, 0, sizeof out);
  fill_in();
  MUST(periodic_loop_new(&the.loop) == 0 && periodic_loop_new(&the.bare) == 0);
  MUST(periodic_loop_set_virtual_clock(the.loop, &the.start) == 0);
  MUST(periodic_server_new(the.loop, &options, &the.server) == 0);
  MUST(periodic_server_listen(the.server, "inproc:misuse", NULL, 0) > 0);
  MUST(periodic_client_new(the.loop, "inproc:misuse", NULL, &the.client) == 0);
  MUST(periodic_client_new(the.loop, "inproc:misuse", NULL, &the.asker) == 0);
  MUST(periodic_client_new(the.loop, "inproc:nobody", NULL, &the.lonely) == 0);
  MUST(periodic_worker_new(the.loop, "inproc:misuse", 4, NULL, &the.worker) == 0);
  MUST(periodic_worker_new(the.loop, "inproc:misuse", 1, NULL, &the.idle) == 0);
  MUST(periodic_worker_can_do(the.worker, "f", 1, 5000) == 0);
  MUST(periodic_client_ping(the.asker, 5000) == 0);
  free_some();
  jobs[0] = job_of("a"), jobs[1] = job_of("b"), jobs[2] = job_of("c");
  MUST(periodic_client_submit_many(the.client, jobs, 3, NULL, 5000) == 0);
  MUST(periodic_worker_next(the.worker, &the.jobs[0], 5000) == 0);
  MUST(periodic_worker_next(the.worker, &the.jobs[1], 5000) == 0);
  for (int i = 0; i < 2; i++) {
    periodic_report report = PERIODIC_REPORT_INIT;
    report.job = the.jobs[i];
    report.kind = PERIODIC_REPORT_DONE;
    report.data = "r";
    report.data_length = 1;
    the.reports[i] = report;
  }
  MUST(periodic_client_start_receive_data(the.client, "f", 1, "a", 1, 60, &the.request, -1) == 0);
  MUST(periodic_client_ping(the.client, 5000) == 0);
  MUST(periodic_server_jobs(the.server, NULL, 0, &the.cursor) == 0);
}

/* Only for the rows with dead.server: a server's tables take the sanitizer half of a row's time. */
static void free_server(void) {
  MUST(periodic_server_new(the.loop, NULL, &dead.server) == 0 && periodic_server_free(dead.server) == 0);
}

/* As many requests as may be under way; the client's end frees them. */
static void ask_much(void) {
  periodic_request *each;
  while ((code = periodic_client_start_receive_data(the.client, "f", 1, "a", 1, 60, &each, -1)) == 0) continue;
  MUST(code == PERIODIC_EAGAIN);
}

/* As many bytes as may wait to be sent. */
static void say_much(void) {
  static const char piece[60 << 20];
  while ((code = periodic_job_data(the.jobs[0], piece, sizeof piece)) == 0) continue;
  MUST(code == PERIODIC_EAGAIN);
}

/* As many functions as a worker may have. */
static void announce_much(void) {
  for (int each = 0; (code = periodic_worker_can_do(the.worker, &each, sizeof each, 0)) == 0; each++) continue;
  MUST(code == PERIODIC_EAGAIN);
}

/* The fixture does not free what a row has freed. */
static void gone(const void *object) {
  if (object == the.loop) the.loop = NULL;
  if (object == the.bare) the.bare = NULL;
  if (object == the.server) the.server = NULL;
  if (object == the.client) the.client = NULL;
  if (object == the.worker) the.worker = NULL;
}

static void tear_down(void) {
  MUST((code = periodic_loop_adopt(the.loop)) == 0);
  MUST((code = periodic_client_free(the.client)) == 0 && periodic_client_free(out.client) == 0);
  MUST((code = periodic_client_free(the.lonely)) == 0 && periodic_client_free(the.asker) == 0);
  MUST((code = periodic_worker_free(the.worker)) == 0 && periodic_worker_free(out.worker) == 0);
  MUST((code = periodic_worker_free(the.idle)) == 0);
  MUST((code = periodic_server_free(the.server)) == 0 && periodic_server_free(out.server) == 0);
  MUST((code = periodic_loop_free(the.loop)) == 0 && periodic_loop_free(out.loop) == 0);
  MUST((code = periodic_loop_free(the.bare)) == 0);
}

static void check_code(const struct row *row) {
  if (code < row->least || code > row->most) fail("returned");
  if (code < 0)
    CHECK(!out.loop && !out.server && !out.client && !out.worker && !out.request && !out.cursor && !out.job &&
         !out.jobs[0]);
}

static void in_child(const struct row *row) {
  int status;
  pid_t child = fork();
  if (child == 0) {
    code = row->call();
    if (code < row->least || code > row->most) fail("returned in the child");
    _exit(failures > 0);
  }
  MUST(child > 0 && waitpid(child, &status, 0) == child);
  if (status != 0) failures++;
  code = row->least;
}

/* Makes the row's call where it is to be made. */
static void provoke(const struct row *row) {
  periodic_client *another;
  pthread_t thread;
  armed = row;
  if (row->place != CALLBACK) {
    row->mark(*row->loop);
    periodic_loop_error(*row->loop, marked, sizeof marked);
  }
  switch (row->place) {
    case CALL: code = row->call(); break;
    case FORK: in_child(row); break;
    case THREAD:
      MUST(pthread_create(&thread, NULL, in_thread, (void *)row) == 0);
      MUST(pthread_join(thread, NULL) == 0);
      break;
    case CALLBACK: /* the server says that it stops */
      MUST(periodic_client_shutdown(the.asker, 5000) == 0);
      break;
    case CLOCK: MUST(periodic_loop_set_clock(the.loop, tell_time, NULL, NULL) == 0); break;
    case RANDOM:
      MUST(periodic_loop_set_random(the.loop, any_number, NULL, NULL) == 0);
      MUST(periodic_client_new(the.loop, "inproc:misuse", NULL, &another) == 0);
      MUST(periodic_client_free(another) == 0);
      break;
  }
  if (row->place == CLOCK || row->place == RANDOM || row->place == CALLBACK) CHECK(armed == NULL);
  armed = NULL;
  if (row->place != CALLBACK) read_sentence(row);
}

static void check_sentence(const struct row *row) {
  CHECK(marked[0] != 0);
  if (row->has_sentence) {
    CHECK(said[0] != 0 && strcmp(said, marked) != 0);
    CHECK(said[strlen(said) - 1] != '.');
  } else if (code < 0 && row->loop != NULL) {
    CHECK(strcmp(said, marked) == 0);
  }
}

#include "misuse_rows.h"

int main(void) {
  size_t count = sizeof rows / sizeof *rows;
  for (size_t each = 0; each < count; each++) {
    const struct row *row = &rows[each];
    present = row->name;
    set_up();
    if (row->before != NULL) row->before();
    provoke(row);
    check_code(row);
    check_sentence(row);
    tear_down();
  }
  printf("%zu rows\n", count);
  return failures > 0;
}
