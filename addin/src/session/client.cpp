#include "session/client.h"

#include <random>

#include "session/identifier.h"
#include "text/json.h"
#include "text/utf.h"

namespace sluice::session {
namespace {

using net::Clock;
using net::Milliseconds;

constexpr int kMaxPauseFactor = 60;  // multiple of the first pause
/** Time after the grace period, for a thread inside a call of the system. */
constexpr Milliseconds kJoinTime{3'000};
/** Servers end a session with too long headers; the event would be delivered and rejected repeatedly. */
constexpr std::size_t kMaxReason = 500;

/** Shortens a pause at random, so that the clients of a restarted server do not all connect at the same moment. */
Milliseconds withJitter(Milliseconds pause) noexcept {
  try {
    std::random_device random;
    return std::uniform_int_distribution<Milliseconds::rep>(pause.count() / 2, pause.count())(random) * Milliseconds(1);
  } catch (const std::exception&) {
    return pause;  // the system has no random numbers, or no memory for them
  }
}

bool sameServer(const Options& one, const Options& other) {
  const auto key = [](const Options& options) {
    std::string servers;
    for (const net::Address& server : options.servers) servers += server.str() + (server.tls ? " tls " : " ");
    return servers + options.user + "\n" + options.clientId + "\n" + options.virtualHost;
  };
  return key(one) == key(other) && one.tls == other.tls && one.heartbeat == other.heartbeat &&
         one.maxFrame == other.maxFrame;
}

}  // namespace

const char* nameOf(ClientState state) {
  switch (state) {
    case ClientState::stopped:
      return "stopped";
    case ClientState::connecting:
      return "connecting";
    case ClientState::connected:
      return "connected";
    case ClientState::waiting:
      return "waiting";
    case ClientState::refused:
      return "refused";
  }
  return "stopped";
}

Client::Client() : inbox([this] { poller_.wake(); }), outbox([this] { poller_.wake(); }) {}

void Client::start(Options options, const std::string& token) {
  if (worker_.running() && sameServer(options, options_)) return setToken(token);
  if (worker_.running()) stop(Milliseconds(0));
  {
    const std::lock_guard lock(mutex_);
    options_ = std::move(options);
    token_ = token;
    stopDeadline_.reset();
    state_ = ClientState::connecting;
  }
  worker_.start([self = shared_from_this()] { self->run(); });
}

void Client::stop(Milliseconds grace) {
  {
    const std::lock_guard lock(mutex_);
    stopDeadline_ = Clock::now() + grace;
  }
  changed_.notify_all();
  poller_.wake();
  if (!worker_.join(grace + kJoinTime)) log.write("the network thread did not end in time and was abandoned");
}

bool Client::waitConnected(Clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline,
                      [this] { return state_ == ClientState::connected || state_ == ClientState::stopped; });
  return state_ == ClientState::connected;
}

void Client::setToken(const std::string& token) {
  const std::lock_guard lock(mutex_);
  if (token_ == token) return;
  token_ = token;
  tokenChanged_ = true;
  changed_.notify_all();
}

void Client::subscribe(const std::string& destination) {
  const std::lock_guard lock(mutex_);
  const auto [at, added] = subscriptions_.emplace(destination, "");
  if (!added) return;
  at->second = std::to_string(++subscriptionCounter_);
  // without a session it is dropped when the next one begins, which makes all subscriptions
  sendSubscription(at->first, at->second);
}

void Client::unsubscribe(const std::string& destination) {
  const std::lock_guard lock(mutex_);
  const auto at = subscriptions_.find(destination);
  if (at == subscriptions_.end()) return;
  outbox.sendNow({"UNSUBSCRIBE", {{"id", at->second}}, ""}, session_);
  subscriptions_.erase(at);
}

bool Client::acknowledge(const std::string& id) {
  ++statistics.acknowledged;
  const std::optional<Ticket> ticket = inbox.acknowledge(id);
  if (ticket) answer("ACK", *ticket, "");
  return ticket.has_value();
}

bool Client::reject(const std::string& id, const std::string& reason) {
  ++statistics.rejected;
  const std::optional<Ticket> ticket = inbox.reject(id);
  if (ticket) answer("NACK", *ticket, reason);
  return ticket.has_value();
}

std::optional<std::string> Client::send(stomp::Frame frame, bool watched) {
  return sendUnder(makeUuid(), std::move(frame), watched);
}

std::optional<std::string> Client::sendUnder(const std::string& receipt, stomp::Frame frame, bool watched) {
  frame.command = "SEND";
  // id of the event, the same in all attempts, so that the server recognises a repeat
  if (!frame.has("id")) frame.headers.emplace_back("id", receipt);
  frame.headers.emplace_back("receipt", receipt);
  if (!outbox.send(frame, watched)) return std::nullopt;
  ++statistics.sent;
  return receipt;
}

Answer Client::request(stomp::Frame frame, const std::string& replyTo, Clock::time_point deadline) {
  const std::string correlation = makeUuid();
  frame.headers.emplace_back("reply-to", replyTo);
  frame.headers.emplace_back("correlation-id", correlation);
  {
    const std::lock_guard lock(mutex_);
    replies_[correlation];
  }
  const bool queued = sendUnder(correlation, std::move(frame), false).has_value();
  std::unique_lock lock(mutex_);
  if (queued) {
    changed_.wait_until(lock, deadline, [&] {
      const Answer& answer = replies_[correlation];
      return answer.frame || !answer.refusal.empty() || state_ == ClientState::stopped;
    });
  }
  return std::move(replies_.extract(correlation).mapped());
}

ClientState Client::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

std::string Client::lastError() const {
  const std::lock_guard lock(mutex_);
  return lastError_;
}

void Client::setLastError(const std::string& text) {
  const std::lock_guard lock(mutex_);
  lastError_ = text;
}

void Client::onConnected() {
  const std::lock_guard lock(mutex_);
  ++session_;
  ++statistics.sessions;
  inbox.beginSession(session_);
  outbox.beginSession(session_);
  for (const auto& [destination, id] : subscriptions_) sendSubscription(destination, id);
}

void Client::onMessage(stomp::Frame frame) {
  if (answersRequest(frame)) return;
  ++statistics.received;
  Delivery delivery;
  delivery.id = frame.has("message-id") ? frame.header("message-id") : frame.header("ack");
  delivery.event = frame.has("event") ? frame.header("event") : frame.header("destination");
  delivery.redelivered = frame.header("redelivered") == "true";
  delivery.message = std::move(frame);
  const Ticket ticket{std::string(delivery.message.header("ack")), session_};
  const Inbox::Admission admission = inbox.offer(std::move(delivery), ticket);
  if (admission.acknowledgeAgain) answer("ACK", ticket, "");
  if (admission.dropped) answer("NACK", *admission.dropped, "overflow");
}

void Client::onReceipt(std::string_view id) {
  ++statistics.confirmed;
  outbox.confirm(std::string(id));
}

std::optional<Clock::time_point> Client::stopDeadline() const {
  const std::lock_guard lock(mutex_);
  return stopDeadline_;
}

void Client::run() {
  Milliseconds delay = options_.reconnectDelay;
  int refusedLogins = 0;  // consecutive
  for (std::size_t attempt = 0; !stopDeadline(); ++attempt) {
    const std::uint64_t sessionsBefore = session_;
    bool refusedLogin = false;
    try {
      refusedLogin = runAttempt(options_.servers[attempt % options_.servers.size()]);
    } catch (const std::exception&) {
      // no memory even to report a failure: one that leaves this thread would end the process of the platform
    }
    if (session_ != sessionsBefore) {
      delay = options_.reconnectDelay;
      refusedLogins = 0;
    }
    if (refusedLogin) ++refusedLogins;
    // code in 1C sets a new token after each refusal: only the first new token ends the pause, because further ones
    // would cause a login at once each time
    if (!stopDeadline()) pause(withJitter(delay), refusedLogins <= 1);
    delay = std::min(delay * 2, options_.reconnectDelay * kMaxPauseFactor);
  }
  try {
    setState(ClientState::stopped, "");
  } catch (const std::exception&) {
    // no memory for the log line or the event; the state itself is set
  }
}

/** Runs a session to its end and sets the state with the reason. Returns true if the server has refused the login. */
bool Client::runAttempt(const net::Address& address) {
  try {
    runSession(address);
    return false;
  } catch (const ServerError& error) {
    if (!error.receipt.empty()) {
      ++statistics.refused;
      refuse(error.receipt, error.what());
    } else if (!error.refusedLogin) {
      outbox.blameOldest(error.what());
    }
    setState(error.refusedLogin ? ClientState::refused : ClientState::waiting, error.what());
    return error.refusedLogin;
  } catch (const std::exception& error) {
    setState(ClientState::waiting, error.what());
    return false;
  }
}

void Client::runSession(const net::Address& address) {
  std::string token;
  {
    const std::lock_guard lock(mutex_);
    token = token_;
    tokenChanged_ = false;
  }
  setState(ClientState::connecting, "");
  Session session(address, options_, token, poller_, *this);
  setState(ClientState::connected, address.str());
  session.run();
}

void Client::pause(Milliseconds time, bool tokenEndsIt) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, time, [&] { return stopDeadline_.has_value() || (tokenEndsIt && tokenChanged_); });
}

