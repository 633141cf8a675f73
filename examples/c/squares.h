/* What the examples loop_*.c run: a server, a client and a worker on one periodic_loop. The client has
 * the squares of 1 to 3 computed, one after the other. Only the start waits. */
#include <periodic.h>
#include <stdio.h>

struct squares {
  periodic_loop *loop;
  periodic_server *server;
  periodic_client *client;
  periodic_worker *worker;
  periodic_request *request;
  int number;
};

/* Asks for the square of the next number. */
static int squares_ask(struct squares *all) {
  char name[16];
  periodic_job_fields job = PERIODIC_JOB_FIELDS_INIT;
  job.function = "square", job.function_length = 6;
  job.name = name;
  job.name_length = (size_t)snprintf(name, sizeof name, "%d", ++all->number);
  return periodic_client_start_run(all->client, &job, &all->request, 5000);
}

static int squares_start(struct squares *all) {
  char address[64];
  int code = periodic_loop_new(&all->loop);
  if (code == 0) code = periodic_server_new(all->loop, NULL, &all->server);
  if (code == 0)
    code = periodic_server_listen(all->server, "tcp://127.0.0.1:0", address, sizeof address);
  if (code >= 0) code = periodic_client_new(all->loop, address, NULL, &all->client);
  if (code == 0) code = periodic_worker_new(all->loop, address, 1, NULL, &all->worker);
  if (code == 0) code = periodic_worker_can_do(all->worker, "square", 6, 5000);
  return code == 0 ? squares_ask(all) : code;
}

/* Takes what has come: jobs for the worker, the answer for the client. Returns 1 at the end, 0 before. */
static int squares_turn(struct squares *all) {
  periodic_job *job;
  const void *data;
  size_t length;
  int code;
  while (periodic_worker_next(all->worker, &job, 0) == 0) {
    char result[16];
    int number = *(const char *)periodic_job_name(job, &length) - '0';
    length = (size_t)snprintf(result, sizeof result, "%d", number * number);
    periodic_job_done(job, result, length);
  }
  code = periodic_request_next(all->request, &data, &length, 0);
  if (code == PERIODIC_EAGAIN) return 0;
  if (code < 0) return code;
  printf("the square of %d is %.*s\n", all->number, (int)length, (const char *)data);
  periodic_request_free(all->request);
  all->request = NULL;
  return all->number == 3 ? 1 : squares_ask(all);
}

/* Frees everything that was made; returns what `main` should, and says why if it is a failure. */
static int squares_end(struct squares *all, int code) {
  char why[256] = "";
  if (code < 0 && all->loop != NULL) periodic_loop_error(all->loop, why, sizeof why);
  if (code < 0) fprintf(stderr, "%s (%s)\n", periodic_strerror(code), why);
  periodic_worker_free(all->worker);
  periodic_client_free(all->client);
  periodic_server_free(all->server);
  periodic_loop_free(all->loop);
  return code < 0 ? 1 : 0;
}
