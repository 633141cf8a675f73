/* Every request of generation 2 through the C functions, on one loop and one thread: results, parts, locks,
 * broadcast, settings, job lists, the end of the server; and what misuse is answered with.
 *   every_call ADDRESS   exit status 0, and nothing on the standard error, if all is as the header says */
#include <stdlib.h>
#include <string.h>

#include "program.h"

static char address[128];

static int says(const char *text) {
  char why[256] = "";
  periodic_loop_error(loop, why, sizeof why);
  return strstr(why, text) != NULL;
}

static int equal(const void *data, size_t length, const char *text) {
  return data != NULL && length == strlen(text) && memcmp(data, text, length) == 0;
}

static periodic_job_fields job_of(const char *function, const char *name) {
  periodic_job_fields job = PERIODIC_JOB_FIELDS_INIT;
  job.function = function;
  job.function_length = strlen(function);
  job.name = name;
  job.name_length = strlen(name);
  return job;
}

/* PROTOCOL 2.5: pieces, their end, then the result. */
static void run_and_data(periodic_client *client, periodic_worker *worker) {
  periodic_job_fields job = job_of("f", "n");
  periodic_request *parts, *run;
  periodic_job *taken;
  const void *data, *again;
  size_t length;

  MUST(periodic_client_run(client, &job, &data, &length, 1000) == PERIODIC_ENOWORKER);
  MUST(data == NULL && length == 0);
  MUST(periodic_worker_can_do(worker, TEXT("f"), 5000) == 0);
  MUST(periodic_client_start_receive_data(client, TEXT("f"), TEXT("n"), 0, &parts, -1) == 0);
  MUST(periodic_client_start_run(client, &job, &run, -1) == 0);
  MUST(periodic_request_next(run, &data, &length, 0) == PERIODIC_EAGAIN);
  MUST(periodic_worker_next(worker, &taken, 5000) == 0);
  MUST(periodic_request_next(parts, &data, &length, 10) == PERIODIC_EAGAIN);
  MUST(data == NULL && length == 0);
  MUST(periodic_job_data(taken, TEXT("one")) == 0);
  MUST(periodic_job_data(taken, NULL, 0) == 0);
  MUST(periodic_job_data(taken, NULL, 1) == PERIODIC_EINVAL);
  MUST(periodic_job_done(taken, TEXT("result")) == 0);

  MUST(periodic_request_next(parts, &data, &length, 5000) == PERIODIC_MORE);
  MUST(equal(data, length, "one"));
  MUST(periodic_request_next(parts, &data, &length, 5000) == PERIODIC_MORE);
  MUST(equal(data, length, ""));
  MUST(periodic_request_next(parts, &data, &length, 5000) == 0);
  MUST(data == NULL && length == 0);
  MUST(periodic_request_next(parts, NULL, NULL, 0) == 0);
  MUST(periodic_request_free(parts) == 0);

  MUST(periodic_request_next(run, &data, &length, 5000) == 0);
  MUST(equal(data, length, "result"));
  MUST(periodic_request_next(run, &again, &length, 0) == 0);
  MUST(equal(again, length, "result") && equal(data, length, "result"));
  MUST(periodic_request_free(run) == 0);
}

/* A request's bytes stay until the next call with it; a client's answer until the next answer. */
static void lent_bytes(periodic_client *client) {
  periodic_job_fields job = job_of("f", "late");
  const void *list, *result;
  size_t list_length, length;

  MUST(periodic_client_dump(client, &list, &list_length, 5000) == 0);
  MUST(list_length == 8 && memcmp(list, "\0\0\0\0\0\0\0\0", 8) == 0);
  /* The only worker is this thread, which waits: the server's own word comes. */
  job.timeout_s = 1;
  MUST(periodic_client_run(client, &job, &result, &length, 10000) == 0);
  MUST(equal(result, length, "expired"));
  MUST(periodic_client_ping(client, 5000) == 0);
  MUST(equal(result, length, "expired"));
  MUST(periodic_client_run(client, &job, NULL, NULL, 10000) == 0);
}

