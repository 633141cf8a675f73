/*
 * libperiodic: a task system in one library. A client submits a job (function, name, workload, when to
 * run); the server keeps it until it is due and hands it to a worker that can do the function; the worker
 * answers done, fail, or "run me again later". Server, client and worker live in your process, on a loop
 * that your program drives.
 *
 * This header is the contract: what is not in it is not part of the library. It needs C99 or C++11.
 *
 * Delivery is at least once: a worker that dies, or is too late, makes its job run again. A submit that
 * timed out can be repeated safely, because the same function and name are the same job.
 *
 * Objects    Opaque. A constructor fills in a pointer and is undone by the function of the same object
 *            that ends in _free. Freeing NULL does nothing. A loop is freed after everything on it.
 *            A pointer is dead once it was freed, and with what it came from. Pointers are numbers, of which
 *            a place gives out 2^39 before one comes again: a call with a dead one, with one of another kind,
 *            or with any other value answers PERIODIC_EINVAL and touches nothing. So freeing twice does no
 *            harm; but a thread that is not the owner must not call with what the owner is freeing.
 * Errors     Functions return 0 (or a count, or PERIODIC_MORE) or a negative code of
 *            PERIODIC_ERRNO_MAP; docs/errors.md lists for each function which, and when. A sentence that
 *            says what was being done to what is kept on the loop: periodic_loop_error().
 * Bytes      Names, workloads and results are pointer and length, any bytes; the library copies what it
 *            keeps before it returns. Addresses and paths are strings that end in a zero byte. NULL with
 *            a length, and a length or count that no memory has, are PERIODIC_EINVAL.
 * Times      The unit is in the name: _ms is milliseconds, _s seconds. A timeout_ms of -1 is no limit,
 *            0 does not wait, less is PERIODIC_EINVAL.
 * Threads    A loop and everything on it belong to the thread that made the loop, or called
 *            periodic_loop_adopt() last ("owner thread"); elsewhere calls answer PERIODIC_ETHREAD.
 *            After fork() the child's calls answer PERIODIC_EFORK; its frees do nothing and return 0.
 * Callbacks  Run on the owner thread, inside a call to the library. They may use every function but
 *            those that drive the loop themselves (blocking ones), which answer PERIODIC_EDEADLK. A
 *            loop's clock and source of random numbers may only free what is on that loop, and wake
 *            it; all else answers the same.
 *            What they free is dead at once, and is closed, with all that comes of it, once the present
 *            turn is over, at the latest when the call that they run in returns. A blocking call whose
 *            own object is freed ends as PERIODIC_ECANCELED.
 *            Each is given its `user` pointer; a destructor is called exactly once, when the library
 *            will not use the pointer any more.
 * Manners    No signal handlers, no output, no exit; umask and locale are left alone; SIGPIPE is never
 *            raised; own threads, of which only a server with a file store has one, block all signals.
 *            Once loaded the library stays: after dlclose() it is still there for the next dlopen().
 */
#ifndef PERIODIC_H
#define PERIODIC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define PERIODIC_API __attribute__((visibility("default")))
#else
#define PERIODIC_API
#endif

/* ---- Version --------------------------------------------------------------------------------------- */

#define PERIODIC_VERSION "0.1.0"
/* Major, minor and patch in two hexadecimal digits each. */
#define PERIODIC_VERSION_NUMBER 0x000100

/* The version of the library that runs. Lives for ever.
 * Threads: any. Since: 0.1. */
PERIODIC_API const char *periodic_version(void);

/* The same as PERIODIC_VERSION_NUMBER of the library that runs; compare it with the header's.
 * Threads: any. Since: 0.1. */
PERIODIC_API int periodic_version_number(void);

/* A bound of servers, by its name in docs/limits.md; UINT64_MAX is none. */
typedef struct periodic_limit {
  const char *name;
  uint64_t value;
} periodic_limit;

/* Copies the bounds that a server has unless its options say otherwise, at most `most` of them, to `limits`;
 * NULL and 0 if they are not wanted. Names live for ever. Returns how many there are, or PERIODIC_EINVAL.
 * Threads: any. Since: 0.1. */
PERIODIC_API int periodic_limits(periodic_limit *limits, size_t most);

/* Where the bytes that the library lends to the program lie. Initialise with PERIODIC_ALLOCATOR_INIT. */
typedef struct periodic_allocator {
  size_t size; /* of this struct */
  /* A block of that many bytes for objects of any type, or NULL if there is none. */
  void *(*allocate)(void *user, size_t bytes);
  void (*release)(void *user, void *block);
  void *user;
} periodic_allocator;

#define PERIODIC_ALLOCATOR_INIT \
  {sizeof(periodic_allocator), NULL, NULL, NULL}

/* Lets names, workloads, results, parts, job lists and codes that are lent to the program lie in memory of
 * `allocator`, which is copied; or of malloc() again, if it is NULL. A block goes back to where it came from,
 * so both functions must work for as long as anything is lent. malloc() is asked where `allocate` has none.
 * They are called on the thread that lends or frees, and must not use this library. What is not lent, objects
 * included, is the library's own affair.
 *
 * Returns 0, or PERIODIC_EINVAL for one that is not whole.
 * Threads: any, while no other is in this library. Since: 0.1. */
PERIODIC_API int periodic_set_allocator(const periodic_allocator *allocator);

/* What this build has, in words parted by blanks: "memory" and "file" (stores), "inproc", "unix" and "tcp"
 * (addresses), "generation1", "generation2" and "http" (protocols), "virtual-clock"; with versions "sqlite="
 * and "libuv=". Lives for ever.
 * Threads: any. Since: 0.1. */
PERIODIC_API const char *periodic_features(void);

/* ---- Errors ---------------------------------------------------------------------------------------- */

