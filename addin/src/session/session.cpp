#include "session/session.h"

#include <algorithm>
#include <charconv>

#include "text/utf.h"

namespace sluice::session {
namespace {

using net::Clock;
using net::Milliseconds;

constexpr const char* kGoodbye = "sluice-goodbye";
/** Large enough to keep the socket busy, small enough for acknowledgements not to wait long behind it. */
constexpr std::size_t kOutgoingBytes = 256U << 10U;
constexpr std::size_t kMaxErrorText = 500;
/** STOMP requires tolerance for late heart-beats of the server. */
constexpr int kSilenceTolerance = 2;
constexpr Milliseconds kLongWait{60'000};

std::string errorText(const stomp::Frame& frame) {
  std::string text(frame.header("message"));
  std::string body(text::beginningOf(frame.body, kMaxErrorText));
  while (!body.empty() && (body.back() == '\n' || body.back() == '\r')) body.pop_back();
  if (text.empty()) return body.empty() ? "the server sent no reason" : body;
  return body.empty() || body == text ? text : text + " (" + body + ")";
}

Milliseconds parseMilliseconds(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return Milliseconds(std::clamp<std::int64_t>(value, 0, 24LL * 3600 * 1000));
}

}  // namespace

Session::Session(const net::Address& address, const Options& options, const std::string& token, net::Poller& poller,
                 SessionOwner& owner)
    : options_(options),
      owner_(owner),
      deadline_(Clock::now() + options.connectTimeout),
      link_(address, options.tls, deadline_, poller, [&owner] { return owner.stopDeadline().has_value(); }),
      host_(address.str()),
      parser_(stomp::Limits{options.maxFrame, 128}),
      lastSent_(Clock::now()),
      lastReceived_(Clock::now()) {
  try {
    stomp::Frame connect{"CONNECT", {{"accept-version", "1.2"}}, ""};
    const std::string beat = std::to_string(options.heartbeat.count());
    connect.headers.emplace_back("host", options.virtualHost.empty() ? address.host : options.virtualHost);
    connect.headers.emplace_back("heart-beat", beat + "," + beat);
    connect.headers.emplace_back("login", options.user);
    connect.headers.emplace_back("passcode", token);
    if (!options.clientId.empty()) connect.headers.emplace_back("client-id", options.clientId);
    logIn(stomp::serialize(connect), deadline_);
  } catch (const stomp::ParseError& error) {
    throw net::NetError(host_ + " does not support STOMP 1.2: " + error.what());
  }
}

void Session::run() {
  const auto stopping = [this] { return owner_.stopDeadline(); };
  for (;;) {
    if (stopping()) sayGoodbye();
    sendFrames();
    const bool busy = readFrames();
    if (goodbyeAnswered_ || (stopping() && Clock::now() >= *stopping())) return;
    const bool paused = owner_.isFull();
    checkSilence(paused);
    sendHeartbeat();
    if (!busy) link_.wait(!paused, timeToWait());
  }
}

void Session::logIn(const std::string& connect, Clock::time_point deadline) {
  link_.send(connect);
  for (;;) {
    link_.flush();
    if (link_.receive(received_)) {
      parser_.feed(received_);
      received_.clear();
      lastReceived_ = Clock::now();
    }
    if (const std::optional<stomp::Frame> frame = parser_.next()) {
      if (frame->command == "ERROR") throw ServerError(host_ + " refused the login: " + errorText(*frame), "", true);
      if (frame->command != "CONNECTED")
        throw net::NetError(host_ + " answered CONNECT with " + frame->command + " instead of CONNECTED");
      if (frame->header("version") != "1.2") throw net::NetError(host_ + " does not support STOMP 1.2");
      agreeOnHeartbeats(*frame);
      owner_.onConnected();
      return;
    }
    if (owner_.stopDeadline()) throw net::NetError("the client was stopped");
    if (Clock::now() >= deadline)
      throw net::NetError(host_ + " did not answer CONNECT in time: is it a STOMP port, with or without TLS?");
    link_.wait(true, net::until(deadline));
  }
}

/** Negotiates heart-beats: the longer interval of client and server applies, and none if one of them is 0. */
void Session::agreeOnHeartbeats(const stomp::Frame& connected) {
  const std::string_view offer = connected.header("heart-beat");
  const std::size_t comma = offer.find(',');
  if (comma == std::string_view::npos || options_.heartbeat.count() == 0) return;
  const Milliseconds serverSends = parseMilliseconds(offer.substr(0, comma));
  const Milliseconds serverWants = parseMilliseconds(offer.substr(comma + 1));
  if (serverSends.count() > 0) expectEvery_ = std::max(serverSends, options_.heartbeat);
  if (serverWants.count() > 0) sendEvery_ = std::max(serverWants, options_.heartbeat);
}

/** Reads once and processes whole frames while the owner has room. Returns true if more bytes may be available. */
bool Session::readFrames() {
  while (!owner_.isFull()) {
    std::optional<stomp::Frame> frame = parser_.next();
    if (!frame) {
      received_.clear();
      if (!link_.receive(received_)) return false;
      lastReceived_ = Clock::now();
      parser_.feed(received_);
      return true;
    }
    handle(std::move(*frame));
  }
  return false;
}

void Session::handle(stomp::Frame frame) {
  if (frame.command == "MESSAGE") {
    owner_.onMessage(std::move(frame));
  } else if (frame.command == "RECEIPT") {
    const std::string_view id = frame.header("receipt-id");
    if (id == kGoodbye) {
      goodbyeAnswered_ = true;
    } else {
      owner_.onReceipt(id);
    }
  } else if (frame.command == "ERROR") {
    throw ServerError(host_ + " has ended the session: " + errorText(frame), std::string(frame.header("receipt-id")),
                      false);
  }
}

void Session::sendFrames() {
  while (link_.unsent() < kOutgoingBytes && !goodbyeSent_) {
    frames_.clear();
    owner_.takeFrames(frames_, kOutgoingBytes);
    if (frames_.empty()) break;
    link_.send(frames_);
    lastSent_ = Clock::now();
    link_.flush();
  }
  link_.flush();
}

void Session::sendHeartbeat() {
  if (sendEvery_.count() == 0 || Clock::now() - lastSent_ < sendEvery_) return;
  // waiting bytes make a heart-beat unnecessary, and it would only lengthen the queue
  if (link_.unsent() == 0) link_.send("\n");
  lastSent_ = Clock::now();
  link_.flush();
}

/** Sends DISCONNECT after all waiting frames: its receipt confirms that they have arrived. */
void Session::sayGoodbye() {
  if (goodbyeSent_) return;
  sendFrames();
  if (link_.unsent() >= kOutgoingBytes) return;
  goodbyeSent_ = true;
  link_.send(stomp::serialize({"DISCONNECT", {{"receipt", kGoodbye}}, ""}));
}

/** Checks the heart-beats of the server. Silence has no meaning while the client does not read. */
void Session::checkSilence(bool paused) {
  if (paused) lastReceived_ = Clock::now();
  if (expectEvery_.count() == 0 || Clock::now() - lastReceived_ < expectEvery_ * kSilenceTolerance) return;
  throw net::NetError(host_ + " sent nothing for " + std::to_string((expectEvery_ * kSilenceTolerance).count()) +
                      " ms: the connection is considered broken");
}

Milliseconds Session::timeToWait() const {
  Milliseconds time = kLongWait;
  if (sendEvery_.count() > 0) time = std::min(time, net::until(lastSent_ + sendEvery_));
  if (expectEvery_.count() > 0) time = std::min(time, net::until(lastReceived_ + expectEvery_ * kSilenceTolerance));
  if (const auto deadline = owner_.stopDeadline()) time = std::min(time, net::until(*deadline));
  return time;
}

}  // namespace sluice::session
