// Keeps a session with one of the servers between `start` and `stop`.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>

#include "net/socket.h"
#include "session/inbox.h"
#include "session/log.h"
#include "session/options.h"
#include "session/outbox.h"
#include "session/session.h"
#include "session/worker.h"

namespace sluice::session {

enum class ClientState {
  stopped,
  connecting,
  connected,
  /** The connection failed or was lost: the next attempt comes after a pause. */
  waiting,
  /** The server refused the login: the next attempt comes after a pause, or at once with a new token. */
  refused,
};

const char* nameOf(ClientState state);

struct Statistics {
  std::atomic<std::uint64_t> received{0};
  std::atomic<std::uint64_t> handedOut{0};
  std::atomic<std::uint64_t> retried{0};
  std::atomic<std::uint64_t> acknowledged{0};
  std::atomic<std::uint64_t> rejected{0};
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> confirmed{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> sessions{0};
};

/** Result of a request: an answer, a refusal, or neither of them in time. */
struct Answer {
  std::optional<stomp::Frame> frame;
  /** Reason for which the server refused the request. */
  std::string refusal;
};

/**
 * `start` and `stop` must be called on one thread, other functions on any. Owned by a shared pointer, which the network
 * thread holds too.
 */
class Client final : public std::enable_shared_from_this<Client>, private SessionOwner {
 public:
  Client();

  /** Begins to connect, and reconnects until `stop`. A later call with the same options changes only the token. */
  void start(Options options, const std::string& token);

  /** Sends waiting frames and DISCONNECT, and ends within about this time. */
  void stop(net::Milliseconds grace);

  /** Waits until connected. Returns false if the deadline passes first. */
  bool waitConnected(net::Clock::time_point deadline);

  /** Sets the token of the next login. After a refused login the next one comes at once. */
  void setToken(const std::string& token);

  void subscribe(const std::string& destination);
  void unsubscribe(const std::string& destination);

  /** Returns false if the id is unknown. The acknowledgement is remembered also then, in case the event comes again. */
  bool acknowledge(const std::string& id);
  bool reject(const std::string& id, const std::string& reason);

  /** Sends the frame once connected, and again after each reconnection, until the server confirms it. Returns the id of
   * its receipt, or nothing if too many bytes are unconfirmed. */
  std::optional<std::string> send(stomp::Frame frame, bool watched);

  /** Sends a request and waits for its answer: a MESSAGE at a destination of this session. */
  Answer request(stomp::Frame frame, const std::string& replyTo, net::Clock::time_point deadline);

  ClientState state() const;
  /** Text of the last error. */
  std::string lastError() const;
  void setLastError(const std::string& text);
  void announceStates(bool wanted) { announceStates_ = wanted; }

  Log log;
  Inbox inbox;
  Outbox outbox;
  Statistics statistics;

 private:
  void onConnected() override;
  void onMessage(stomp::Frame frame) override;
  void onReceipt(std::string_view id) override;
  void takeFrames(std::string& into, std::size_t enough) override { outbox.take(into, enough); }
  bool isFull() const override { return inbox.full(); }
  std::optional<net::Clock::time_point> stopDeadline() const override;

  void run();
  bool runAttempt(const net::Address& address);
  void runSession(const net::Address& address);
  void pause(net::Milliseconds time, bool tokenEndsIt);
  std::optional<std::string> sendUnder(const std::string& receipt, stomp::Frame frame, bool watched);
  void refuse(const std::string& receipt, const std::string& reason);
  void setState(ClientState state, const std::string& reason);
  void answer(const char* command, const Ticket& ticket, const std::string& reason);
  void sendSubscription(const std::string& destination, const std::string& id);
  bool answersRequest(stomp::Frame& frame);

  net::Poller poller_;
  Worker worker_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Options options_;
  std::string token_;
  bool tokenChanged_ = false;
  std::optional<net::Clock::time_point> stopDeadline_;
  ClientState state_ = ClientState::stopped;
  std::string lastError_;
  std::uint64_t session_ = 0;
  std::map<std::string, std::string> subscriptions_;  // destination to id
  std::uint64_t subscriptionCounter_ = 0;
  std::map<std::string, Answer> replies_;  // by correlation-id, which is also the receipt of the request
  std::atomic<bool> announceStates_{true};
};

}  // namespace sluice::session