/* XX(name, number, text). The numbers never change their meaning; -1 is none, which stands for "no limit". */
#define PERIODIC_ERRNO_MAP(XX)                                                                           \
  XX(ETHREAD, -2, "called on another thread than the loop's")                                            \
  XX(EFORK, -3, "the object belongs to the process that forked this one")                                \
  XX(EDEADLK, -4, "a blocking call from inside a callback of the same loop")                             \
  XX(EBUSY, -5, "in use: by another process, server or job, or by objects that are not freed")           \
  XX(EAGAIN, -6, "not now: too much is under way, or nothing has come; let the loop work and try again") \
  XX(ETIMEDOUT, -7, "the time for it is over; it may still be carried out")                              \
  XX(ECANCELED, -8, "withdrawn, or ended by freeing its object")                                         \
  XX(ECLOSED, -9, "closed, stopped or draining")                                                         \
  XX(EDISCONNECTED, -10, "the connection was lost before the answer; it may have been carried out")      \
  XX(EREFUSED, -11, "the server refused: a limit, its store, or a command it does not have")             \
  XX(ENOWORKER, -12, "nobody can do the function, or this peer may not ask")                             \
  XX(ESTALE, -13, "the job is not this worker's any more; the server runs it again")                     \
  XX(ELIMIT, -14, "a limit would be passed; the detail names it")                                        \
  XX(EADDRESS, -15, "the address is malformed, or no such host")                                         \
  XX(EADDRINUSE, -16, "the address is in use")                                                           \
  XX(EACCES, -17, "not permitted")                                                                       \
  XX(EIO, -18, "the system reported an error; the detail has its text")                                  \
  XX(EFULL, -19, "no room for the store")                                                                \
  XX(ECORRUPT, -20, "the store's file is damaged, or not one of ours")                                   \
  XX(ENOTSUP, -21, "this build does not have it")                                                        \
  XX(EINVAL, -22, "an argument is not valid")

enum periodic_errno {
  PERIODIC_OK = 0,
#define XX(name, number, text) PERIODIC_##name = number,
  PERIODIC_ERRNO_MAP(XX)
#undef XX
  PERIODIC_ERRNO_LAST = -23
};

/* Not an error: a part has come, and the request goes on; its end follows. See periodic_request_next(). */
enum { PERIODIC_MORE = 1 };

/* The sentence of a code, "success" for 0, "unknown error" for what is none. Lives for ever.
 * Threads: any. Since: 0.1. */
PERIODIC_API const char *periodic_strerror(int code);

/* The name of a code without its prefix, such as "EINVAL"; "OK" for 0, "?" for what is none. Lives for
 * ever.
 * Threads: any. Since: 0.1. */
PERIODIC_API const char *periodic_errname(int code);

/* ---- Objects --------------------------------------------------------------------------------------- */

typedef struct periodic_loop periodic_loop;
typedef struct periodic_server periodic_server;
typedef struct periodic_client periodic_client;
typedef struct periodic_worker periodic_worker;
/* A job in a worker's hands. */
typedef struct periodic_job periodic_job;
/* A request of a client, worker or server that was started, and whose answers are taken when the program wants them. */
typedef struct periodic_request periodic_request;
/* A walk through the jobs of a server in this process. */
typedef struct periodic_cursor periodic_cursor;

/* ---- Loop ------------------------------------------------------------------------------------------ */

/* Makes a loop. It makes no thread. The first one of a process takes some milliseconds more: a job passes through
 * the library, so that whatever is made at its first use is there, and no child made by fork() waits for a thread
 * of its parent that was about to make it. A fork meanwhile waits for the end of that.
 *
 * Returns PERIODIC_EINVAL for NULL, PERIODIC_EIO when the system gives no descriptor.
 * Threads: any; the caller's becomes the owner. Since: 0.1. */
PERIODIC_API int periodic_loop_new(periodic_loop **loop);

/* Frees a loop on which nothing is left. Returns PERIODIC_EBUSY, and frees nothing, while a server,
 * client or worker of it is not freed. Inside a callback the loop ends with the call that the callback runs
 * in, and periodic_loop_run() returns.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_loop_free(periodic_loop *loop);

/* Makes the calling thread the owner. The former one must have stopped using the loop and everything on
 * it before, with a synchronisation of the program's own.
 *
 * Returns 0, also for the owner itself; PERIODIC_EBUSY when another thread is seen inside a call with the
 * loop; PERIODIC_EINVAL or PERIODIC_EFORK.
 * Threads: any. Since: 0.1. */
PERIODIC_API int periodic_loop_adopt(periodic_loop *loop);

/* A descriptor that becomes readable when the loop has something to do; watch it level-triggered, do
 * nothing else with it. For programs with a loop of their own: wait until it is readable or
 * periodic_loop_timeout_ms() have passed, then call periodic_loop_step().
 *
 * Returns the descriptor, PERIODIC_EINVAL, PERIODIC_ETHREAD or PERIODIC_EFORK.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_loop_fd(periodic_loop *loop);

/* How long to wait for the descriptor at most: 0 while there is work, -1 if only input can bring some.
 * Ask anew after each step and after each other call to the loop or what is on it.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_loop_timeout_ms(periodic_loop *loop);

/* One turn without waiting: takes what has come in, handles it, sends what came of it. Handles at most
 * `max` commands of servers' clients and workers plus completions of requests of this loop's clients and
 * workers; -1 is no bound, 0 only moves bytes. What is over it waits in queues that are bounded, beyond which
 * sockets are not read, and periodic_loop_timeout_ms() is 0 while one of them holds something.
 *
 * Returns how many were handled, PERIODIC_EDEADLK inside a callback, PERIODIC_EINVAL (also for a `max` below
 * -1), PERIODIC_ETHREAD or PERIODIC_EFORK.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_loop_step(periodic_loop *loop, int max);

/* Waits and works until periodic_loop_stop(). Returns 0, or as periodic_loop_step() does.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_loop_run(periodic_loop *loop);

/* Makes periodic_loop_run() return at the end of this turn, or at once if it is called later.
 * Threads: any thread, for as long as the loop exists. Since: 0.1. */
PERIODIC_API int periodic_loop_stop(periodic_loop *loop);

/* Ends a wait in periodic_loop_run(), or makes the descriptor readable; nothing else.
 * Threads: any thread and signal handlers, for as long as the loop exists. Since: 0.1. */
PERIODIC_API int periodic_loop_wake(periodic_loop *loop);

/* Both clocks of a loop at one moment. */
typedef struct periodic_time {
  int64_t monotonic_ms; /* never steps; its zero means nothing */
  int64_t wall_ms;      /* since 1970-01-01 00:00 UTC; may step either way */
} periodic_time;

typedef void (*periodic_clock_cb)(void *user, periodic_time *now);
typedef void (*periodic_destroy_cb)(void *user);