/* PROTOCOL 2.6 */
static void locks(periodic_client *client, periodic_worker *worker) {
  periodic_job_fields jobs[2];
  periodic_job *first, *second;
  jobs[0] = job_of("f", "a");
  jobs[1] = job_of("f", "b");
  MUST(periodic_client_submit_many(client, jobs, 2, NULL, 5000) == 0);
  MUST(periodic_worker_next(worker, &first, 5000) == 0);
  MUST(periodic_worker_next(worker, &second, 5000) == 0);
  MUST(periodic_job_acquire(first, TEXT("l"), 0, 5000) == PERIODIC_EINVAL && says("65535"));
  MUST(periodic_job_acquire(first, TEXT("l"), 65536, 5000) == PERIODIC_EINVAL);
  MUST(periodic_job_acquire(first, NULL, 1, 1, 5000) == PERIODIC_EINVAL);
  MUST(periodic_job_acquire(first, "", 0, 1, 5000) == PERIODIC_ELIMIT);
  MUST(periodic_job_acquire(first, TEXT("l"), 1, 5000) == 1);
  MUST(periodic_job_acquire(first, TEXT("l"), 1, 5000) == 1);
  MUST(periodic_job_is_held(first) == 1);
  MUST(periodic_job_acquire(second, TEXT("l"), 1, 5000) == 0);
  MUST(periodic_job_release(first, TEXT("l")) == 0);
  MUST(periodic_worker_next(worker, &second, 5000) == 0);
  MUST(periodic_job_acquire(second, TEXT("l"), 1, 5000) == 1);
  MUST(periodic_job_done(first, NULL, 0) == 0);
  MUST(periodic_job_done(second, NULL, 0) == 0);
}

/* PROTOCOL 2.3 */
static void broadcast(periodic_client *client, periodic_worker *worker) {
  periodic_job_fields job = job_of("all", "n");
  periodic_worker *other;
  periodic_job *taken;
  MUST(periodic_worker_new(loop, address, 1, NULL, &other) == 0);
  MUST(periodic_worker_broadcast(worker, TEXT("all"), 5000) == 0);
  MUST(periodic_worker_broadcast(other, TEXT("all"), 5000) == 0);
  MUST(periodic_client_submit(client, &job, 5000) == 0);
  MUST(periodic_worker_next(worker, &taken, 5000) == 0);
  MUST(periodic_job_done(taken, NULL, 0) == 0);
  MUST(periodic_worker_next(other, &taken, 5000) == 0);
  MUST(periodic_job_done(taken, NULL, 0) == 0);
  MUST(periodic_worker_drain(other, 5000) == 0);
  MUST(periodic_worker_free(other) == 0);
}

/* A job that is freed leaves its slot to another; nobody hears of it. */
static void freed_job(periodic_client *client) {
  periodic_job_fields jobs[2];
  periodic_worker *worker;
  periodic_job *taken;
  jobs[0] = job_of("g", "a");
  jobs[1] = job_of("g", "b");
  MUST(periodic_worker_new(loop, address, 1, NULL, &worker) == 0);
  MUST(periodic_worker_can_do(worker, TEXT("g"), 5000) == 0);
  MUST(periodic_client_submit_many(client, jobs, 2, NULL, 5000) == 0);
  MUST(periodic_worker_next(worker, &taken, 5000) == 0);
  MUST(periodic_job_free(taken) == 0);
  MUST(periodic_worker_next(worker, &taken, 5000) == 0);
  MUST(periodic_job_done(taken, NULL, 0) == 0);
  MUST(periodic_worker_drain(worker, 5000) == 0);
  MUST(periodic_worker_free(worker) == 0);
  MUST(periodic_client_remove(client, TEXT("g"), TEXT("a"), 5000) == 0);
  MUST(periodic_client_remove(client, TEXT("g"), TEXT("b"), 5000) == 0);
}

