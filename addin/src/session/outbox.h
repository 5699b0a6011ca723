// Frames for the server. A frame with a receipt stays here until the server has confirmed it, across sessions.
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
  /** `onFrame` is called, on any thread, when there is a frame to send. */
  explicit Outbox(std::function<void()> onFrame) : onFrame_(std::move(onFrame)) {}

  /**
   * Queues a frame whose header `receipt` the server must confirm. Returns false if unconfirmed frames exceed the
   * limit. `watched` keeps the result for `wait`.
   */
  bool send(const stomp::Frame& frame, bool watched);

  /** Queues a frame for this session only, ahead of all others. */
  void sendNow(const stomp::Frame& frame, std::uint64_t session);

  /** Waits until the server has confirmed or refused, and then forgets the result. */
  SendResult wait(const std::string& id, net::Clock::time_point deadline);

  void confirm(const std::string& id);
  void refuse(const std::string& id, const std::string& reason);

  /** Begins a new session: all unconfirmed frames are sent again, in order. */
  void beginSession(std::uint64_t session);

  /** Notes that the server ended the session with an error, which the oldest frame may have caused: after several such
   * errors the frame counts as refused. */
  void blameOldest(const std::string& reason);

  /** Appends whole frames until there are `enough` bytes or no further frames. */
  void take(std::string& into, std::size_t enough);

  /** Ends every `wait`; later calls return at once. */
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
  std::deque<Entry> sends_;  // the first `sent_` of them were sent in this session
  std::size_t sent_ = 0;
  std::size_t bytes_ = 0;
  std::unordered_map<std::string, SendResult> watched_;
  std::uint64_t session_ = 0;
  bool closed_ = false;
};

}  // namespace sluice::session