/* The loop's time, by which every deadline on it is measured.
 *
 * Returns 0, PERIODIC_EINVAL, PERIODIC_ETHREAD or PERIODIC_EFORK.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_loop_now(periodic_loop *loop, periodic_time *now);

/* Lets `clock` tell the time instead of the system, or the system again if it is NULL. Times are from 0 to
 * 2^62, beyond which the nearest counts; and while something is on the loop, a `monotonic_ms` that steps
 * back counts as one that stands still. Step the loop when the clock has moved.
 *
 * `destroy`, which may be NULL, is called once with `user`: when the clock is replaced, or the loop freed.
 * If this function fails, it is not called.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_loop_set_clock(periodic_loop *loop, periodic_clock_cb clock, void *user,
                                         periodic_destroy_cb destroy);

/* Lets time begin at `start`, or at what the system's clocks say if that is NULL, and stand still: it moves by
 * periodic_loop_advance(); and in blocking calls and periodic_loop_run(), where it jumps to the next deadline
 * whenever nobody on the loop has anything to do. So a year passes in no more time than its work takes, and
 * with the memory store, "inproc:" and periodic_loop_set_random() every run is the same, bit for bit.
 * periodic_loop_set_clock() ends it. Peers on other loops and in other processes are not waited for.
 *
 * Returns 0, PERIODIC_EBUSY if something has been made on the loop and not been freed, PERIODIC_EINVAL (also
 * for times that are not from 0 to 2^62), PERIODIC_ETHREAD or PERIODIC_EFORK.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_loop_set_virtual_clock(periodic_loop *loop, const periodic_time *start);

/* Moves virtual time on by `ms`, both clocks alike. Whatever falls due on the way happens at its own time, in
 * the order of the times, with all that comes of it; what a worker receives waits for the program as ever.
 *
 * Returns how many commands and completions were handled, as periodic_loop_step() does; PERIODIC_EINVAL for a
 * negative `ms`, one that leads beyond 2^62, or without a virtual clock; PERIODIC_EDEADLK inside a callback;
 * PERIODIC_ETHREAD, PERIODIC_EFORK.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_loop_advance(periodic_loop *loop, int64_t ms);

/* Any number; every one of 2^64 as likely as another. */
typedef uint64_t (*periodic_random_cb)(void *user);

/* Lets `random` bring every random number that this loop and what is made on it from now on uses, such as
 * the pauses before a client connects again; the system again if it is NULL. It draws when something is made.
 *
 * `destroy`, which may be NULL, is called once with `user`: when the source is replaced, or the loop freed. If
 * this function fails, it is not called.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_loop_set_random(periodic_loop *loop, periodic_random_cb random, void *user,
                                          periodic_destroy_cb destroy);

/* Copies what the last failed call on this loop, or on anything of it, says about its failure: a sentence
 * without a full stop, cut to `size` with a zero byte at its end; NULL and 0 for its length alone. Empty if
 * nothing has failed. Failures as PERIODIC_ETHREAD and PERIODIC_EFORK, and those with a pointer that stands for
 * no object, have no sentence.
 *
 * Returns the whole sentence's length in bytes, without the zero byte; or PERIODIC_EINVAL,
 * PERIODIC_ETHREAD, PERIODIC_EFORK.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_loop_error(periodic_loop *loop, char *buffer, size_t size);

/* ---- Server ---------------------------------------------------------------------------------------- */

enum periodic_log_level {
  PERIODIC_LOG_DEBUG = 0,
  PERIODIC_LOG_INFO = 1,
  PERIODIC_LOG_WARNING = 2,
  PERIODIC_LOG_ERROR = 3
};

/* A line for an operator, `length` bytes, without a line end; borrowed for the call. */
typedef void (*periodic_log_cb)(void *user, int level, const char *line, size_t length);

/* Initialise with PERIODIC_SERVER_OPTIONS_INIT, then set what differs: zero is the default. The bounds of each
 * are in docs/CONFIGURATION.md. */
typedef struct periodic_server_options {
  size_t size;       /* of this struct */
  const char *store; /* "memory:" (NULL), or "file:PATH" for an SQLite file */
  /* The path of a file that says who may do what, in lines "ROLE NAME TOKEN FUNCTION,FUNCTION"; a role is
   * client, worker or admin, and only an admin may dump, load, change settings and shut down. Read again
   * when it changes. Without one (NULL) whoever can connect can do everything. */
  const char *auth_file;
  /* Where to tell what happens to jobs and locks: "udp://HOST:PORT" or "tcp://HOST:PORT", as lines
   * "EVENT:NAME:SECONDS"; or "persist", into the store's table `metrics`; or NULL. */
  const char *hook;
  uint32_t socket_mode;             /* of Unix sockets, at most 0777; 0 is 0666 */
  uint32_t registration_timeout_ms; /* for a connection to say who it is; 0 is 30,000 */
  periodic_log_cb log;              /* or NULL */
  void *log_user;
  periodic_destroy_cb log_destroy; /* called once with log_user, also if making the server fails */
  /* How hard a store file keeps what is acknowledged: "always" (NULL), on stable storage before the reply;
   * "batch:MS", handed to the system before it and synced at most MS milliseconds later, 1 to 60,000, or
   * "batch" for 50, so that a power cut takes those last ones only; "off", when the system likes. A crash
   * of the process takes nothing in any. A caller's `size` may end before this field, or a later one. With
   * any other size nothing of the options is looked at. */
  const char *sync;
  /* What is kept at most, of all jobs and of each function's, in jobs and in bytes of names and workloads;
   * what is over it is refused (PERIODIC_EREFUSED). 0 is 100,000,000 jobs in all, and else no limit. */
  uint64_t max_jobs;
  uint64_t max_bytes;
  uint64_t max_function_jobs;
  uint64_t max_function_bytes;
  /* Bytes of workloads that a server with a store file keeps in memory, 0 is 268,435,456. Beyond it, and for
   * jobs that are due later than in ten seconds, only name and time are in memory, 98 bytes with a name of
   * 16; the rest is read back before their turn. */
  uint64_t cache_bytes;
  /* Bytes that a store file keeps free beside it for when the disk is full, so that jobs can be ended and
   * removed then; 0 is 8,388,608, -1 is none. */
  int64_t reserve_bytes;
  const char *socket_owner;     /* of Unix sockets: "USER", "USER:GROUP" or ":GROUP"; NULL is the process's */
  uint32_t idle_timeout_s;      /* of silence, after which a generation 1 connection is closed; 0 is never */
  int32_t clients_administer;   /* 1: the role client may do what only an admin may otherwise */
  uint32_t hook_queue;          /* events of a hook that may wait, further ones are dropped; 0 is 10,000 */
  uint32_t hook_drop_log_every; /* of those, each so many are told to `log`; 0 is 1,000 */
} periodic_server_options;

