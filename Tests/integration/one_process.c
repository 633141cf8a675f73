/* A server, a client and a worker in one process and one thread, at the address given: prints what each
 * step came to; how many threads it has, and how many descriptors more than before, goes to stderr. */
#include <dirent.h>
#include <periodic.h>
#include <stdio.h>
#include <string.h>

static int entries(const char *path) {
  DIR *directory = opendir(path);
  int count = -2; /* without . and .. */
  while (directory != NULL && readdir(directory) != NULL) count++;
  closedir(directory);
  return count;
}

static periodic_job_fields job_of(const char *name, const char *workload) {
  periodic_job_fields job = PERIODIC_JOB_FIELDS_INIT;
  job.function = "f";
  job.function_length = 1;
  job.name = name;
  job.name_length = strlen(name);
  job.workload = workload;
  job.workload_length = strlen(workload);
  return job;
}

static void show(const char *step, int code) {
  printf("%s: %s\n", step, code > 0 ? "positive" : periodic_errname(code));
}

static void work(periodic_worker *worker, const char *end) {
  periodic_job *job;
  size_t length;
  int code = periodic_worker_next(worker, &job, 5000);
  show("next", code);
  if (code != 0) return;
  printf("job %.2s (%.2s), run %d\n", (const char *)periodic_job_name(job, &length),
         (const char *)periodic_job_workload(job, &length), (int)periodic_job_count(job));
  show(end, *end == 'd' ? periodic_job_done(job, "r", 1) : periodic_job_later(job, 0, 1));
}

int main(int count, char **arguments) {
  periodic_loop *loop;
  periodic_server *server;
  periodic_client *client;
  periodic_worker *worker;
  periodic_request *run;
  periodic_job_fields job = job_of("j1", "w1");
  char address[300], other[300], status[200], *comma;
  const void *result = "";
  size_t length;
  int before;
  if (count != 2) return 2;
  periodic_loop_new(&loop);
  before = entries("/proc/self/fd");
  periodic_server_new(loop, NULL, &server);
  show("listen", periodic_server_listen(server, arguments[1], address, sizeof address));
  show("listen again", periodic_server_listen(server, address, other, sizeof other));
  periodic_client_new(loop, address, NULL, &client);
  periodic_worker_new(loop, address, 1, NULL, &worker);
  show("submit", periodic_client_submit(client, &job, 5000));
  show("run", periodic_client_run(client, &job, NULL, NULL, 5000));
  show("can do", periodic_worker_can_do(worker, "f", 1, 5000));
  work(worker, "later");
  work(worker, "done");
  job = job_of("j2", "w2");
  show("start run", periodic_client_start_run(client, &job, &run, 5000));
  work(worker, "done");
  show("result", periodic_request_next(run, &result, &length, 5000));
  printf("%.1s\n", (const char *)result);
  show("remove", periodic_client_remove(client, "f", 1, "j1", 2, 5000));
  show("status", periodic_client_status(client, status, sizeof status, &length, 5000));
  comma = strrchr(status, ',');
  printf("%.*s\n", (int)(comma - status), status);
  fprintf(stderr, "threads %d, descriptors %d\n", entries("/proc/self/task"),
          entries("/proc/self/fd") - before);
  show("drain", periodic_worker_drain(worker, 5000));
  show("stop", periodic_server_stop(server, 5000));
  show("ping", periodic_client_ping(client, 20));
  show("free", periodic_worker_free(worker) | periodic_client_free(client) | periodic_server_free(server));
  return periodic_loop_free(loop);
}
