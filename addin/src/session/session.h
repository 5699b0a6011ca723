// One STOMP session over one connection: from CONNECT to its end. Runs on the network thread.
#pragma once

#include <functional>
#include <string>

#include "net/link.h"
#include "session/options.h"
#include "stomp/parser.h"

namespace sluice::session {

/** The server has ended the session with an ERROR frame. */
class ServerError : public net::NetError {
 public:
  ServerError(const std::string& text, std::string receipt, bool refusedLogin)
      : NetError(text), receipt(std::move(receipt)), refusedLogin(refusedLogin) {}

  /** Receipt of the refused frame, if the server sent it. */
  std::string receipt;
  bool refusedLogin;
};

/** Owner of a session. All functions are called on the network thread. */
class SessionOwner {
 public:
  virtual void onConnected() = 0;
  virtual void onMessage(stomp::Frame frame) = 0;
  virtual void onReceipt(std::string_view id) = 0;
  /** Appends about `enough` bytes of frames to send. */
  virtual void takeFrames(std::string& into, std::size_t enough) = 0;
  /** Returns whether there is no room for another message. The session then stops reading. */
  virtual bool isFull() const = 0;
  /** Latest time of the end, once `stop` was called. */
  virtual std::optional<net::Clock::time_point> stopDeadline() const = 0;

 protected:
  ~SessionOwner() = default;
};

class Session {
 public:
  /** Connects. Throws NetError or ServerError. */
  Session(const net::Address& address, const Options& options, const std::string& token, net::Poller& poller,
          SessionOwner& owner);

  /** Exchanges frames until the owner stops it. Throws NetError, ServerError or ParseError if the session ends
   * otherwise. */
  void run();

 private:
  void logIn(const std::string& connect, net::Clock::time_point deadline);
  void agreeOnHeartbeats(const stomp::Frame& connected);
  bool readFrames();
  void handle(stomp::Frame frame);
  void sendFrames();
  void sendHeartbeat();
  void sayGoodbye();
  void checkSilence(bool paused);
  net::Milliseconds timeToWait() const;

  const Options& options_;
  SessionOwner& owner_;
  net::Clock::time_point deadline_;
  net::Link link_;
  std::string host_;
  stomp::Parser parser_;
  std::string received_;
  std::string frames_;
  net::Milliseconds sendEvery_{0};  // 0: no heart-beats
  net::Milliseconds expectEvery_{0};
  net::Clock::time_point lastSent_;
  net::Clock::time_point lastReceived_;
  bool goodbyeSent_ = false;
  bool goodbyeAnswered_ = false;
};

}  // namespace sluice::session