#define PERIODIC_SERVER_OPTIONS_INIT \
  {sizeof(periodic_server_options), NULL, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL, 0, 0, 0, 0, 0, \
   0, NULL, 0, 0, 0, 0}

/* Makes a server, opens its store and begins to load it. `options` may be NULL.
 *
 * A file store belongs to one server: PERIODIC_EBUSY names the process that has it. It has a thread of
 * its own; what is acknowledged is durable, as `sync` says. With the memory store everything goes with the
 * server.
 * Where its disk is full or fails, jobs are refused (PERIODIC_EREFUSED), what ends and removes them is not,
 * and the server recovers by itself; `log` hears of each change. PATH.reserve keeps room for that.
 * PERIODIC_EINVAL also for a `size` that is not the struct's; for an option that is out of bounds or of
 * another form, which the sentence of periodic_loop_error() names; for an `auth_file` that cannot be read or
 * has a line that is none; and for the `hook` "persist" without a file store.
 * Also returns PERIODIC_ETHREAD, PERIODIC_EFORK, PERIODIC_EACCES, PERIODIC_EFULL,
 * PERIODIC_ECORRUPT, PERIODIC_EIO, and PERIODIC_ENOTSUP for a store that this library does not have.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_server_new(periodic_loop *loop, const periodic_server_options *options,
                                     periodic_server **server);

/* Takes connections at "tcp://HOST:PORT", "tcp://:PORT", "unix:///PATH" or "inproc:NAME"; may be called
 * several times. With port 0 the system chooses one.
 *
 * "inproc:NAME" is for clients and workers of this process, on this loop or on other loops and their
 * threads: no socket, no descriptor for a connection, no system call from one to another on the same loop;
 * the rules are those of sockets, with whoever connects counting as this process's user. NAME is 1 to 255
 * bytes and stands for one server at a time (PERIODIC_EADDRINUSE) of one libperiodic. A child made by
 * fork() finds no names of its parent.
 *
 * The address with the real port is copied to `bound`, cut to `size` with a zero byte at its end; NULL
 * and 0 if it is not wanted. Nothing is encrypted on the way.
 * Returns the whole address's length without the zero byte, or PERIODIC_EADDRESS, PERIODIC_EADDRINUSE,
 * PERIODIC_EACCES, PERIODIC_EIO, PERIODIC_ECLOSED once the server stops, also because a client asked for
 * it, PERIODIC_EINVAL, PERIODIC_ETHREAD, PERIODIC_EFORK.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_server_listen(periodic_server *server, const char *address, char *bound,
                                        size_t size);

/* 1 when the store is loaded and requests are carried out, 0 before and after; or PERIODIC_EINVAL,
 * PERIODIC_ETHREAD, PERIODIC_EFORK.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_server_is_ready(periodic_server *server);

enum periodic_job_state { PERIODIC_JOB_WAITING = 1, PERIODIC_JOB_RUNNING = 2, PERIODIC_JOB_LOCKED = 3 };

/* A job of a server. Initialise with PERIODIC_JOB_INFO_INIT. */
typedef struct periodic_job_info {
  size_t size; /* of this struct */
  const void *function;
  size_t function_length;
  const void *name;
  size_t name_length;
  const void *workload; /* NULL where only the store has it */
  size_t workload_length;
  int64_t due_ms;    /* when it is due, or was accepted if that was later; since 1970 */
  int state;         /* of enum periodic_job_state */
  int32_t count;     /* how often it was put back for later; -1 where only the store knows */
  int32_t timeout_s; /* seconds a run may take, 0 if none were given; -1 likewise */
  int32_t reserved;
} periodic_job_info;

#define PERIODIC_JOB_INFO_INIT \
  {sizeof(periodic_job_info), NULL, 0, NULL, 0, NULL, 0, 0, 0, 0, 0, 0}

/* Begins a walk through the jobs of `function`, or of all functions if it is NULL. It is no snapshot: a job
 * that stays is shown once, one that comes, goes or is replaced meanwhile may be shown or not; what is not
 * durable yet, with a store that is to make it so, is not. Undone by periodic_cursor_free(), or with the
 * server.
 *
 * Returns 0, PERIODIC_ELIMIT for a name that no function has, empty or over 255 bytes, PERIODIC_EINVAL,
 * PERIODIC_ETHREAD or PERIODIC_EFORK.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_server_jobs(periodic_server *server, const void *function, size_t function_length,
                                      periodic_cursor **cursor);

/* Shows the next job in `info`. What only a store file has of it (count, time and workload) is read, driving
 * the loop for up to `timeout_ms`, or left out with a timeout of 0, when the time is over, or if the job goes
 * meanwhile. The bytes belong to the cursor and stay where they are until the next call with it.
 *
 * Returns 1 with a job, 0 at the end; PERIODIC_EDEADLK inside a callback, unless `timeout_ms` is 0;
 * PERIODIC_EINVAL, PERIODIC_ETHREAD, PERIODIC_EFORK.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_cursor_next(periodic_cursor *cursor, periodic_job_info *info, int timeout_ms);

/* Ends a walk.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_cursor_free(periodic_cursor *cursor);

/* Ends service and waits for it, driving the loop: nothing new is accepted or handed out, what was
 * acknowledged becomes durable, replies go out, connections close.
 *
 * A peer that was answered has two seconds to close its end too, because a connection that is closed while the
 * peer still sends may take the last reply with it; at most 1,024 peers do, others are closed at once. So a stop
 * takes two seconds where one stays: a client or worker of this library does not, unless its loop stands still.
 * There is no option for it; a smaller `timeout_ms` cuts it short.
 *
 * Returns 0; PERIODIC_ETIMEDOUT when connections had to be cut off after `timeout_ms`; PERIODIC_EIO,
 * PERIODIC_EFULL, PERIODIC_EACCES, PERIODIC_EBUSY or PERIODIC_ECORRUPT when the store failed;
 * PERIODIC_EDEADLK inside a callback; PERIODIC_EINVAL, PERIODIC_ETHREAD, PERIODIC_EFORK. Stopping again
 * returns the same.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_server_stop(periodic_server *server, int timeout_ms);

/* Frees a server, cutting off its connections if it has not been stopped. What was acknowledged is
 * durable when this returns; inside a callback, when the server is closed. Every periodic_cursor and
 * periodic_request of it is freed as well.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_server_free(periodic_server *server);

/* ---- Connections of clients and workers ------------------------------------------------------------ */

