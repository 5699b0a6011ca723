// Events between the network and the code in 1C: a bounded queue, and the memory of what was handed out and
// acknowledged.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "net/clock.h"
#include "stomp/frame.h"

namespace sluice::session {

enum class OverflowPolicy {
  /** Nothing is read from the network until there is room: the server keeps the rest. */
  wait,
  dropOldest,
  dropNewest,
};

/** One event on its way to the code in 1C. */
struct Delivery {
  /** Names it for acknowledging; empty for what needs none. */
  std::string id;
  std::string event;
  bool redelivered = false;
  /** The message; for news of the component itself only its body. */
  stomp::Frame message;
};

/** What an acknowledgement of STOMP needs: it is worth something in its own session only. */
struct Ticket {
  std::string ack;
  std::uint64_t session = 0;
};

class Inbox {
 public:
  struct Limits {
    std::size_t events = 1000;
    std::size_t bytes = 32U << 20U;
    OverflowPolicy policy = OverflowPolicy::wait;
  };

  /** What became of an offered message, and which tickets have to be answered with ACK or NACK now. */
  struct Admission {
    bool acknowledgeAgain = false;
    std::optional<Ticket> dropped;
  };

  /** `onRoom` is called, on any thread, when a full queue can take events again. */
  explicit Inbox(std::function<void()> onRoom) : onRoom_(std::move(onRoom)) {}

  void setLimits(const Limits& limits);
  Limits limits() const;

  /**
   * Takes a message of the network. One that still waits here is not queued again, and one that was acknowledged before
   * (its acknowledgement got lost with its session) is not shown again.
   */
  Admission offer(Delivery delivery, const Ticket& ticket);

  /** Queues news of the component itself, past all limits; of each kind only the latest waits. */
  void announce(const std::string& event, std::string data);

  /** Must the network wait? Only ever true under OverflowPolicy::wait. */
  bool full() const;

  /** The next event; waits for one until the deadline or until `interrupted` says so (see `interrupt`). */
  std::optional<Delivery> take(net::Clock::time_point deadline, const std::function<bool()>& interrupted);

  /** Puts back what could not be handed out, at the front. */
  void giveBack(Delivery delivery);

  /** Lets whoever waits in `take` ask again whether it is interrupted. */
  void interrupt();

  /** Keeps the body of an event until it is settled, for code that asks for it later. */
  void keepBody(const std::string& id, std::string body);
  std::optional<std::string> body(const std::string& id) const;

  /** The event is dealt with: gives the ticket to be answered. Nothing when its session is over or the id is unknown.
   */
  std::optional<Ticket> acknowledge(const std::string& id);
  std::optional<Ticket> reject(const std::string& id);

  void beginSession(std::uint64_t session);

  std::size_t size() const;
  std::size_t unacknowledged() const;
  std::uint64_t dropped() const;

 private:
  struct Record {
    Ticket ticket;
    bool queued = true;
    std::optional<std::string> body;
  };

  bool fullLocked() const;
  std::optional<Ticket> dropLocked(Delivery& arriving);
  std::optional<Ticket> settleLocked(const std::string& id);
  void rememberLocked(const std::string& id);
  static std::size_t weight(const Delivery& delivery) { return delivery.message.body.size() + 256; }

  std::function<void()> onRoom_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Limits limits_;
  std::deque<Delivery> queue_;
  std::size_t bytes_ = 0;
  std::unordered_map<std::string, Record> records_;  // of what is queued or handed out
  std::unordered_set<std::string> acknowledged_;
  std::deque<std::string> acknowledgedOrder_;
  std::uint64_t session_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace sluice::session
