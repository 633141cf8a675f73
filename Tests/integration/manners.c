/* What a library may not do to its host: servers, clients and workers live, and lose their peers, while every
 * thing that belongs to the whole process is watched.
 *   manners DIRECTORY   prints "ok" and ends with 0 if nothing was touched */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <netinet/in.h>
#include <periodic.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- Calls that the library would have to make --------------------------------------------------- */

/* How often each was made, and how often a peer was gone when something was sent to it. */
static int umasks, locales, handlers, broken_pipes;

static int umask_now(void) {
  char line[128];
  int mask = -1;
  FILE *status = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, status) != NULL) sscanf(line, "Umask: %o", (unsigned *)&mask);
  fclose(status);
  return mask;
}

mode_t umask(mode_t mask) {
  umasks++;
  return (mode_t)syscall(SYS_umask, mask);
}

char *setlocale(int category, const char *locale) {
  char *(*real)(int, const char *) = (char *(*)(int, const char *))dlsym(RTLD_NEXT, "setlocale");
  locales += locale != NULL;
  return real(category, locale);
}

int sigaction(int number, const struct sigaction *new, struct sigaction *old) {
  int (*real)(int, const struct sigaction *, struct sigaction *) =
      (int (*)(int, const struct sigaction *, struct sigaction *))dlsym(RTLD_NEXT, "sigaction");
  handlers += new != NULL;
  return real(number, new, old);
}

sighandler_t signal(int number, sighandler_t handler) {
  (void)number, (void)handler;
  handlers++;
  return SIG_ERR;
}

/* Where a socket gets its file, other threads would see another mask. */
int bind(int descriptor, const struct sockaddr *name, socklen_t length) {
  umasks += umask_now() != 022;
  return (int)syscall(SYS_bind, descriptor, name, length);
}

ssize_t send(int descriptor, const void *bytes, size_t count, int flags) {
  ssize_t sent = syscall(SYS_sendto, descriptor, bytes, count, flags, NULL, 0);
  broken_pipes += sent < 0 && errno == EPIPE;
  return sent;
}

/* ---- The host -------------------------------------------------------------------------------------- */

static int terminal; /* the real standard error */
static periodic_loop *loop;

#define MUST(condition)                                                              \
  do {                                                                               \
    if (!(condition)) {                                                              \
      char why[256] = "";                                                            \
      if (loop) periodic_loop_error(loop, why, sizeof why);                          \
      dprintf(terminal, "line %d: %s (last error: %s)\n", __LINE__, #condition, why); \
      _exit(1);                                                                      \
    }                                                                                \
  } while (0)

#define TEXT(string) (string), sizeof(string) - 1

static int entries(const char *path) {
  DIR *directory = opendir(path);
  int count = -2; /* without . and .. */
  while (readdir(directory) != NULL) count++;
  closedir(directory);
  return count;
}

/* Between the two kinds are those of libc itself, for its threads. */
static int is_of_libc(int number) { return number > SIGSYS && number < SIGRTMIN; }

/* Every thread but this one blocks every signal that can be blocked. Returns how many there are. */
static int own_threads(void) {
  DIR *directory = opendir("/proc/self/task");
  struct dirent *entry;
  int count = 0, number;
  while ((entry = readdir(directory)) != NULL) {
    char path[300], line[128];
    unsigned long long blocked = 0;
    FILE *status;
    if (*entry->d_name == '.' || atoi(entry->d_name) == getpid()) continue;
    snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
    if ((status = fopen(path, "r")) == NULL) continue; /* gone meanwhile */
    while (fgets(line, sizeof line, status) != NULL) sscanf(line, "SigBlk: %llx", &blocked);
    fclose(status);
    for (number = 1; number <= SIGRTMAX; number++) {
      if (number == SIGKILL || number == SIGSTOP || is_of_libc(number)) continue;
      if (!(blocked >> (number - 1) & 1)) dprintf(terminal, "signal %d is not blocked\n", number), _exit(1);
    }
    count++;
  }
  closedir(directory);
  return count;
}

/* What the kernel knows of each signal. */
static void actions(struct sigaction *all) {
  int number;
  for (number = 1; number <= SIGRTMAX; number++) sigaction(number, NULL, &all[number]);
}

static int same(const struct sigaction *one, const struct sigaction *other) {
  int number;
  for (number = 1; number <= SIGRTMAX; number++)
    if (sigismember(&one->sa_mask, number) != sigismember(&other->sa_mask, number)) return 0;
  return one->sa_handler == other->sa_handler && one->sa_flags == other->sa_flags;
}

/* ---- Peers that go --------------------------------------------------------------------------------- */

static int to(const char *address) {
  struct sockaddr_un file = {.sun_family = AF_UNIX};
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int is_file = strncmp(address, "unix://", 7) == 0;
  int peer = socket(is_file ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  snprintf(file.sun_path, sizeof file.sun_path, "%s", address + 7);
  if (!is_file) name.sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1));
  MUST(connect(peer, is_file ? (struct sockaddr *)&file : (struct sockaddr *)&name,
               is_file ? sizeof file : sizeof name) == 0);
  return peer;
}