/* Initialise with PERIODIC_CONNECTION_OPTIONS_INIT, then set what differs: zero is the default. */
typedef struct periodic_connection_options {
  size_t size; /* of this struct */
  /* Who this is, for a server that asks: the name of an identity and its token, any bytes, together at
   * most 65,519. Both or neither. They go over the wire as they are. A server that does not know them, or
   * does not let this identity do what it asks for, answers PERIODIC_ENOWORKER. */
  const void *identity;
  size_t identity_length;
  const void *token;
  size_t token_length;
  /* Client: bytes of parts that may wait to be taken, each counted with 64 more; 0 is 67,108,864. The
   * request whose next part would pass it ends as PERIODIC_ELIMIT. */
  uint64_t data_bytes;
} periodic_connection_options;

#define PERIODIC_CONNECTION_OPTIONS_INIT \
  {sizeof(periodic_connection_options), NULL, 0, NULL, 0, 0}

/* ---- Client ---------------------------------------------------------------------------------------- */

/* A job to be submitted. Initialise with PERIODIC_JOB_FIELDS_INIT. */
typedef struct periodic_job_fields {
  size_t size;          /* of this struct */
  const void *function; /* what a worker must be able to do: 1 to 255 bytes, any */
  size_t function_length;
  const void *name; /* tells it from other jobs of the function: 1 to 255 bytes, any */
  size_t name_length;
  const void *workload; /* may be NULL */
  size_t workload_length;
  int64_t run_at_s;  /* when to run, seconds since 1970; 0 and the past are at once */
  int32_t timeout_s; /* seconds a run may take; 0 leaves it to the server */
  int32_t reserved;  /* 0 */
} periodic_job_fields;

#define PERIODIC_JOB_FIELDS_INIT \
  {sizeof(periodic_job_fields), NULL, 0, NULL, 0, NULL, 0, 0, 0, 0}

/* Makes a client of the server at `address`, written as for periodic_server_listen(). The connection is
 * made while the loop works, and made again with growing pauses whenever it is lost; requests wait for it
 * within their time. `options` may be NULL.
 *
 * Returns 0, PERIODIC_EADDRESS, PERIODIC_EINVAL (also for one of identity and token without the other),
 * PERIODIC_ETHREAD, PERIODIC_EFORK.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_client_new(periodic_loop *loop, const char *address,
                                     const periodic_connection_options *options,
                                     periodic_client **client);

/* Closes the connection and frees the client and every periodic_request of it. Requests that have not
 * ended are dropped: PERIODIC_ECANCELED.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_client_free(periodic_client *client);

/*
 * Requests. Each drives the loop until its answer is there or `timeout_ms` have passed, and returns
 *   0                      the server has done it
 *   PERIODIC_ETIMEDOUT, PERIODIC_EDISCONNECTED   not known; a submit can be repeated safely
 *   PERIODIC_EREFUSED, PERIODIC_ENOWORKER        the server will not
 *   PERIODIC_ELIMIT        a name is empty or too long, or a workload too large; or, of a request that
 *                          brings parts, too many bytes of them were not taken
 *   PERIODIC_EAGAIN        too many requests are under way
 *   PERIODIC_EDEADLK, PERIODIC_EINVAL, PERIODIC_ETHREAD, PERIODIC_EFORK
 */

/* Submits a job, or replaces the waiting one of the same function and name; while that one runs nothing
 * is kept, and its run counts. The job is durable, if the server's store is, when this returns 0.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_client_submit(periodic_client *client, const periodic_job_fields *job,
                                        int timeout_ms);

/* Submits `count` jobs together, which is many times faster than one after the other. The result of each
 * is put into `results`, which may be NULL.
 *
 * Returns 0 if all were submitted, else the code of the first that was not.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_client_submit_many(periodic_client *client, const periodic_job_fields *jobs,
                                             size_t count, int *results, int timeout_ms);

/* Asks for a sign of life.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_client_ping(periodic_client *client, int timeout_ms);

/* Removes a job in whatever state it is; 0 also if there is none.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_client_remove(periodic_client *client, const void *function,
                                        size_t function_length, const void *name, size_t name_length,
                                        int timeout_ms);

/* Drops a function with all its jobs, if no worker has it; 0 either way.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_client_drop(periodic_client *client, const void *function,
                                      size_t function_length, int timeout_ms);

/* Copies the server's status to `buffer`, cut to `size` with a zero byte at its end: a line for each
 * function, "function,workers,jobs,running,locked,when", lines parted by \n; `when` is when the first
 * waiting job is due, in seconds since 1970. NULL and 0 for the length alone.
 *
 * `length` gets the whole text's length without the zero byte; ask again with more room if that is not
 * less than `size`.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_client_status(periodic_client *client, char *buffer, size_t size, size_t *length,
                                        int timeout_ms);

/* Submits a job and waits for its result: what the worker gave to periodic_job_done(). A job that waits is
 * replaced as by periodic_client_submit(); one that runs is joined. One that nobody submitted as well is
 * not stored, and gone when nobody waits for it any more.
 *
 * `result` and `length` get the result. Its bytes belong to the client and stay where they are until the
 * next call of this function or periodic_client_dump(), or until the client is freed. The server says
 * "failed", "removed" or "expired" in the place of a result when the run failed or was put back for later,
 * the job was removed, or `timeout_s` of the job (60 if 0) have passed; a result of the same bytes cannot
 * be told from that.
 *
 * PERIODIC_ENOWORKER, at once, if no worker has the function. `timeout_ms` should be longer than the job's
 * `timeout_s`, or -1; after PERIODIC_ETIMEDOUT the job may still run.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_client_run(periodic_client *client, const periodic_job_fields *job,
                                     const void **result, size_t *length, int timeout_ms);

/* Copies the number of a server's setting to `value`; 0 for a key that the server does not know. The keys,
 * in seconds: "timeout" (of a run that gives none), "lock-timeout" (longest holding of a lock),
 * "assign-wait" (for a worker's word that it took a job), "keepalive" (silence before a connection is
 * closed, 0 is never); as counts: "max-batch-size", "max-pool-size", "run-job-aggressive".
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_client_get_setting(periodic_client *client, const void *key, size_t key_length,
                                             uint32_t *value, int timeout_ms);

/* Sets a setting, which takes effect at once and is stored with the jobs. A key that the server does not
 * know is ignored, and a value below what the key allows is raised to that; 0 either way.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_client_set_setting(periodic_client *client, const void *key, size_t key_length,
                                             uint32_t value, int timeout_ms);

/* Asks for every job, in whatever state, as the job list that periodic_client_load() takes: a count of 8
 * bytes, big-endian, and the jobs. It is no snapshot: jobs that come and go meanwhile may be in it or not.
 *
 * `list` and `length` get the bytes. They belong to the client and stay where they are until the next call
 * of this function or periodic_client_run(), or until the client is freed. PERIODIC_EREFUSED if the list
 * is longer than a frame of 67,108,864 bytes.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_client_dump(periodic_client *client, const void **list, size_t *length,
                                      int timeout_ms);

/* Submits every job of a job list, each as periodic_client_submit() would; states are not in a list.
 * Durable, if the server's store is, when this returns 0. A list that is malformed makes the server close
 * the connection: PERIODIC_EDISCONNECTED; one without its count of 8 bytes is PERIODIC_EINVAL.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_client_load(periodic_client *client, const void *list, size_t length,
                                      int timeout_ms);

/* Asks the server to stop, and waits until it has closed the connection: it takes nothing new, stores what
 * it acknowledged, and ends. The client tries to connect again afterwards, as after any loss.
 * PERIODIC_ENOWORKER if this client may not.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_client_shutdown(periodic_client *client, int timeout_ms);

/* ---- Requests that are started --------------------------------------------------------------------- */

