#include "net/resolver.h"

#include <exception>
#include <mutex>
#include <thread>

#include "net/pin.h"

namespace sluice::net {
namespace {

struct Lookup {
  std::mutex mutex;
  Poller* poller;  // null after the waiting call has returned
  bool done = false;
  std::vector<Endpoint> endpoints;
  std::exception_ptr failure;
};

void lookUp(const std::shared_ptr<Lookup>& lookup, const Address& address) {
  std::vector<Endpoint> endpoints;
  std::exception_ptr failure;
  try {
    endpoints = resolveEndpoints(address);
  } catch (...) {
    failure = std::current_exception();
  }
  const std::lock_guard lock(lookup->mutex);
  lookup->endpoints = std::move(endpoints);
  lookup->failure = std::move(failure);
  lookup->done = true;
  if (lookup->poller != nullptr) lookup->poller->wake();
}

}  // namespace

std::vector<Endpoint> resolve(const Address& address, Clock::time_point deadline, Poller& poller,
                              const std::function<bool()>& stopped) {
  if (std::vector<Endpoint> numeric = numericEndpoints(address); !numeric.empty()) return numeric;
  const auto lookup = std::make_shared<Lookup>();
  lookup->poller = &poller;
  std::thread thread([lookup, address] { lookUp(lookup, address); });
  for (;;) {
    {
      const std::lock_guard lock(lookup->mutex);
      if (lookup->done) break;
      if (stopped() || Clock::now() >= deadline) {
        lookup->poller = nullptr;
        pinLibrary();
        thread.detach();
        throw NetError("the address of \"" + address.host + "\" was not found in time");
      }
    }
    poller.wait(nullptr, false, false, until(deadline));
  }
  thread.join();
  if (lookup->failure) std::rethrow_exception(lookup->failure);
  return lookup->endpoints;
}

}  // namespace sluice::net
