/* Submits a job and waits until the server has stored it.
 *   submit ADDRESS FUNCTION NAME [WORKLOAD [SECONDS]] */
#include <periodic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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
  if (count > 5) job.run_at_s = time(NULL) + atoi(arguments[5]);

  periodic_loop *loop = NULL;
  periodic_client *client = NULL;
  int code = periodic_loop_new(&loop);
  if (code == 0) code = periodic_client_new(loop, arguments[1], NULL, &client);
  if (code == 0) code = periodic_client_submit(client, &job, 5000);
  if (code == 0) {
    printf("submitted %s to %s\n", arguments[3], arguments[2]);
  } else {
    char why[256] = "";
    if (loop) periodic_loop_error(loop, why, sizeof why);
    fprintf(stderr, "submit: %s (%s)\n", periodic_strerror(code), why);
  }
  periodic_client_free(client);
  periodic_loop_free(loop);
  return code == 0 ? 0 : 1;
}
