#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
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

/* Waits until a wake-up's descriptor has been written to, which it takes back, and at most so long unless that is
 * negative; may return before. */
static inline void cuv_await(int descriptor, int64_t microseconds) {
  struct timespec time = {microseconds / 1000000, microseconds % 1000000 * 1000};
  struct pollfd poll = {descriptor, POLLIN, 0};
  uint64_t count;
  syscall(SYS_ppoll, &poll, 1L, microseconds < 0 ? 0 : &time, 0L, 0L);
  if (poll.revents && read(descriptor, &count, sizeof count) < 0) return;
}

/* Waits while `word` has this value, at most so long unless that is negative; may return before. */
static inline void cuv_wait(const uint32_t *word, uint32_t value, int milliseconds) {
  struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, milliseconds < 0 ? 0 : &time, 0, 0);
}

/* Ends the wait of a thread for that word. */
static inline void cuv_wake(const uint32_t *word) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
}

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
