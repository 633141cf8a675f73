#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

/* What Swift cannot import: GNU extensions, variadic functions. */

int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);

/* Accepts one connection, non-blocking and close-on-exec; a descriptor or -errno. */
static inline int cuv_accept(int listener) {
  int accepted = accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
  return accepted < 0 ? -errno : accepted;
}

/* A descriptor that counts, for waking a loop; -1 if the system gives none. */
static inline int cuv_wakeup(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

/* Names the calling thread for debuggers; 15 bytes are kept. */
static inline void cuv_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

/* A descriptor to give up when a process has no more of them; -1 if there is none. */
static inline int cuv_open_reserve(void) { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

/* Swift refuses to call fork; tests of what a child may do need it. */
static inline int cuv_fork(void) { return fork(); }

/* The user of the process at the other end of a Unix socket; -1 if unknown. */
static inline long long cuv_peer_user(int descriptor) {
  struct {
    pid_t process;
    uid_t user;
    gid_t group;
  } peer;
  socklen_t size = sizeof peer;
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return -1;
  return size == sizeof peer ? (long long)peer.user : -1;
}
