// The object that code in 1C uses: its properties and methods, and the lifetime of the client and the dispatcher.
#pragma once

#include <memory>
#include <string>

#include "abi/platform.h"
#include "component/arguments.h"
#include "component/dispatcher.h"
#include "session/client.h"

namespace sluice::component {

enum class Mode {
  /** The component passes events to the handler in 1C. Possible on clients only. */
  push,
  /** Code in 1C fetches events. */
  pull,
};

class Component {
 public:
  Component();
  ~Component() { done(); }
  Component(const Component&) = delete;
  Component& operator=(const Component&) = delete;

  /** The platform calls `init` first and `done` last. `done` may be called again. */
  bool init(const abi::Platform& platform);
  void done();

  // the methods of members.cpp; each throws CallError
  bool connect(const Arguments& arguments);
  void disconnect(net::Milliseconds grace);
  std::string receiveEvent(net::Milliseconds time);
  bool acknowledge(const std::string& id);
  bool reject(const std::string& id, const std::string& reason);
  std::string eventData(const std::string& id, std::size_t offset, std::size_t length) const;
  std::string eventBytes(const std::string& id) const;
  bool send(const Arguments& arguments);
  std::string request(const Arguments& arguments);

  Mode mode() const { return mode_; }
  void setMode(Mode mode);
  DispatchSettings dispatch() const { return dispatch_; }
  void setDispatch(const DispatchSettings& settings);
  long eventBufferDepth() const { return eventBufferDepth_; }
  void setEventBufferDepth(std::int64_t depth);
  std::string statistics() const;

  session::Client& client() const { return *client_; }
  session::Options& options() { return options_; }
  const session::Options& options() const { return options_; }
  const std::string& replyTo() const { return replyTo_; }
  void setReplyTo(const std::string& destination) { replyTo_ = destination; }
  bool announcesStates() const { return announcesStates_; }
  void setAnnouncesStates(bool wanted);

 private:
  bool onServer() const;
  void updateDispatcher();
  void checkSize(const std::string& body) const;

  abi::Platform platform_;
  std::shared_ptr<session::Client> client_;
  std::unique_ptr<Dispatcher> dispatcher_;
  session::Options options_;
  DispatchSettings dispatch_;
  Mode mode_ = Mode::push;
  long eventBufferDepth_ = 100;
  bool announcesStates_ = true;
  std::string replyTo_ = "/user/replies/sluice";
  bool connected_ = false;  // between connect and disconnect, regardless of the network
};

}  // namespace sluice::component
