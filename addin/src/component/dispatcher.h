// Passes events to the platform one after another, and repeats each until the platform accepts it.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "abi/platform.h"
#include "session/client.h"
#include "session/worker.h"

namespace sluice::component {

struct DispatchSettings {
  /** The first parameter of the handler in 1C. */
  std::string source = "Sluice";
  bool autoAcknowledge = false;
  std::size_t inlineLimit = 64U << 10U;
};

class Dispatcher {
 public:
  Dispatcher(const abi::Platform& platform, std::shared_ptr<session::Client> client);

  bool running() const { return worker_.running(); }
  void start(const DispatchSettings& settings);

  /** Stops. The platform is not called afterwards; events that it has not accepted stay in the queue. */
  void stop();

 private:
  struct State;

  std::shared_ptr<State> state_;
  session::Worker worker_;
};

}  // namespace sluice::component
