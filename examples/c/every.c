/* A job that is due after a delay, and that runs again and again until its worker has had enough of it.
 *   every ADDRESS SECONDS TIMES */
#include <periodic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int submit(periodic_loop *loop, const char *address, int64_t run_at_s) {
  periodic_client *client = NULL;
  periodic_job_fields job = PERIODIC_JOB_FIELDS_INIT;
  int code = periodic_client_new(loop, address, NULL, &client);
  job.function = "every", job.function_length = 5;
  job.name = "one", job.name_length = 3;
  job.run_at_s = run_at_s;
  if (code == 0) code = periodic_client_submit(client, &job, 5000);
  periodic_client_free(client);
  return code;
}

/* Runs the job `times` times, `seconds` apart. The server keeps it between two runs, and counts them. */
static int work(periodic_worker *worker, int64_t run_at_s, int seconds, int times) {
  int code = 0, count = 0;
  do {
    periodic_job *job;
    code = periodic_worker_next(worker, &job, -1);
    if (code != 0) break;
    count = periodic_job_count(job);
    printf("run %d, %s\n", count + 1, (int64_t)time(NULL) >= run_at_s ? "in time" : "too early");
    fflush(stdout);
    run_at_s += seconds;
    /* 1 is added to the job's count. After periodic_job_done() it would be gone. */
    code = count + 1 < times ? periodic_job_later(job, seconds, 1) : periodic_job_done(job, NULL, 0);
  } while (code == 0 && count + 1 < times);
  /* What is on its way to the server arrives before this returns. */
  return code == 0 ? periodic_worker_drain(worker, 5000) : code;
}

int main(int count, char **arguments) {
  periodic_loop *loop = NULL;
  periodic_worker *worker = NULL;
  int code, seconds;
  int64_t run_at_s;
  if (count != 4) {
    fprintf(stderr, "usage: %s ADDRESS SECONDS TIMES\n", arguments[0]);
    return 2;
  }
  seconds = atoi(arguments[2]);
  run_at_s = (int64_t)time(NULL) + seconds;

  code = periodic_loop_new(&loop);
  if (code == 0) code = submit(loop, arguments[1], run_at_s);
  if (code == 0) code = periodic_worker_new(loop, arguments[1], 1, NULL, &worker);
  if (code == 0) code = periodic_worker_can_do(worker, "every", 5, 5000);
  if (code == 0) code = work(worker, run_at_s, seconds, atoi(arguments[3]));
  if (code != 0) {
    char why[256] = "";
    if (loop) periodic_loop_error(loop, why, sizeof why);
    fprintf(stderr, "every: %s (%s)\n", periodic_strerror(code), why);
  }
  periodic_worker_free(worker);
  periodic_loop_free(loop);
  return code == 0 ? 0 : 1;
}