/* For programs that do something else meanwhile, as a worker on the same loop or a host's loop must, and for
 * answers that come in parts. A request is made by one of the functions below, which do not wait and may be
 * called in callbacks; periodic_request_next() takes what has come of it, and periodic_request_set_callback()
 * has the program told; periodic_request_free() ends it. Each blocking function is one of these and a wait.
 *
 * They return 0 when the request is made, else there is none: PERIODIC_ELIMIT, PERIODIC_EAGAIN,
 * PERIODIC_ECLOSED, PERIODIC_EINVAL, PERIODIC_ETHREAD or PERIODIC_EFORK. After `timeout_ms` the request ends
 * as PERIODIC_ETIMEDOUT. What is passed is copied, but for `request`. */

/* Starts what periodic_client_submit() does.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_client_start_submit(periodic_client *client, const periodic_job_fields *job,
                                              periodic_request **request, int timeout_ms);

/* Starts what periodic_client_submit_many() does. It ends when all have ended, as the first that failed;
 * periodic_request_results() has the code of each. What is more than may be under way waits, copied.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_client_start_submit_many(periodic_client *client, const periodic_job_fields *jobs,
                                                   size_t count, periodic_request **request,
                                                   int timeout_ms);

/* Starts what periodic_client_run() does. The end brings the result.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_client_start_run(periodic_client *client, const periodic_job_fields *job,
                                           periodic_request **request, int timeout_ms);

/* Listens to what a worker says about a job while it runs (periodic_job_data()), from now on: each piece
 * is a part. The job need not exist yet. The request is over when the job is: done, removed or dropped, or
 * when `seconds` have passed, 60 if that is not positive; the job itself is not touched.
 *
 * A piece of the three bytes "EOF" ends the request too: the wire cannot tell it from the end. The request
 * ends as PERIODIC_ENOWORKER if no worker has the function. `timeout_ms` should be longer than `seconds`,
 * or -1.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_client_start_receive_data(periodic_client *client, const void *function,
                                                    size_t function_length, const void *name,
                                                    size_t name_length, int32_t seconds,
                                                    periodic_request **request, int timeout_ms);

/* Starts what periodic_client_ping() does.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_client_start_ping(periodic_client *client, periodic_request **request,
                                            int timeout_ms);

/* Starts what periodic_client_remove() does.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_client_start_remove(periodic_client *client, const void *function,
                                              size_t function_length, const void *name, size_t name_length,
                                              periodic_request **request, int timeout_ms);

/* Starts what periodic_client_drop() does.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_client_start_drop(periodic_client *client, const void *function,
                                            size_t function_length, periodic_request **request,
                                            int timeout_ms);

/* Starts what periodic_client_status() does. The end brings the text, without a zero byte.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_client_start_status(periodic_client *client, periodic_request **request,
                                              int timeout_ms);

/* Starts what periodic_client_get_setting() does. periodic_request_setting() has the number at the end.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_client_start_get_setting(periodic_client *client, const void *key,
                                                   size_t key_length, periodic_request **request,
                                                   int timeout_ms);

/* Starts what periodic_client_set_setting() does.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_client_start_set_setting(periodic_client *client, const void *key,
                                                   size_t key_length, uint32_t value,
                                                   periodic_request **request, int timeout_ms);

/* Starts what periodic_client_dump() does. The end brings the list.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_client_start_dump(periodic_client *client, periodic_request **request,
                                            int timeout_ms);

/* Starts what periodic_client_load() does.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_client_start_load(periodic_client *client, const void *list, size_t length,
                                            periodic_request **request, int timeout_ms);

/* Starts what periodic_client_shutdown() does.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_client_start_shutdown(periodic_client *client, periodic_request **request,
                                                int timeout_ms);

/* Starts what periodic_server_stop() does. The request belongs to the server, and ends as that returns; the
 * server goes on stopping also if it is freed.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_server_start_stop(periodic_server *server, periodic_request **request,
                                            int timeout_ms);

/* Starts what periodic_worker_drain() does: nothing new is taken on from now on, also if the request is freed.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_worker_start_drain(periodic_worker *worker, periodic_request **request,
                                             int timeout_ms);

/* Starts what periodic_job_acquire() does. The request ends as 0 when the lock is the job's, and as
 * PERIODIC_EBUSY when others hold it: then this run is over and the job freed, as it is with PERIODIC_ESTALE.
 * Until the end, the job can be used and ended as ever. After PERIODIC_ETIMEDOUT and PERIODIC_ECANCELED end it
 * with periodic_job_fail(), unless the job was ended meanwhile. The request belongs to the worker.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_job_start_acquire(periodic_job *job, const void *lock, size_t lock_length,
                                            int capacity, periodic_request **request, int timeout_ms);

/* Takes what has come of a request, driving the loop until something does or `timeout_ms` have passed.
 * With a timeout of 0 it gives the loop one turn without waiting; in a callback it only looks.
 *
 * Returns
 *   PERIODIC_MORE      a part is in `data` and `length`; more may follow
 *   0                  the end; `data` and `length` have a run's result, a status's text or a dump's list,
 *                      else NULL and 0
 *   PERIODIC_EAGAIN    nothing has come yet
 *   PERIODIC_ECANCELED   a callback has freed the request meanwhile
 *   PERIODIC_EDEADLK (with a timeout other than 0), PERIODIC_EINVAL, PERIODIC_ETHREAD, PERIODIC_EFORK
 *   another code       the end, as of the requests above
 * After the end it returns the end again. `data` and `length` may be NULL. The bytes belong to the request
 * and stay where they are until the next call with it, or until it is freed.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_request_next(periodic_request *request, const void **data, size_t *length,
                                       int timeout_ms);

/* What a request tells. `code` is PERIODIC_MORE when a part can be taken, else how the request ended, which is
 * told once and last. `request` is NULL if the program has freed it, or what it came from: nothing can be
 * taken then, and the code is PERIODIC_ECANCELED, or how it ended in the same turn. */
