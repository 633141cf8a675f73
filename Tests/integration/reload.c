/* A plugin's host: the library is opened, used and closed, again and again. It stays in the process, because the
 * Swift run time inside cannot go; so dlclose() is safe whenever it comes.
 *   reload LIBRARY */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <periodic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MUST(condition)                                                                   \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      fprintf(stderr, "round %d, line %d: %s\n", number, __LINE__, #condition);           \
      exit(1);                                                                            \
    }                                                                                     \
  } while (0)

static int number;

static int entries(const char *path) {
  DIR *directory = opendir(path);
  int count = -2; /* without . and .. */
  while (readdir(directory) != NULL) count++;
  closedir(directory);
  return count;
}

/* Declares a pointer to the library's function of this name. */
#define FUNCTION(name) __typeof__(&name) my_##name = (__typeof__(&name))dlsym(library, #name)

static void use(void *library, const char *store) {
  FUNCTION(periodic_loop_new);
  FUNCTION(periodic_loop_free);
  FUNCTION(periodic_server_new);
  FUNCTION(periodic_server_listen);
  FUNCTION(periodic_server_free);
  FUNCTION(periodic_client_new);
  FUNCTION(periodic_client_submit);
  FUNCTION(periodic_client_free);
  periodic_server_options options = PERIODIC_SERVER_OPTIONS_INIT;
  periodic_job_fields job = PERIODIC_JOB_FIELDS_INIT;
  periodic_loop *loop;
  periodic_server *server;
  periodic_client *client;
  options.store = store;
  options.sync = "off";
  job.function = "f", job.function_length = 1;
  job.name = "n", job.name_length = 1;
  MUST(my_periodic_loop_new(&loop) == 0);
  MUST(my_periodic_server_new(loop, &options, &server) == 0);
  MUST(my_periodic_server_listen(server, "inproc:reload", NULL, 0) > 0);
  MUST(my_periodic_client_new(loop, "inproc:reload", NULL, &client) == 0);
  MUST(my_periodic_client_submit(client, &job, 5000) == 0);
  MUST(my_periodic_client_free(client) == 0 && my_periodic_server_free(server) == 0);
  MUST(my_periodic_loop_free(loop) == 0);
}

int main(int count, char **arguments) {
  void *where = NULL;
  int descriptors = 0;
  if (count != 3) return 2;
  alarm(30);
  for (number = 0; number < 30; number++) {
    void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL), *version;
    if (library == NULL) fprintf(stderr, "%s\n", dlerror());
    MUST(library != NULL);
    version = dlsym(library, "periodic_version");
    MUST(version != NULL && (where == NULL || where == version));
    where = version;
    use(library, number % 2 ? arguments[2] : "memory:");
    MUST(dlclose(library) == 0);
    /* The kernel shows a thread for a moment after it was joined. */
    while (entries("/proc/self/task") > 1) sched_yield();
    if (number == 1) descriptors = entries("/proc/self/fd");
    if (number > 1) MUST(entries("/proc/self/fd") == descriptors);
  }
  return 0;
}
