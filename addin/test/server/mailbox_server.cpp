#include "server/mailbox_server.h"

#include <algorithm>
#include <chrono>

namespace test {

using sluice::stomp::Frame;

/** One connection. */
class MailboxServer::Visit {
 public:
  Visit(MailboxServer& server, Tcp tcp) : server_(server), tcp_(std::move(tcp)), generation_(server.generation_) {}

  void run() {
    try {
      serve();
    } catch (const sluice::stomp::ParseError&) {
      // another protocol such as TLS: the connection ends
    }
  }

 private:
  void serve() {
    while (!server_.stopping_ && generation_ == server_.generation_ && !over_) {
      if (behaviour().stalled) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        continue;
      }
      std::string bytes;
      if (!tcp_.receive(bytes, waiting_.empty() ? 1 : 0)) return;
      if (!bytes.empty() && bytes.find_first_not_of('\n') == std::string::npos) ++server_.heartbeats_;
      parser_.feed(bytes);
      while (const std::optional<Frame> frame = parser_.next()) handle(*frame);
      deliver();
      flush();
    }
  }

  Behaviour behaviour() const {
    const std::lock_guard lock(server_.mutex_);
    return server_.behaviour_;
  }

  void handle(const Frame& frame) {
    {
      const std::lock_guard lock(server_.mutex_);
      server_.seen_.push_back(frame);
    }
    const Behaviour now = behaviour();
    if (frame.command == "CONNECT") {
      if (!now.passcode.empty() && frame.header("passcode") != now.passcode) return refuse("not this token", frame);
      push({"CONNECTED", {{"version", "1.2"}, {"heart-beat", now.heartbeat}}, ""});
    } else if (frame.command == "SUBSCRIBE") {
      if (frame.header("destination") == "/user/events") subscription_ = frame.header("id");
    } else if (frame.command == "ACK" || frame.command == "NACK") {
      settle(frame);
    } else if (frame.command == "SEND") {
      if (!now.refusedBody.empty() && frame.body == now.refusedBody) return refuse("not this body", frame);
      if (frame.has("reply-to")) answer(frame);
      if (!now.holdReceipts) push({"RECEIPT", {{"receipt-id", std::string(frame.header("receipt"))}}, ""});
    } else if (frame.command == "DISCONNECT") {
      push({"RECEIPT", {{"receipt-id", std::string(frame.header("receipt"))}}, ""});
      flush();
      over_ = true;
    }
  }

  void refuse(const char* reason, const Frame& frame) {
    Frame error{"ERROR", {{"message", reason}}, ""};
    if (frame.has("receipt")) error.headers.emplace_back("receipt-id", frame.header("receipt"));
    push(error);
    flush();
    over_ = true;
  }

  void answer(const Frame& frame) {
    push({"MESSAGE",
          {{"destination", std::string(frame.header("reply-to"))},
           {"message-id", "answer"},
           {"subscription", "0"},
           {"status", frame.body == "bad" ? "422" : "200"},
           {"correlation-id", std::string(frame.header("correlation-id"))}},
          "answer to " + frame.body});
  }

  void settle(const Frame& frame) {
    const std::string ack(frame.header("id"));
    const auto delivery = inFlight_.find(ack);
    if (delivery == inFlight_.end()) return refuse("no such delivery in this session", frame);
    const std::lock_guard lock(server_.mutex_);
    const auto message = server_.mailbox_.find(delivery->second);
    if (message != server_.mailbox_.end()) {
      (frame.command == "ACK" ? server_.acknowledged_ : server_.rejected_).push_back(message->second.id);
      server_.mailbox_.erase(message);
    }
    inFlight_.erase(delivery);
  }

