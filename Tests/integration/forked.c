/* A child made by fork: each function answers PERIODIC_EFORK for what its parent made, frees do nothing, and
 * what the child makes is its own. The parent goes on as if nothing had been.
 *   forked */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "program.h"

#define FORKED(call) MUST((call) == PERIODIC_EFORK)
static periodic_server *server;
static periodic_client *client;
static periodic_worker *worker;
static periodic_job *job;
static periodic_request *request;
static periodic_cursor *cursor;
static periodic_job_fields fields = PERIODIC_JOB_FIELDS_INIT;

static void for_the_loop(void) {
  periodic_time now;
  char text[8];
  void *made = NULL;
  FORKED(periodic_loop_adopt(loop));
  FORKED(periodic_loop_fd(loop));
  FORKED(periodic_loop_timeout_ms(loop));
  FORKED(periodic_loop_step(loop, -1));
  FORKED(periodic_loop_run(loop));
  FORKED(periodic_loop_stop(loop));
  FORKED(periodic_loop_wake(loop));
  FORKED(periodic_loop_now(loop, &now));
  FORKED(periodic_loop_set_clock(loop, NULL, NULL, NULL));
  FORKED(periodic_loop_set_virtual_clock(loop, NULL));
  FORKED(periodic_loop_advance(loop, 1));
  FORKED(periodic_loop_set_random(loop, NULL, NULL, NULL));
  FORKED(periodic_loop_error(loop, text, sizeof text));
  FORKED(periodic_server_new(loop, NULL, (periodic_server **)&made));
  FORKED(periodic_client_new(loop, "inproc:forked", NULL, (periodic_client **)&made));
  FORKED(periodic_worker_new(loop, "inproc:forked", 1, NULL, (periodic_worker **)&made));
  MUST(made == NULL);
}

static void for_the_server(void) {
  periodic_job_info info = PERIODIC_JOB_INFO_INIT;
  periodic_cursor *made = NULL;
  FORKED(periodic_server_listen(server, "inproc:other", NULL, 0));
  FORKED(periodic_server_is_ready(server));
  FORKED(periodic_server_jobs(server, NULL, 0, &made));
  FORKED(periodic_cursor_next(cursor, &info, -1));
  FORKED(periodic_server_stop(server, -1));
  MUST(made == NULL);
}

static void for_the_client(void) {
  const void *data;
  size_t length;
  uint32_t value;
  FORKED(periodic_client_submit(client, &fields, -1));
  FORKED(periodic_client_submit_many(client, &fields, 1, NULL, -1));
  FORKED(periodic_client_run(client, &fields, &data, &length, -1));
  FORKED(periodic_client_ping(client, -1));
  FORKED(periodic_client_remove(client, TEXT("f"), TEXT("n"), -1));
  FORKED(periodic_client_drop(client, TEXT("f"), -1));
  FORKED(periodic_client_status(client, NULL, 0, &length, -1));
  FORKED(periodic_client_get_setting(client, TEXT("timeout"), &value, -1));
  FORKED(periodic_client_set_setting(client, TEXT("timeout"), 1, -1));
  FORKED(periodic_client_dump(client, &data, &length, -1));
  FORKED(periodic_client_load(client, TEXT("l"), -1));
  FORKED(periodic_client_shutdown(client, -1));
}

static void for_requests(void) {
  periodic_request *made = NULL;
  const void *data;
  const int *results;
  size_t length;
  uint32_t value;
  FORKED(periodic_client_start_submit(client, &fields, &made, -1));
  FORKED(periodic_client_start_submit_many(client, &fields, 1, &made, -1));
  FORKED(periodic_client_start_run(client, &fields, &made, -1));
  FORKED(periodic_client_start_receive_data(client, TEXT("f"), TEXT("n"), 0, &made, -1));
  FORKED(periodic_client_start_ping(client, &made, -1));
  FORKED(periodic_client_start_remove(client, TEXT("f"), TEXT("n"), &made, -1));
  FORKED(periodic_client_start_drop(client, TEXT("f"), &made, -1));
  FORKED(periodic_client_start_status(client, &made, -1));
  FORKED(periodic_client_start_get_setting(client, TEXT("timeout"), &made, -1));
  FORKED(periodic_client_start_set_setting(client, TEXT("timeout"), 1, &made, -1));
  FORKED(periodic_client_start_dump(client, &made, -1));
  FORKED(periodic_client_start_load(client, TEXT("l"), &made, -1));
  FORKED(periodic_client_start_shutdown(client, &made, -1));
  FORKED(periodic_server_start_stop(server, &made, -1));
  FORKED(periodic_worker_start_drain(worker, &made, -1));
  FORKED(periodic_job_start_acquire(job, TEXT("l"), 1, &made, -1));
  FORKED(periodic_request_next(request, &data, &length, -1));
  FORKED(periodic_request_set_callback(request, NULL, NULL, NULL));
  FORKED(periodic_request_setting(request, &value));
  FORKED(periodic_request_results(request, &results, &length));
  MUST(made == NULL);
}