/* All four reports at once, and what stops them. */
static void reports(periodic_client *client) {
  enum { COUNT = 4 };
  static const int kinds[COUNT] = {PERIODIC_REPORT_DATA, PERIODIC_REPORT_DONE, PERIODIC_REPORT_FAIL,
                                   PERIODIC_REPORT_LATER};
  static const char *const names[COUNT - 1] = {"a", "b", "c"};
  periodic_worker *worker;
  periodic_request *parts, *run;
  periodic_job *taken[COUNT - 1];
  periodic_report said[COUNT];
  const void *data;
  size_t length;

  MUST(periodic_worker_new(loop, address, 8, NULL, &worker) == 0);
  MUST(periodic_worker_can_do(worker, TEXT("r"), 5000) == 0);
  MUST(periodic_client_start_receive_data(client, TEXT("r"), TEXT("a"), 0, &parts, -1) == 0);
  for (int i = 0; i < COUNT - 1; i++) {
    periodic_job_fields job = job_of("r", names[i]);
    if (i == 0) MUST(periodic_client_start_run(client, &job, &run, -1) == 0);
    if (i > 0) MUST(periodic_client_submit(client, &job, 5000) == 0);
    MUST(periodic_worker_next(worker, &taken[i], 5000) == 0);
  }
  periodic_job_info shown[COUNT - 1] = {PERIODIC_JOB_INFO_INIT};
  MUST(periodic_worker_show_many(worker, taken, shown, COUNT - 1) == COUNT - 1);
  for (int i = 0; i < COUNT - 1; i++) {
    MUST(shown[i].size == sizeof shown[i] && equal(shown[i].function, shown[i].function_length, "r"));
    MUST(equal(shown[i].name, shown[i].name_length, names[i]) && shown[i].state == PERIODIC_JOB_RUNNING);
    MUST(shown[i].workload != NULL && shown[i].workload_length == 0 && shown[i].count == 0);
    MUST(shown[i].timeout_s == periodic_job_timeout_s(taken[i]) && shown[i].due_ms == 0);
  }
  for (int i = 0; i < COUNT; i++) {
    periodic_report report = PERIODIC_REPORT_INIT;
    report.job = taken[i == 0 ? 0 : i - 1];
    report.kind = kinds[i];
    report.delay_s = 3600;
    report.step = 2;
    report.data = i < 2 ? names[i] : NULL;
    report.data_length = i < 2;
    said[i] = report;
  }
  MUST(periodic_worker_report_many(worker, said, COUNT) == COUNT);
  MUST(periodic_worker_report_many(worker, said, COUNT) == PERIODIC_EINVAL);
  MUST(says("not a job in this worker's hands"));
  MUST(periodic_request_next(parts, &data, &length, 5000) == PERIODIC_MORE && equal(data, length, "a"));
  MUST(periodic_request_next(run, &data, &length, 5000) == 0 && equal(data, length, "b"));
  /* The second is due again in a second; the third in an hour, with a count. */
  MUST(periodic_worker_next(worker, &taken[1], 5000) == 0 && periodic_job_count(taken[1]) == 0);
  MUST(periodic_job_done(taken[1], NULL, 0) == 0);
  MUST(periodic_request_free(parts) == 0 && periodic_request_free(run) == 0);
  MUST(periodic_client_remove(client, TEXT("r"), TEXT("c"), 5000) == 0);
  MUST(periodic_worker_drain(worker, 5000) == 0 && periodic_worker_free(worker) == 0);
  MUST(periodic_client_drop(client, TEXT("r"), 5000) == 0);
}

/* PROTOCOL 2.9, 2.10 */
static void administration(periodic_client *client) {
  static const char one[] = "\0\0\0\0\0\0\0\1\1f\1x\0\0\0\0\0\0\0\0\177\377\377\377\0";
  periodic_job_fields job = job_of("f", "x");
  uint32_t value = 1;
  const void *list;
  size_t length;

  MUST(periodic_client_get_setting(client, TEXT("lock-timeout"), &value, 5000) == 0);
  MUST(value == 300);
  MUST(periodic_client_set_setting(client, TEXT("lock-timeout"), 0xFFFFFFFFu, 5000) == 0);
  MUST(periodic_client_get_setting(client, TEXT("lock-timeout"), &value, 5000) == 0);
  MUST(value == 0xFFFFFFFFu);
  MUST(periodic_client_get_setting(client, TEXT("lock-timeout"), NULL, 5000) == 0);
  MUST(periodic_client_get_setting(client, NULL, 1, &value, 5000) == PERIODIC_EINVAL);
  MUST(periodic_client_get_setting(client, "", 0, &value, 5000) == PERIODIC_ELIMIT);

  MUST(periodic_client_load(client, NULL, 9, 5000) == PERIODIC_EINVAL);
  MUST(periodic_client_load(client, one, sizeof one - 1, 5000) == 0);
  MUST(periodic_client_dump(client, &list, &length, 5000) == 0);
  MUST(length == sizeof one - 1 && memcmp(list, one, length) == 0);
  MUST(periodic_client_remove(client, job.function, 1, job.name, 1, 5000) == 0);
  MUST(periodic_client_load(client, one, sizeof one - 2, 5000) == PERIODIC_EDISCONNECTED);
}

