// Threads of the component without memory: no exception in them may end the process of the platform.
#include <atomic>
#include <cstdlib>
#include <new>

#include "component/dispatcher.h"
#include "host/platform.h"
#include "support/check.h"

namespace {

/** Allocations of at least this many bytes fail, on all threads except the one that set it. */
std::atomic<std::size_t> failingBytes{SIZE_MAX};
std::atomic<int> failures{0};
thread_local bool spared = false;

/** Makes allocations of other threads fail during its lifetime. */
struct Shortage {
  explicit Shortage(std::size_t bytes) {
    spared = true;
    failures = 0;
    failingBytes = bytes;
  }
  ~Shortage() { failingBytes = SIZE_MAX; }
};

}  // namespace

// not inlined, because the compiler would report a mismatch of malloc and delete
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  if (bytes >= failingBytes && !spared) {
    ++failures;
    throw std::bad_alloc();
  }
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}

[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}

[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace {

using sluice::session::Client;
using sluice::session::ClientState;

TEST("an event without memory is passed on in order once there is memory") {
  host::Platform platform;
  sluice::abi::Platform connection;
  connection.attach(platform.connection());
  const auto client = std::make_shared<Client>();
  sluice::component::Dispatcher dispatcher(connection, client);
  dispatcher.start({});
  {
    const Shortage shortage(50'000);
    for (const char* id : {"1", "2"}) {
      sluice::session::Delivery delivery;
      delivery.id = delivery.event = id;
      delivery.message.body.assign(60'000, 'x');
      client->inbox.offer(std::move(delivery), {id, 0});
    }
    WAIT_UNTIL(failures > 2);
  }
  for (const char* id : {"1", "2"}) {
    host::Event event;
    WAIT_UNTIL(platform.takeEvent(event));
    CHECK_EQUAL(event.event, id);
  }
  dispatcher.stop();
  CHECK_EQUAL(client->statistics.handedOut.load(), 2U);
}

TEST("a client without memory for a session tries again") {
  const auto client = std::make_shared<Client>();
  sluice::session::Options options;
  options.servers = sluice::net::parseAddresses("127.0.0.1:1");
  options.reconnectDelay = sluice::net::Milliseconds(1);
  {
    const Shortage shortage(1);
    client->start(options, "token");
    WAIT_UNTIL(failures > 2);
  }
  WAIT_UNTIL(client->lastError().find("cannot connect") != std::string::npos);
  client->stop(sluice::net::Milliseconds(0));
  CHECK(client->state() == ClientState::stopped);
}

}  // namespace
