#include "session/worker.h"

#include <condition_variable>
#include <mutex>

#include "net/pin.h"

namespace sluice::session {

struct Worker::Ending {
  std::mutex mutex;
  std::condition_variable changed;
  bool ended = false;
};

void Worker::start(std::function<void()> work) {
  ending_ = std::make_shared<Ending>();
  thread_ = std::thread([ending = ending_, work = std::move(work)]() mutable {
    work();
    work = nullptr;  // releases its resources before the end is reported
    const std::lock_guard lock(ending->mutex);
    ending->ended = true;
    ending->changed.notify_all();
  });
}

bool Worker::join(net::Milliseconds time) {
  if (!thread_.joinable()) return true;
  bool ended = false;
  {
    std::unique_lock lock(ending_->mutex);
    ended = ending_->changed.wait_for(lock, time, [this] { return ending_->ended; });
  }
  if (ended) {
    thread_.join();
  } else {
    net::pinLibrary();
    thread_.detach();
  }
  return ended;
}

}  // namespace sluice::session