static void for_the_worker(void) {
  periodic_job *taken = NULL;
  size_t length = 7;
  FORKED(periodic_worker_can_do(worker, TEXT("f"), 0));
  FORKED(periodic_worker_broadcast(worker, TEXT("f"), -1));
  FORKED(periodic_worker_cannot_do(worker, TEXT("f"), -1));
  FORKED(periodic_worker_next(worker, &taken, -1));
  FORKED(periodic_worker_next_many(worker, &taken, 1, -1));
  FORKED(periodic_worker_done_many(worker, &job, 1));
  periodic_job_info shown = PERIODIC_JOB_INFO_INIT;
  FORKED(periodic_worker_show_many(worker, &job, &shown, 1));
  periodic_report report = PERIODIC_REPORT_INIT;
  report.job = job;
  FORKED(periodic_worker_report_many(worker, &report, 1));
  FORKED(periodic_worker_drain(worker, -1));
  MUST(periodic_job_function(job, &length) == NULL && length == 0);
  MUST(periodic_job_name(job, NULL) == NULL && periodic_job_workload(job, NULL) == NULL);
  MUST(periodic_job_count(job) == 0 && periodic_job_timeout_s(job) == 0 && periodic_job_is_held(job) == 0);
  FORKED(periodic_job_data(job, TEXT("d")));
  FORKED(periodic_job_acquire(job, TEXT("l"), 1, -1));
  FORKED(periodic_job_release(job, TEXT("l")));
  FORKED(periodic_job_done(job, NULL, 0));
  FORKED(periodic_job_fail(job));
  FORKED(periodic_job_later(job, 0, 0));
  MUST(taken == NULL);
}

/* Twice: they do nothing. */
static void frees(void) {
  for (int i = 0; i < 2; i++) {
    MUST(periodic_job_free(job) == 0 && periodic_request_free(request) == 0);
    MUST(periodic_cursor_free(cursor) == 0 && periodic_worker_free(worker) == 0);
    MUST(periodic_client_free(client) == 0 && periodic_server_free(server) == 0);
    MUST(periodic_loop_free(loop) == 0);
  }
}

/* A server of this process, under the name that its parent has too. */
static void anew(void) {
  periodic_loop *own;
  periodic_server *here;
  periodic_client *asks;
  MUST(periodic_loop_new(&own) == 0 && periodic_server_new(own, NULL, &here) == 0);
  MUST(periodic_server_listen(here, "inproc:forked", NULL, 0) > 0);
  MUST(periodic_client_new(own, "inproc:forked", NULL, &asks) == 0);
  MUST(periodic_client_submit(asks, &fields, 5000) == 0);
  MUST(periodic_client_free(asks) == 0 && periodic_server_free(here) == 0 && periodic_loop_free(own) == 0);
}

int main(void) {
  periodic_job_info info = PERIODIC_JOB_INFO_INIT;
  pid_t child;
  int status;
  fields.function = "f";
  fields.name = "n";
  fields.function_length = fields.name_length = 1;
  MUST(periodic_loop_new(&loop) == 0 && periodic_server_new(loop, NULL, &server) == 0);
  MUST(periodic_server_listen(server, "inproc:forked", NULL, 0) > 0);
  MUST(periodic_client_new(loop, "inproc:forked", NULL, &client) == 0);
  MUST(periodic_worker_new(loop, "inproc:forked", 2, NULL, &worker) == 0);
  MUST(periodic_worker_can_do(worker, TEXT("f"), 5000) == 0 && periodic_client_submit(client, &fields, 5000) == 0);
  MUST(periodic_worker_next(worker, &job, 5000) == 0);
  MUST(periodic_client_start_ping(client, &request, -1) == 0);
  MUST(periodic_server_jobs(server, NULL, 0, &cursor) == 0);

  child = fork();
  if (child == 0) {
    for_the_loop();
    for_the_server();
    for_the_client();
    for_requests();
    for_the_worker();
    frees();
    anew();
    frees();
    _exit(0);
  }
  MUST(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);

  MUST(periodic_request_next(request, NULL, NULL, 5000) == 0 && periodic_request_free(request) == 0);
  MUST(periodic_cursor_next(cursor, &info, -1) == 1 && info.state == PERIODIC_JOB_RUNNING);
  MUST(periodic_job_is_held(job) == 1 && periodic_job_done(job, NULL, 0) == 0);
  MUST(periodic_worker_drain(worker, 5000) == 0 && periodic_client_ping(client, 5000) == 0);
  MUST(periodic_worker_free(worker) == 0 && periodic_client_free(client) == 0);
  MUST(periodic_server_stop(server, 5000) == 0 && periodic_server_free(server) == 0);
  MUST(periodic_loop_free(loop) == 0);
  return 0;
}
