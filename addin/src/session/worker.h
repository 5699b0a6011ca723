#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "net/clock.h"

namespace sluice::session {

/** A thread with a bounded join. */
class Worker {
 public:
  Worker() = default;
  ~Worker() { join(net::Milliseconds(0)); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  bool running() const { return thread_.joinable(); }

  /** Starts the thread. `work` must own everything that it uses, because the thread may be abandoned. No thread may be
   * running. */
  void start(std::function<void()> work);

  /**
   * Waits for the end of the thread, which must have been signalled before. A thread that hangs in the system or in the
   * platform after this time is abandoned, and the library stays loaded. Returns false in that case.
   */
  bool join(net::Milliseconds time);

 private:
  struct Ending;

  std::thread thread_;
  std::shared_ptr<Ending> ending_;
};

}  // namespace sluice::session
