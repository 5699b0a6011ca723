// Events between the network and the code in 1C: a bounded queue, and the ids of events that were passed on and
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
  /** The component stops reading from the network until there is room; the server keeps further events. */
  wait,
  dropOldest,
  dropNewest,
};

/** An event for the code in 1C. */
struct Delivery {
  /** Id for the acknowledgement; empty for events that need none. */
  std::string id;
  std::string event;
  bool redelivered = false;
  /** The message; for events of the component itself only its body. */
  stomp::Frame message;
};

/** Data for ACK and NACK. They are valid only in the session that delivered the message. */
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

  /** Result of an offered message, and the tickets for which ACK or NACK must be sent now. */
  struct Admission {
    bool acknowledgeAgain = false;
    std::optional<Ticket> dropped;
  };

  /** `onRoom` is called, on any thread, when a full queue has room again. */
  explicit Inbox(std::function<void()> onRoom) : onRoom_(std::move(onRoom)) {}

  void setLimits(const Limits& limits);
  Limits limits() const;

  /**
   * Accepts a message of the network. A message that still waits is not queued again, and a message that was
   * acknowledged before (its acknowledgement was lost with its session) is not passed on again.
   */
  Admission offer(Delivery delivery, const Ticket& ticket);

  /** Queues an event of the component itself, regardless of limits; only the latest of each type waits. */
  void announce(const std::string& event, std::string data);

  /** Returns whether the network must stop reading. True only with OverflowPolicy::wait. */
  bool full() const;

  /** Returns the next event; waits for it until the deadline or until `interrupted` returns true (see `interrupt`). */
  std::optional<Delivery> take(net::Clock::time_point deadline, const std::function<bool()>& interrupted);

  /** Puts an event that the platform has not accepted back to the front. */
  void giveBack(Delivery delivery);

  /** Makes waiting calls of `take` check `interrupted` again. */
  void interrupt();

  /** Keeps the body of an event until the event is settled, for later calls of code in 1C. */
  void keepBody(const std::string& id, std::string body);
  std::optional<std::string> body(const std::string& id) const;

  /** Settles an event and returns its ticket. Returns nothing if its session is over or the id is unknown. */
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
  std::unordered_map<std::string, Record> records_;  // of events that are queued or passed on
  std::unordered_set<std::string> acknowledged_;
  std::deque<std::string> acknowledgedOrder_;
  std::uint64_t session_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace sluice::session