/* What is in the server, as an operator sees it. */
static void jobs(periodic_client *client, periodic_server *server) {
  periodic_job_fields job = job_of("listed", "n");
  periodic_job_info info = PERIODIC_JOB_INFO_INIT, small = PERIODIC_JOB_INFO_INIT;
  periodic_limit limits[3];
  periodic_cursor *cursor;
  small.size = 8;
  job.workload = "load";
  job.workload_length = 4;
  job.run_at_s = 4000000000;
  MUST(periodic_client_submit(client, &job, 5000) == 0);
  MUST(periodic_server_jobs(server, TEXT("listed"), &cursor) == 0);
  MUST(periodic_cursor_next(cursor, &small, 0) == PERIODIC_EINVAL);
  MUST(periodic_cursor_next(cursor, &info, -1) == 1);
  MUST(equal(info.function, info.function_length, "listed") && equal(info.name, info.name_length, "n"));
  MUST(equal(info.workload, info.workload_length, "load") && info.state == PERIODIC_JOB_WAITING);
  MUST(info.due_ms == 4000000000000 && info.count == 0 && info.timeout_s == 0);
  MUST(periodic_cursor_next(cursor, &info, -1) == 0 && periodic_cursor_next(cursor, &info, 0) == 0);
  MUST(periodic_cursor_free(cursor) == 0 && periodic_cursor_free(NULL) == 0);
  MUST(periodic_client_remove(client, TEXT("listed"), TEXT("n"), 5000) == 0);
  MUST(periodic_server_jobs(server, NULL, 1, &cursor) == PERIODIC_EINVAL);
  MUST(periodic_server_jobs(NULL, NULL, 0, &cursor) == PERIODIC_EINVAL);
  MUST(periodic_server_jobs(server, NULL, 0, &cursor) == 0); /* freed with the server */
  MUST(periodic_limits(NULL, 0) > 3 && periodic_limits(limits, 3) > 3);
  MUST(strcmp(limits[0].name, "name_bytes") == 0 && limits[0].value == 255);
  MUST(strstr(periodic_features(), "inproc") != NULL && strstr(periodic_features(), "sqlite=3") != NULL);
}

static void misuse(periodic_client *client) {
  periodic_job_fields job = job_of("f", "n");
  periodic_connection_options options = PERIODIC_CONNECTION_OPTIONS_INIT;
  periodic_client *none = NULL;
  periodic_request *request = NULL;
  char long_name[256];
  memset(long_name, 'n', sizeof long_name);

  options.identity = "me";
  options.identity_length = 2;
  MUST(periodic_client_new(loop, address, &options, &none) == PERIODIC_EINVAL);
  MUST(says("credentials"));
  options.token_length = 1;
  MUST(periodic_client_new(loop, address, &options, &none) == PERIODIC_EINVAL);
  options.size = 8;
  MUST(periodic_client_new(loop, address, &options, &none) == PERIODIC_EINVAL && none == NULL);

  MUST(periodic_client_start_run(client, &job, NULL, -1) == PERIODIC_EINVAL);
  MUST(periodic_client_start_run(client, NULL, &request, -1) == PERIODIC_EINVAL);
  job.name = long_name;
  job.name_length = sizeof long_name;
  MUST(periodic_client_start_run(client, &job, &request, -1) == PERIODIC_ELIMIT && says("256"));
  MUST(periodic_client_start_receive_data(client, TEXT("f"), NULL, 1, 0, &request, -1) ==
       PERIODIC_EINVAL);
  MUST(request == NULL);
  MUST(periodic_client_start_run(NULL, &job, &request, -1) == PERIODIC_EINVAL);
  MUST(periodic_client_run(NULL, &job, NULL, NULL, -1) == PERIODIC_EINVAL);
  MUST(periodic_request_next(NULL, NULL, NULL, 0) == PERIODIC_EINVAL);
  MUST(periodic_request_free(NULL) == 0);
  MUST(periodic_job_data(NULL, NULL, 0) == PERIODIC_EINVAL);
  MUST(periodic_job_release(NULL, NULL, 0) == PERIODIC_EINVAL);
  MUST(periodic_job_acquire(NULL, NULL, 0, 1, 0) == PERIODIC_EINVAL);
  MUST(periodic_worker_broadcast(NULL, NULL, 0, 0) == PERIODIC_EINVAL);
  MUST(periodic_client_shutdown(NULL, 0) == PERIODIC_EINVAL);
}

