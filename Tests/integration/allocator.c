/* What is lent to the program lies in the memory that it brought, and goes back there, whatever is set meanwhile.
 *   allocator   exit status 0, and nothing on the standard error, if it is so */
#include <stdlib.h>
#include <string.h>

#include "program.h"

enum { MOST = 256 };

/* Blocks that are out, of one kind of memory. */
typedef struct {
  char *start[MOST];
  size_t size[MOST];
  int out, taken;
  int isEmpty; /* gives nothing more */
} Memory;

static void *allocate(void *user, size_t bytes) {
  Memory *memory = user;
  if (memory->isEmpty) return NULL;
  MUST(memory->out < MOST);
  memory->size[memory->out] = bytes;
  memory->taken++;
  return memory->start[memory->out++] = malloc(bytes);
}

static void release(void *user, void *block) {
  Memory *memory = user;
  int place = 0;
  while (place < memory->out && memory->start[place] != block) place++;
  MUST(place < memory->out);
  memory->out--;
  memory->start[place] = memory->start[memory->out];
  memory->size[place] = memory->size[memory->out];
  free(block);
}

static int holds(const Memory *memory, const void *bytes, size_t length) {
  const char *first = bytes;
  for (int i = 0; i < memory->out; i++)
    if (first >= memory->start[i] && first + length <= memory->start[i] + memory->size[i]) return 1;
  return 0;
}

static void use(Memory *memory) {
  periodic_allocator allocator = PERIODIC_ALLOCATOR_INIT;
  allocator.allocate = allocate;
  allocator.release = release;
  allocator.user = memory;
  MUST(periodic_set_allocator(&allocator) == 0);
}

int main(void) {
  static Memory first, second;
  periodic_loop *loop;
  periodic_server *server;
  periodic_client *client;
  periodic_worker *worker;
  periodic_request *run;
  periodic_cursor *cursor;
  periodic_job *taken;
  periodic_job_info info = PERIODIC_JOB_INFO_INIT;
  periodic_job_fields job = PERIODIC_JOB_FIELDS_INIT;
  const void *bytes;
  size_t length;
  char large[8192] = "workload";

  use(&first);
  job.function = "f", job.function_length = 1, job.name = "n", job.name_length = 1;
  job.workload = large, job.workload_length = sizeof large;
  MUST(periodic_loop_new(&loop) == 0 && periodic_server_new(loop, NULL, &server) == 0);
  MUST(periodic_server_listen(server, "inproc:allocator", NULL, 0) > 0);
  MUST(periodic_client_new(loop, "inproc:allocator", NULL, &client) == 0);
  MUST(periodic_worker_new(loop, "inproc:allocator", 1, NULL, &worker) == 0);
  MUST(periodic_worker_can_do(worker, "f", 1, 5000) == 0);
  MUST(periodic_client_start_run(client, &job, &run, -1) == 0);
  MUST(periodic_worker_next(worker, &taken, 5000) == 0);
  bytes = periodic_job_workload(taken, &length);
  MUST(length == sizeof large && holds(&first, bytes, length));
  bytes = periodic_job_name(taken, &length);
  MUST(length == 1 && holds(&first, bytes, 1));
  MUST(periodic_client_dump(client, &bytes, &length, 5000) == 0 && holds(&first, bytes, length));
  MUST(periodic_server_jobs(server, NULL, 0, &cursor) == 0 && periodic_cursor_next(cursor, &info, 0) == 1);
  MUST(holds(&first, info.workload, info.workload_length) && holds(&first, info.name, 1));

  /* What is lent goes back to where it came from, and what comes now lies elsewhere. */
  use(&second);
  MUST(periodic_job_done(taken, "result", 6) == 0);
  MUST(periodic_request_next(run, &bytes, &length, 5000) == 0);
  MUST(length == 6 && memcmp(bytes, "result", 6) == 0 && holds(&second, bytes, length));
  MUST(periodic_request_free(run) == 0 && second.out == 0 && second.taken > 0);

  second.isEmpty = 1;
  MUST(periodic_client_dump(client, &bytes, &length, 5000) == 0 && length == 8 && !holds(&second, bytes, 8));
  MUST(periodic_set_allocator(NULL) == 0);
  MUST(periodic_cursor_free(cursor) == 0 && periodic_worker_free(worker) == 0);
  MUST(periodic_client_free(client) == 0 && periodic_server_free(server) == 0 && periodic_loop_free(loop) == 0);
  MUST(first.out == 0 && second.out == 0);
  return 0;
}
