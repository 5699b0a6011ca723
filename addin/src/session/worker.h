#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "net/clock.h"

namespace sluice::session {

/** A thread that is always waited for, but not for ever. */
class Worker {
 public:
  Worker() = default;
  ~Worker() { join(net::Milliseconds(0)); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  bool running() const { return thread_.joinable(); }

  /** What `work` uses must be owned by it, for the case that it has to be abandoned. Nothing may be running. */
  void start(std::function<void()> work);

  /**
   * Waits for the end of the thread, which must have been told to stop. One that is stuck in the system or in the
   * platform past the time is abandoned; the library then stays loaded. False in that case.
   */
  bool join(net::Milliseconds time);

 private:
  struct Ending;

  std::thread thread_;
  std::shared_ptr<Ending> ending_;
};

}  // namespace sluice::session
