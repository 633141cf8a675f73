// The header from C++11: owners that free, exceptions for codes, strings for bytes. A server, a client and
// a worker are on one loop; the job's result comes back.
#include <periodic.h>

#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

// Each kind of object has a function that frees it.
struct Free {
  void operator()(periodic_loop *loop) const { periodic_loop_free(loop); }
  void operator()(periodic_server *server) const { periodic_server_free(server); }
  void operator()(periodic_client *client) const { periodic_client_free(client); }
  void operator()(periodic_worker *worker) const { periodic_worker_free(worker); }
  void operator()(periodic_request *request) const { periodic_request_free(request); }
  void operator()(periodic_job *job) const { periodic_job_free(job); }
};
template <class Object> using Owner = std::unique_ptr<Object, Free>;

// Makes an exception of a negative code; what is not negative (a count, PERIODIC_MORE) is passed on.
static int check(const Owner<periodic_loop> &loop, int code) {
  char why[256] = "";
  if (code >= 0) return code;
  if (loop) periodic_loop_error(loop.get(), why, sizeof why);
  throw std::runtime_error(std::string(periodic_strerror(code)) + " (" + why + ")");
}

// Calls a constructor of the library, which fills in a pointer, and owns what it made.
template <class Object, class Constructor>
static Owner<Object> make(const Owner<periodic_loop> &loop, Constructor constructor) {
  Object *object = nullptr;
  check(loop, constructor(&object));
  return Owner<Object>(object);
}

static void work(const Owner<periodic_loop> &loop, const Owner<periodic_worker> &worker) {
  auto job = make<periodic_job>(
      loop, [&](periodic_job **job) { return periodic_worker_next(worker.get(), job, 5000); });
  size_t length = 0;
  const char *name = static_cast<const char *>(periodic_job_name(job.get(), &length));
  const std::string result = "hello, " + std::string(name, length);
  // Ending a job frees it, so it is not the owner's any more. After an exception before this, the server
  // would run it again.
  check(loop, periodic_job_done(job.release(), result.data(), result.size()));
}

int main() try {
  // What is made later goes earlier, so the loop is the last to go.
  auto loop = make<periodic_loop>(nullptr, periodic_loop_new);
  auto server = make<periodic_server>(
      loop, [&](periodic_server **server) { return periodic_server_new(loop.get(), nullptr, server); });
  char address[64];
  check(loop, periodic_server_listen(server.get(), "tcp://127.0.0.1:0", address, sizeof address));
  auto client = make<periodic_client>(loop, [&](periodic_client **client) {
    return periodic_client_new(loop.get(), address, nullptr, client);
  });
  auto worker = make<periodic_worker>(loop, [&](periodic_worker **worker) {
    return periodic_worker_new(loop.get(), address, 1, nullptr, worker);
  });
  check(loop, periodic_worker_can_do(worker.get(), "greet", 5, 5000));

  periodic_job_fields job = PERIODIC_JOB_FIELDS_INIT;
  job.function = "greet", job.function_length = 5;
  job.name = "world", job.name_length = 5;
  auto request = make<periodic_request>(loop, [&](periodic_request **request) {
    return periodic_client_start_run(client.get(), &job, request, 5000);
  });
  work(loop, worker);
  const void *result = nullptr;
  size_t length = 0;
  check(loop, periodic_request_next(request.get(), &result, &length, 5000));
  std::cout << std::string(static_cast<const char *>(result), length) << '\n';
} catch (const std::exception &error) {
  std::cerr << "cplusplus: " << error.what() << '\n';
  return 1;
}
