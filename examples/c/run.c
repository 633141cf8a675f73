/* Runs a job, prints each piece of data that its worker sends meanwhile, and then its result.
 *   run ADDRESS FUNCTION NAME [WORKLOAD [SECONDS]] */
#include <periodic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Prints the parts of `request` that are there, and forgets it at its end. */
static int print_parts(periodic_request **request, int timeout_ms) {
  const void *data;
  size_t length;
  int code;
  while ((code = periodic_request_next(*request, &data, &length, timeout_ms)) == PERIODIC_MORE) {
    printf("part: %.*s\n", (int)length, (const char *)data);
    fflush(stdout);
    timeout_ms = 0;
  }
  if (code == PERIODIC_EAGAIN) return 0;
  periodic_request_free(*request);
  *request = NULL;
  return code;
}

/* Prints parts until the run ends, then its result; the parts always come before it. */
static int print_run(periodic_request *parts, periodic_request *run) {
  const void *result;
  size_t length;
  int code = 0;
  while (code == 0 && parts != NULL) code = print_parts(&parts, 10000);
  if (code == 0) code = periodic_request_next(run, &result, &length, -1);
  if (code == 0) printf("result: %.*s\n", (int)length, (const char *)result);
  return code;
}

int main(int count, char **arguments) {
  if (count < 4) {
    fprintf(stderr, "usage: %s ADDRESS FUNCTION NAME [WORKLOAD [SECONDS]]\n", arguments[0]);
    return 2;
  }
  periodic_job_fields job = PERIODIC_JOB_FIELDS_INIT;
  job.function = arguments[2];
  job.function_length = strlen(arguments[2]);
  job.name = arguments[3];
  job.name_length = strlen(arguments[3]);
  if (count > 4) {
    job.workload = arguments[4];
    job.workload_length = strlen(arguments[4]);
  }
  job.timeout_s = count > 5 ? atoi(arguments[5]) : 60;

  periodic_loop *loop = NULL;
  periodic_client *client = NULL;
  periodic_request *parts = NULL, *run = NULL;
  int code = periodic_loop_new(&loop);
  if (code == 0) code = periodic_client_new(loop, arguments[1], NULL, &client);
  /* Listening begins first: what is sent before it is lost. */
  if (code == 0)
    code = periodic_client_start_receive_data(client, job.function, job.function_length, job.name,
                                              job.name_length, job.timeout_s, &parts, -1);
  if (code == 0) code = periodic_client_start_run(client, &job, &run, -1);
  if (code == 0) code = print_run(parts, run);
  if (code != 0) {
    char why[256] = "";
    if (loop) periodic_loop_error(loop, why, sizeof why);
    fprintf(stderr, "run: %s (%s)\n", periodic_strerror(code), why);
  }
  /* Frees what is left of its requests too. */
  periodic_client_free(client);
  periodic_loop_free(loop);
  return code == 0 ? 0 : 1;
}