typedef void (*periodic_request_cb)(void *user, periodic_request *request, int code);

/* Has `callback` told of each part and, exactly once, of the end, however that comes: with an answer, an
 * error, its time, or because the request, or what it is of, is freed. It replaces the callback before;
 * NULL only ends that. It is not called by this function: what has come before is told in the next turn. In
 * it every call that does not block is right, those that free included.
 *
 * `destroy`, which may be NULL, is called once with `user`: after the end was told, or when the callback is
 * replaced. If this function fails, it is not called.
 *
 * Returns 0, PERIODIC_EINVAL, PERIODIC_ETHREAD or PERIODIC_EFORK.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_request_set_callback(periodic_request *request, periodic_request_cb callback,
                                               void *user, periodic_destroy_cb destroy);

/* Copies the number that a request of periodic_client_start_get_setting() has brought to `value`.
 *
 * Returns 0, PERIODIC_EAGAIN before the end, the end if that is not 0, PERIODIC_EINVAL for another request,
 * PERIODIC_ETHREAD or PERIODIC_EFORK.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_request_setting(periodic_request *request, uint32_t *value);

/* Lends the code of each job of a request of periodic_client_start_submit_many(), in the order of the jobs.
 * They stay where they are until the request is freed.
 *
 * Returns 0, also if some were not submitted; PERIODIC_EAGAIN before the end, PERIODIC_EINVAL for another
 * request, PERIODIC_ETHREAD or PERIODIC_EFORK.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_request_results(periodic_request *request, const int **results, size_t *count);

/* Frees a request, with parts that were not taken. One that has not ended is withdrawn, as
 * PERIODIC_ECANCELED; what it asked for may still be carried out.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_request_free(periodic_request *request);

/* ---- Worker ---------------------------------------------------------------------------------------- */

/* Makes a worker of the server at `address`, with up to `slots` jobs in hand, 1 to 4,096. Connects as a
 * client does, and announces its functions anew on every connection. `options` may be NULL.
 *
 * Returns 0, PERIODIC_EADDRESS, PERIODIC_EINVAL, PERIODIC_ETHREAD, PERIODIC_EFORK.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_worker_new(periodic_loop *loop, const char *address, int slots,
                                     const periodic_connection_options *options,
                                     periodic_worker **worker);

/* Closes the connection and frees the worker and every job of it that was not ended; the server gives
 * those to others. Reports that were not sent yet are lost: periodic_worker_drain() first. Every
 * periodic_request of it is freed as well.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_worker_free(periodic_worker *worker);

/* Announces a function, now and on every later connection. With a `timeout_ms` of 0 this does not wait
 * for the server's word; otherwise it returns as a client's requests do. Whatever it returns for the
 * server's word, the worker goes on wanting the function: a server that refused it, or this identity, is
 * asked again with growing pauses, until periodic_worker_cannot_do(). A callback that calls that meanwhile
 * ends the waiting as PERIODIC_ECANCELED.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_worker_can_do(periodic_worker *worker, const void *function,
                                        size_t function_length, int timeout_ms);

/* Announces a function whose jobs go to every worker that has it and a slot free, instead of to one. It is
 * so only while all workers of the function said this; of periodic_worker_can_do() and this, the later one
 * counts. Returns as periodic_worker_can_do().
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_worker_broadcast(periodic_worker *worker, const void *function,
                                           size_t function_length, int timeout_ms);

/* Takes a function back; jobs of it that are in hand stay. Returns as periodic_worker_can_do().
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_worker_cannot_do(periodic_worker *worker, const void *function,
                                           size_t function_length, int timeout_ms);

/* Takes the next job, driving the loop until one comes or `timeout_ms` have passed. The caller ends it
 * with periodic_job_done(), _fail() or _later(), or lets go of it with periodic_job_free().
 *
 * Returns 0, PERIODIC_ETIMEDOUT, PERIODIC_ECLOSED while draining, PERIODIC_EDEADLK (with a timeout other
 * than 0), PERIODIC_EINVAL, PERIODIC_ETHREAD, PERIODIC_EFORK.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_worker_next(periodic_worker *worker, periodic_job **job, int timeout_ms);

/* Takes up to `most` jobs that are there, waiting for the first as periodic_worker_next() does. Returns
 * how many were put into `jobs`, or a negative code.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_worker_next_many(periodic_worker *worker, periodic_job **jobs, size_t most,
                                           int timeout_ms);

/* Shows `count` jobs of one worker in `infos`, as periodic_job_function() and the others tell of each: bytes that
 * belong to the job, the count and the time. `state` is PERIODIC_JOB_RUNNING, `due_ms` 0. The `size` of the first
 * is that of each. Stops at the first that is not or no more in this worker's hands, as PERIODIC_EINVAL; returns
 * how many were shown, or the code if it was the first.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_worker_show_many(periodic_worker *worker, periodic_job *const *jobs,
                                           periodic_job_info *infos, size_t count);

/* Ends `count` jobs of one worker as done, without a result, and frees them. Stops at the first that
 * cannot be ended, PERIODIC_EINVAL for one that is not or no more in this worker's hands; returns how many
 * were, or the code if it was the first.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_worker_done_many(periodic_worker *worker, periodic_job *const *jobs,
                                           size_t count);

enum periodic_report_kind {
  PERIODIC_REPORT_DONE = 1,  /* as periodic_job_done() */
  PERIODIC_REPORT_FAIL = 2,  /* as periodic_job_fail() */
  PERIODIC_REPORT_LATER = 3, /* as periodic_job_later() */
  PERIODIC_REPORT_DATA = 4   /* as periodic_job_data(), after which the job is still in hand */
};

