// A STOMP server with one mailbox: what is in it goes to whoever subscribes, in order, until it is acknowledged. It can
// misbehave.
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

/** How the server treats a connection; changed between two connections or during one. */
struct Behaviour {
  /** Of the server's frames: 0 whole, otherwise sent in pieces of so many bytes. */
  std::size_t pieces = 0;
  /** The connection is cut after so many bytes to the client, when not 0. */
  std::size_t cutAfter = 0;
  /** Nothing is sent any more, nor read: the connection stays, silent. */
  bool stalled = false;
  /** ERROR instead of CONNECTED, unless the passcode is this; empty: everybody may come in. */
  std::string passcode;
  std::string heartbeat = "0,0";
  /** The receipts of SEND are kept back. */
  bool holdReceipts = false;
  /** SEND with this body is answered with ERROR. */
  std::string refusedBody;
  /** At most so many unacknowledged messages are on their way. */
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

  /** Puts a message into the mailbox; gives its id. `headers` are added to those of a mailbox. */
  std::string put(const std::string& body, std::vector<std::pair<std::string, std::string>> headers = {});

  /** Ends all connections, without a goodbye. */
  void cutAll();

  // --- what has been seen
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
