/* A server, a client and a worker in one process and one thread, without a socket or a file: the client has
 * a job run, and prints what came of it. */
#include <periodic.h>
#include <stdio.h>
#include <stdlib.h>

static periodic_loop *loop;

/* Ends the program if a call failed. */
static void must(const char *what, int code) {
  char why[256] = "";
  if (code >= 0) return;
  if (loop) periodic_loop_error(loop, why, sizeof why);
  fprintf(stderr, "%s: %s (%s)\n", what, periodic_strerror(code), why);
  exit(1);
}

int main(void) {
  periodic_server *server;
  periodic_client *client;
  periodic_worker *worker;
  periodic_request *request;
  periodic_job *taken;
  periodic_job_fields job = PERIODIC_JOB_FIELDS_INIT;
  const void *result;
  const char *text;
  char upper[64];
  size_t length, index;

  must("loop", periodic_loop_new(&loop));
  must("server", periodic_server_new(loop, NULL, &server)); /* jobs are in memory */
  must("listen", periodic_server_listen(server, "inproc:here", NULL, 0));
  must("client", periodic_client_new(loop, "inproc:here", NULL, &client));
  must("worker", periodic_worker_new(loop, "inproc:here", 1, NULL, &worker));
  must("can do", periodic_worker_can_do(worker, "upper", 5, 5000));

  /* One thread cannot wait for the result and work for it: this only starts. */
  job.function = "upper", job.function_length = 5;
  job.name = "first", job.name_length = 5;
  job.workload = "hello, world", job.workload_length = 12;
  must("run", periodic_client_start_run(client, &job, &request, 5000));

  must("next", periodic_worker_next(worker, &taken, 5000));
  text = periodic_job_workload(taken, &length);
  for (index = 0; index < length; index++)
    upper[index] = text[index] >= 'a' && text[index] <= 'z' ? (char)(text[index] - 32) : text[index];
  must("done", periodic_job_done(taken, upper, length));

  must("result", periodic_request_next(request, &result, &length, 5000));
  printf("%.*s\n", (int)length, (const char *)result);

  periodic_request_free(request);
  periodic_worker_free(worker);
  periodic_client_free(client);
  periodic_server_free(server);
  periodic_loop_free(loop);
  return 0;
}