  void deliver() {
    if (subscription_.empty()) return;
    const std::lock_guard lock(server_.mutex_);
    for (auto at = server_.mailbox_.upper_bound(last_); at != server_.mailbox_.end(); ++at) {
      if (inFlight_.size() >= server_.behaviour_.window || waiting_.size() > 1'000'000) return;
      auto& [number, message] = *at;
      const std::string ack = std::to_string(generation_) + "-" + std::to_string(++ackCounter_);
      Frame frame{"MESSAGE",
                  {{"subscription", subscription_},
                   {"destination", "/user/events"},
                   {"message-id", message.id},
                   {"ack", ack},
                   {"seq", std::to_string(number)},
                   {"redelivered", message.deliveries++ > 0 ? "true" : "false"}},
                  message.body};
      frame.headers.insert(frame.headers.end(), message.headers.begin(), message.headers.end());
      inFlight_[ack] = number;
      last_ = number;
      waiting_ += sluice::stomp::serialize(frame);
    }
  }

  void push(const Frame& frame) { waiting_ += sluice::stomp::serialize(frame); }

  /** Sends waiting bytes according to the current behaviour. */
  void flush() {
    const Behaviour now = behaviour();
    while (flushed_ < waiting_.size() && !over_) {
      const std::size_t left = waiting_.size() - flushed_;
      std::size_t size = now.pieces == 0 ? std::min<std::size_t>(left, 65536) : std::min(now.pieces, left);
      if (now.cutAfter > 0) size = std::min(size, now.cutAfter - std::min(now.cutAfter, sent_));
      if (!tcp_.send(std::string_view(waiting_).substr(flushed_, size))) over_ = true;
      flushed_ += size;
      sent_ += size;
      server_.bytesSent_ += size;
      if (now.cutAfter > 0 && sent_ >= now.cutAfter) over_ = true;
      if (now.pieces == 0 && flushed_ < waiting_.size()) return;  // allows acknowledgements between frames
    }
    waiting_.clear();
    flushed_ = 0;
  }

  MailboxServer& server_;
  Tcp tcp_;
  int generation_;
  sluice::stomp::Parser parser_{{64U << 20U, 1000}};
  std::string waiting_;
  std::size_t flushed_ = 0;  // bytes of `waiting_`
  std::size_t sent_ = 0;
  bool over_ = false;
  std::string subscription_;
  std::uint64_t last_ = 0;
  std::uint64_t ackCounter_ = 0;
  std::map<std::string, std::uint64_t> inFlight_;
};

MailboxServer::MailboxServer(std::uint16_t port) : listener_(port), acceptor_([this] { acceptAll(); }) {}

MailboxServer::~MailboxServer() {
  stopping_ = true;
  acceptor_.join();
  for (std::thread& visit : visits_) visit.join();
}

void MailboxServer::acceptAll() {
  while (!stopping_) {
    std::optional<Tcp> tcp = listener_.accept(5);
    if (!tcp) continue;
    ++connections_;
    ++open_;
    visits_.emplace_back([this, visit = std::make_shared<Visit>(*this, std::move(*tcp))]() mutable {
      visit->run();
      visit.reset();
      --open_;
    });
  }
}

std::string MailboxServer::put(const std::string& body, std::vector<std::pair<std::string, std::string>> headers) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t number = nextMessage_++;
  mailbox_[number] = {"m" + std::to_string(number), body, std::move(headers)};
  return mailbox_[number].id;
}

void MailboxServer::cutAll() {
  ++generation_;
}

std::size_t MailboxServer::mailboxSize() const {
  const std::lock_guard lock(mutex_);
  return mailbox_.size();
}

std::vector<std::string> MailboxServer::acknowledged() const {
  const std::lock_guard lock(mutex_);
  return acknowledged_;
}

std::vector<std::string> MailboxServer::rejected() const {
  const std::lock_guard lock(mutex_);
  return rejected_;
}

std::vector<Frame> MailboxServer::sent() const {
  return frames("SEND");
}

std::vector<Frame> MailboxServer::frames(const std::string& command) const {
  const std::lock_guard lock(mutex_);
  std::vector<Frame> found;
  std::copy_if(seen_.begin(), seen_.end(), std::back_inserter(found),
               [&](const Frame& frame) { return frame.command == command; });
  return found;
}

}  // namespace test
