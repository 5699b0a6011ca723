// Frames on their way to the server. What is sent with a receipt stays here until the server has confirmed it, over all
// sessions.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "net/clock.h"
#include "stomp/frame.h"

namespace sluice::session {

enum class SendState { waiting, confirmed, refused };

struct SendResult {
  SendState state = SendState::waiting;
  std::string reason;
};

class Outbox {
 public:
  /** `onFrame` is called, on any thread, when there is something to send. */
  explicit Outbox(std::function<void()> onFrame) : onFrame_(std::move(onFrame)) {}

  /**
   * Queues a frame to be confirmed under the id in its header `receipt`. False: the unconfirmed ones already take more
   * than the limit. `watched` keeps its result for `wait`.
   */
  bool send(const stomp::Frame& frame, bool watched);

  /** Queues a frame that is worth something in this session only, ahead of all others. */
  void sendNow(const stomp::Frame& frame, std::uint64_t session);

  /** Waits until the server has answered, and forgets the result unless it still waits. */
  SendResult wait(const std::string& id, net::Clock::time_point deadline);

  void confirm(const std::string& id);
  void refuse(const std::string& id, const std::string& reason);

  /** A new session: everything unconfirmed goes again, in its order. */
  void beginSession(std::uint64_t session);

  /** The session ended with an error of the server, which may be due to the oldest frame: after some times it is
   * refused. */
  void blameOldest(const std::string& reason);

  /** Appends whole frames until there are `enough` bytes or no more frames. */
  void take(std::string& into, std::size_t enough);

  /** Ends every `wait`; those to come end at once as well. */
  void close();

  std::size_t unconfirmed() const;

 private:
  struct Entry {
    std::string id;
    std::string bytes;
    int blamed = 0;
  };

  void settleLocked(const std::string& id, SendResult result);

  std::function<void()> onFrame_;
  mutable std::mutex mutex_;
  std::condition_variable answered_;
  std::deque<std::string> urgent_;
  std::deque<Entry> sends_;  // the first `sent_` of them are on their way in this session
  std::size_t sent_ = 0;
  std::size_t bytes_ = 0;
  std::unordered_map<std::string, SendResult> watched_;
  std::uint64_t session_ = 0;
  bool closed_ = false;
};

}  // namespace sluice::session
