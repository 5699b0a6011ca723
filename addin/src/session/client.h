// Keeps a session with one of the servers, for as long as it is wanted.
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
  /** The connection failed or broke off: the next attempt comes after a pause. */
  waiting,
  /** The server refuses the login; tried again after a pause, and at once with a new token. */
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

/** What became of a request: an answer, a refusal, or nothing in time. */
struct Answer {
  std::optional<stomp::Frame> frame;
  /** Why the server has not taken the request. */
  std::string refusal;
};

/**
 * `start` and `stop` are for one thread, everything else for any. Owned by a shared pointer, which the network thread
 * holds as well.
 */
class Client final : public std::enable_shared_from_this<Client>, private SessionOwner {
 public:
  Client();

  /** Begins to connect, and reconnects until `stop`. With the same options while running: nothing but the token
   * changes. */
  void start(Options options, const std::string& token);

  /** Sends what waits, says goodbye and ends, within about this time. */
  void stop(net::Milliseconds grace);

  /** Waits until connected. False: not yet. */
  bool waitConnected(net::Clock::time_point deadline);

  /** For the next login. A server that refuses the present one is asked again at once. */
  void setToken(const std::string& token);

  void subscribe(const std::string& destination);
  void unsubscribe(const std::string& destination);

  /** False: the id is unknown here; the answer is remembered all the same, in case the event comes again. */
  bool acknowledge(const std::string& id);
  bool reject(const std::string& id, const std::string& reason);

  /** Sends once the server is reached, again after a reconnection, until the server confirms. Gives the id of its
   * receipt, or nothing when too much is unconfirmed. */
  std::optional<std::string> send(stomp::Frame frame, bool watched);

  /** Sends and waits for the MESSAGE that answers it, at a destination that the server knows as this session's own. */
  Answer request(stomp::Frame frame, const std::string& replyTo, net::Clock::time_point deadline);

  ClientState state() const;
  /** Text for people, of what went wrong last. */
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
  std::map<std::string, Answer> replies_;  // by correlation-id, which is the receipt of the request as well
  std::atomic<bool> announceStates_{true};
};

}  // namespace sluice::session
