// A STOMP server with one mailbox. Each subscriber receives its messages in order until they are acknowledged. The
// server can misbehave.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "server/tcp.h"
#include "stomp/parser.h"

namespace test {

/** Behaviour of the server; it may change between connections or during one. */
struct Behaviour {
  /** Size in bytes of the pieces in which frames are sent; 0: whole frames. */
  std::size_t pieces = 0;
  /** Number of bytes to the client after which the connection is cut; 0: never. */
  std::size_t cutAfter = 0;
  /** The server neither sends nor reads; the connection stays open. */
  bool stalled = false;
  /** Accepted passcode; other clients receive ERROR. Empty: every passcode is accepted. */
  std::string passcode;
  std::string heartbeat = "0,0";
  /** The server sends no receipts of SEND. */
  bool holdReceipts = false;
  /** The server answers a SEND with this body with ERROR. */
  std::string refusedBody;
  /** Maximum number of unacknowledged messages that are sent. */
  std::size_t window = 1'000'000;
};

class MailboxServer {
 public:
  explicit MailboxServer(std::uint16_t port = 0);
  ~MailboxServer();
  MailboxServer(const MailboxServer&) = delete;
  MailboxServer& operator=(const MailboxServer&) = delete;

  std::uint16_t port() const { return listener_.port(); }
  std::string address() const { return "stomp://127.0.0.1:" + std::to_string(port()); }

  template <typename Change>
  void behave(Change change) {
    const std::lock_guard lock(mutex_);
    change(behaviour_);
  }

  /** Puts a message into the mailbox and returns its id. `headers` are added to the usual headers. */
  std::string put(const std::string& body, std::vector<std::pair<std::string, std::string>> headers = {});

  /** Cuts all connections without a last frame. */
  void cutAll();

  // --- received frames and counters
  std::size_t mailboxSize() const;
  std::vector<std::string> acknowledged() const;
  std::vector<std::string> rejected() const;
  std::vector<sluice::stomp::Frame> sent() const;
  std::vector<sluice::stomp::Frame> frames(const std::string& command) const;
  int connections() const { return connections_; }
  int openConnections() const { return open_; }
  int heartbeats() const { return heartbeats_; }
  std::size_t bytesSent() const { return bytesSent_; }

 private:
  struct Message {
    std::string id;
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
    int deliveries = 0;
  };
  class Visit;

  void acceptAll();

  TcpListener listener_;
  mutable std::mutex mutex_;
  Behaviour behaviour_;
  std::map<std::uint64_t, Message> mailbox_;
  std::uint64_t nextMessage_ = 1;
  std::vector<sluice::stomp::Frame> seen_;
  std::vector<std::string> acknowledged_;
  std::vector<std::string> rejected_;
  std::atomic<int> generation_{0};
  std::atomic<int> connections_{0};
  std::atomic<int> open_{0};
  std::atomic<int> heartbeats_{0};
  std::atomic<std::size_t> bytesSent_{0};
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> visits_;
  std::thread acceptor_;
};

}  // namespace test
