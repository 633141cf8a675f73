/* Takes jobs of one function and prints them; runs each again after two seconds, once.
 *   worker ADDRESS FUNCTION COUNT   ends after COUNT runs */
#include <periodic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int count, char **arguments) {
  if (count != 4) {
    fprintf(stderr, "usage: %s ADDRESS FUNCTION COUNT\n", arguments[0]);
    return 2;
  }
  periodic_loop *loop = NULL;
  periodic_worker *worker = NULL;
  int code = periodic_loop_new(&loop);
  if (code == 0) code = periodic_worker_new(loop, arguments[1], 1, NULL, &worker);
  if (code == 0) code = periodic_worker_can_do(worker, arguments[2], strlen(arguments[2]), 5000);

  for (int left = atoi(arguments[3]); code == 0 && left > 0; left--) {
    periodic_job *job = NULL;
    code = periodic_worker_next(worker, &job, 30000);
    if (code != 0) break;
    size_t name_length, workload_length;
    const char *name = periodic_job_name(job, &name_length);
    const char *workload = periodic_job_workload(job, &workload_length);
    printf("%.*s (%.*s), run %d\n", (int)name_length, name, (int)workload_length, workload,
           (int)periodic_job_count(job) + 1);
    fflush(stdout);
    code = periodic_job_count(job) == 0 ? periodic_job_later(job, 2, 1)
                                        : periodic_job_done(job, NULL, 0);
  }
  if (code == 0) code = periodic_worker_drain(worker, 5000);
  if (code != 0) {
    char why[256] = "";
    if (loop) periodic_loop_error(loop, why, sizeof why);
    fprintf(stderr, "worker: %s (%s)\n", periodic_strerror(code), why);
  }
  periodic_worker_free(worker);
  periodic_loop_free(loop);
  return code == 0 ? 0 : 1;
}