/* What a callback may ask for, filled in by the first line of the log after `asked` is set. */
static periodic_client *asked;
static periodic_request *started;
static int codes[3];

static void log_line(void *user, int level, const char *line, size_t length) {
  periodic_job_fields job = job_of("nobody", "n");
  (void)user, (void)level, (void)line, (void)length;
  if (asked == NULL || started != NULL) return;
  codes[0] = periodic_client_start_run(asked, &job, &started, -1);
  codes[1] = periodic_request_next(started, NULL, NULL, 0);
  codes[2] = periodic_request_next(started, NULL, NULL, 1);
}

static void shut_down(periodic_client *client, periodic_server *server) {
  periodic_request *parts;
  char bound[8];
  asked = client;
  MUST(periodic_client_shutdown(client, 10000) == 0);
  asked = NULL;
  MUST(codes[0] == 0 && codes[1] == PERIODIC_EAGAIN && codes[2] == PERIODIC_EDEADLK);
  MUST(periodic_server_listen(server, "tcp://127.0.0.1:0", bound, sizeof bound) == PERIODIC_ECLOSED);
  /* One that is withdrawn, one whose time is over, and two that the client's end frees. */
  MUST(periodic_client_start_receive_data(client, TEXT("f"), TEXT("n"), 0, &parts, -1) == 0);
  MUST(periodic_request_free(parts) == 0);
  MUST(periodic_client_start_receive_data(client, TEXT("f"), TEXT("n"), 0, &parts, 20) == 0);
  MUST(periodic_request_next(parts, NULL, NULL, 5000) == PERIODIC_ETIMEDOUT);
  MUST(periodic_client_start_receive_data(client, TEXT("f"), TEXT("n"), 0, &parts, -1) == 0);
}

int main(int count, char **arguments) {
  periodic_server *server;
  periodic_client *client;
  periodic_worker *worker;
  periodic_server_options options = PERIODIC_SERVER_OPTIONS_INIT;
  options.log = log_line;
  MUST(periodic_loop_new(&loop) == 0);
  MUST(periodic_server_new(loop, &options, &server) == 0);
  MUST(count == 2 && periodic_server_listen(server, arguments[1], address, sizeof address) > 0);
  MUST(periodic_client_new(loop, address, NULL, &client) == 0);
  MUST(periodic_worker_new(loop, address, 4, NULL, &worker) == 0);
  MUST(periodic_client_ping(client, 5000) == 0);
  MUST(periodic_loop_step(loop, -2) == PERIODIC_EINVAL && periodic_loop_step(NULL, 1) == PERIODIC_EINVAL);
  MUST(periodic_loop_step(loop, 0) == 0 && periodic_loop_step(loop, -1) >= 0);
  run_and_data(client, worker);
  lent_bytes(client);
  locks(client, worker);
  broadcast(client, worker);
  freed_job(client);
  misuse(client);
  MUST(periodic_worker_drain(worker, 5000) == 0);
  MUST(periodic_worker_free(worker) == 0);
  reports(client);
  administration(client);
  jobs(client, server);
  shut_down(client, server);
  MUST(periodic_client_free(client) == 0);
  MUST(periodic_server_stop(server, 5000) == 0);
  MUST(periodic_server_free(server) == 0);
  MUST(periodic_loop_free(loop) == 0);
  return 0;
}