/* What to say of a job. Initialise with PERIODIC_REPORT_INIT. */
typedef struct periodic_report {
  size_t size; /* of this struct */
  periodic_job *job;
  int kind;         /* of enum periodic_report_kind */
  int32_t step;     /* of LATER, 0 to 32,767 */
  int64_t delay_s;  /* of LATER */
  const void *data; /* of DONE the result, of DATA the piece */
  size_t data_length;
} periodic_report;

#define PERIODIC_REPORT_INIT \
  {sizeof(periodic_report), NULL, 0, 0, 0, NULL, 0}

/* Says something of each of several jobs of one worker; reports that are ends free their jobs. Stops at the
 * first that cannot be said, PERIODIC_EINVAL for one that is not whole, or whose job is not or no more in this
 * worker's hands; returns how many were, or the code if it was the first. A job that was lost counts as said.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_worker_report_many(periodic_worker *worker, const periodic_report *reports,
                                             size_t count);

/* Takes on nothing new, and waits until every job in hand is ended and the server has answered for it.
 * PERIODIC_ETIMEDOUT if that takes longer; PERIODIC_EDEADLK, PERIODIC_EINVAL, PERIODIC_ETHREAD,
 * PERIODIC_EFORK.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_worker_drain(periodic_worker *worker, int timeout_ms);

/* ---- Job in a worker's hands ----------------------------------------------------------------------- */

/* The bytes of a job, and how many through `length`. They stay where they are until the job is ended or
 * freed. NULL where other functions would answer PERIODIC_EINVAL, PERIODIC_ETHREAD, PERIODIC_EFORK or
 * PERIODIC_EDEADLK.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API const void *periodic_job_function(const periodic_job *job, size_t *length);
PERIODIC_API const void *periodic_job_name(const periodic_job *job, size_t *length);
PERIODIC_API const void *periodic_job_workload(const periodic_job *job, size_t *length);

/* How often the job was put back for later, as the sum of the steps; 0 where periodic_job_name() is NULL.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int32_t periodic_job_count(const periodic_job *job);

/* Seconds that this run may take, after which the server runs the job again; 0 is no limit, and what is
 * returned where periodic_job_name() is NULL.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int32_t periodic_job_timeout_s(const periodic_job *job);

/* 1 while the job is this worker's as far as it knows; 0 once its connection was lost, and where
 * periodic_job_name() is NULL.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_job_is_held(const periodic_job *job);

/* Tells those who listen to this job (periodic_client_start_receive_data()) a piece of data, any bytes. It
 * is not stored, and nobody need listen. A piece of the three bytes "EOF" is taken for the end by them.
 *
 * Returns 0 when it is on its way; the loop sends it. PERIODIC_ESTALE if the job is not this worker's any
 * more, PERIODIC_EAGAIN, PERIODIC_ELIMIT for a piece over the frame limit, PERIODIC_EINVAL,
 * PERIODIC_ETHREAD, PERIODIC_EFORK; the job stays as it is.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_job_data(periodic_job *job, const void *data, size_t data_length);

/* Asks for a lock, driving the loop until the server has answered or `timeout_ms` have passed. At most
 * `capacity` jobs, 1 to 65,535, hold a lock of this name at a time; of several numbers the largest counts.
 * `lock` is 1 to 255 bytes, any. A lock is held until periodic_job_release(), the end of the run, or the
 * server's "lock-timeout" (300 s), after which the job still runs.
 *
 * Returns
 *   1    the lock is the job's
 *   0    others hold it: this run is over and the job freed. The server keeps the job in the lock's queue,
 *        and hands it out again when its turn has come; then the lock is the job's when it asks for it.
 *   PERIODIC_ESTALE   frees the job too: it is not this worker's any more
 *   PERIODIC_ECANCELED   a callback has ended or freed the job meanwhile
 *   PERIODIC_ETIMEDOUT   not known; end the job with periodic_job_fail(), which is right for both
 *   PERIODIC_EREFUSED, PERIODIC_ENOWORKER, PERIODIC_ELIMIT, PERIODIC_EAGAIN, PERIODIC_EDEADLK,
 *   PERIODIC_EINVAL, PERIODIC_ETHREAD, PERIODIC_EFORK   the job is as before
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_job_acquire(periodic_job *job, const void *lock, size_t lock_length,
                                      int capacity, int timeout_ms);

/* Gives a lock back; no error if the job does not hold it. Returns as periodic_job_data().
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_job_release(periodic_job *job, const void *lock, size_t lock_length);

/*
 * Ends. Each ends the run, frees the job, and returns 0 when the report is on its way; the loop sends it.
 * PERIODIC_ESTALE frees the job too: it is not this worker's any more, and the server runs it again.
 * On any other code the job is as before: PERIODIC_EAGAIN, PERIODIC_ELIMIT for a result over the frame
 * limit, PERIODIC_EINVAL, PERIODIC_ETHREAD, PERIODIC_EFORK.
 */

/* The job is done and goes. The result is for whoever waits for it with periodic_client_run(). The job's
 * locks are free again after this, as after each of the others.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_job_done(periodic_job *job, const void *result, size_t result_length);

/* The run failed; the server runs the job again, about a second later.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_job_fail(periodic_job *job);

/* Run again `delay_s` seconds from now, at once if that is not positive. `step`, 0 to 32,767, is added
 * to the job's count.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_job_later(periodic_job *job, int64_t delay_s, int step);

/* Frees a job without a word to the server, which runs it again when its time is over or the worker's
 * connection ends. Its slot is free for another.
 * Threads: owner thread. Since: 0.1. */
PERIODIC_API int periodic_job_free(periodic_job *job);

#ifdef __cplusplus
}
#endif

#endif