/* Asks over HTTP, and is gone before the answer, or after a part of it. */
static void ask_and_go(const char *address, int steps) {
  static const char request[] = "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n";
  int peer = to(address), round;
  MUST(syscall(SYS_sendto, peer, request, sizeof request - 1, 0, NULL, 0) == sizeof request - 1);
  for (round = 0; round < steps; round++) MUST(periodic_loop_step(loop, -1) >= 0);
  close(peer);
  for (round = 0; round < 20; round++) MUST(periodic_loop_step(loop, -1) >= 0);
}

/* ---- The life of a server --------------------------------------------------------------------------- */

static void one_job(const char *address) {
  periodic_job_fields job = PERIODIC_JOB_FIELDS_INIT;
  periodic_client *client;
  periodic_worker *worker;
  periodic_job *taken;
  job.function = "f", job.function_length = 1;
  job.name = "n", job.name_length = 1;
  MUST(periodic_client_new(loop, address, NULL, &client) == 0);
  MUST(periodic_worker_new(loop, address, 1, NULL, &worker) == 0);
  MUST(periodic_worker_can_do(worker, TEXT("f"), 5000) == 0);
  MUST(periodic_client_submit(client, &job, 5000) == 0);
  MUST(periodic_worker_next(worker, &taken, 5000) == 0);
  MUST(periodic_job_done(taken, NULL, 0) == 0 && periodic_worker_drain(worker, 5000) == 0);
  MUST(periodic_client_free(client) == 0 && periodic_worker_free(worker) == 0);
}

static void live(const char *directory, const char *kind, int threads) {
  periodic_server_options options = PERIODIC_SERVER_OPTIONS_INIT;
  periodic_server *server, *refused;
  periodic_client *client;
  char store[220], file[220], tcp[64];
  snprintf(store, sizeof store, "%s%s", kind, *kind == 'f' ? directory : "");
  if (*kind == 'f') strcat(store, "/jobs");
  snprintf(file, sizeof file, "unix://%s/s", directory);
  options.store = store;
  options.hook = "tcp://127.0.0.1:1"; /* nobody is there */
  MUST(periodic_loop_new(&loop) == 0 && periodic_server_new(loop, &options, &server) == 0);
  MUST(periodic_server_listen(server, file, NULL, 0) > 0);
  MUST(periodic_server_listen(server, "tcp://127.0.0.1:0", tcp, sizeof tcp) > 0);
  MUST(periodic_server_listen(server, "inproc:manners", NULL, 0) > 0);
  MUST(own_threads() == threads);
  one_job(file), one_job(tcp), one_job("inproc:manners");
  ask_and_go(tcp, 0), ask_and_go(tcp, 1), ask_and_go(file, 1), ask_and_go(file, 0);
  MUST(broken_pipes > 0);
  broken_pipes = 0;
  /* Errors are told to the caller only. */
  options.auth_file = "/none";
  options.store = "file:/none/jobs";
  MUST(periodic_server_new(loop, &options, &refused) < 0);
  MUST(periodic_server_listen(server, "unix:///none/s", NULL, 0) < 0);
  MUST(own_threads() == threads);
  /* A server that goes without a word: its client hears of it when it writes. */
  MUST(periodic_client_new(loop, file, NULL, &client) == 0 && periodic_client_ping(client, 5000) == 0);
  MUST(periodic_server_free(server) == 0);
  MUST(periodic_client_ping(client, 10) < 0 && broken_pipes > 0);
  broken_pipes = 0;
  MUST(periodic_client_free(client) == 0 && periodic_loop_free(loop) == 0);
  loop = NULL;
  while (own_threads() > 0) sched_yield(); /* the kernel shows a thread for a moment after it was joined */
}

int main(int count, char **arguments) {
  static struct sigaction before[65], after[65];
  int output[2], descriptors, index;
  char locale[200], byte;
  if (count != 2) return 2;
  alarm(30);
  terminal = fcntl(2, F_DUPFD_CLOEXEC, 3);
  MUST(pipe2(output, O_NONBLOCK | O_CLOEXEC) == 0);
  MUST(dup2(output[1], 1) == 1 && dup2(output[1], 2) == 2);
  syscall(SYS_umask, 022);
  actions(before);
  MUST(before[SIGPIPE].sa_handler == SIG_DFL);
  snprintf(locale, sizeof locale, "%s", setlocale(LC_ALL, NULL));
  live(arguments[1], "memory:", 0); /* what is made once for the process is made */
  descriptors = entries("/proc/self/fd");
  live(arguments[1], "memory:", 0);
  live(arguments[1], "file:", 1);
  live(arguments[1], "file:", 1);
  MUST(entries("/proc/self/fd") == descriptors);

  actions(after);
  for (index = 1; index <= SIGRTMAX; index++) MUST(is_of_libc(index) || same(&before[index], &after[index]));
  MUST(handlers == 0 && umasks == 0 && locales == 0);
  MUST(umask_now() == 022 && strcmp(locale, setlocale(LC_ALL, NULL)) == 0);
  MUST(read(output[0], &byte, 1) == -1 && errno == EAGAIN);
  dup2(terminal, 2);
  dprintf(2, "ok\n");
  return 0;
}