/** Reports a refused frame to the calls that wait for its confirmation or its answer. */
void Client::refuse(const std::string& receipt, const std::string& reason) {
  outbox.refuse(receipt, reason);
  const std::lock_guard lock(mutex_);
  const auto reply = replies_.find(receipt);
  if (reply == replies_.end()) return;
  reply->second.refusal = reason;
  changed_.notify_all();
}

void Client::setState(ClientState state, const std::string& reason) {
  const bool bad = state == ClientState::waiting || state == ClientState::refused;
  {
    const std::lock_guard lock(mutex_);
    state_ = state;
    if (bad) lastError_ = reason;
  }
  changed_.notify_all();
  log.write(std::string(nameOf(state)) + (reason.empty() ? "" : ": " + reason));
  if (state == ClientState::connecting || !announceStates_) return;
  inbox.announce("sluice.state", text::JsonObject().text("state", nameOf(state)).text("reason", reason).str());
}

/** Sends ACK or NACK. A ticket of an earlier session is ignored, because the server delivers the event again. */
void Client::answer(const char* command, const Ticket& ticket, const std::string& reason) {
  if (ticket.ack.empty()) return;
  stomp::Frame frame{command, {{"id", ticket.ack}}, ""};
  if (!reason.empty()) frame.headers.emplace_back("reason", text::beginningOf(reason, kMaxReason));
  outbox.sendNow(frame, ticket.session);
}

void Client::sendSubscription(const std::string& destination, const std::string& id) {
  outbox.sendNow({"SUBSCRIBE", {{"id", id}, {"destination", destination}, {"ack", "client-individual"}}, ""}, session_);
}

bool Client::answersRequest(stomp::Frame& frame) {
  const std::string correlation(frame.header("correlation-id"));
  if (correlation.empty()) return false;
  const std::lock_guard lock(mutex_);
  const auto reply = replies_.find(correlation);
  if (reply == replies_.end()) return false;
  const Ticket ticket{std::string(frame.header("ack")), session_};
  if (!ticket.ack.empty()) answer("ACK", ticket, "");
  reply->second.frame = std::move(frame);
  changed_.notify_all();
  return true;
}

}  // namespace sluice::session
