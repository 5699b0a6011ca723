#include "component/dispatcher.h"

#include <condition_variable>

#include "component/envelope.h"
#include "text/utf.h"

namespace sluice::component {
namespace {

using net::Clock;
using net::Milliseconds;

// the platform accepts no events while a call or a modal window blocks its client: often for moments, sometimes for
// minutes
constexpr Milliseconds kFirstPause{10};
constexpr Milliseconds kMaxPause{500};
constexpr Milliseconds kJoinTime{3'000};
constexpr std::chrono::hours kUnlimitedWait{24};

}  // namespace

/** The thread shares ownership, because a thread that hangs inside the platform is abandoned. */
struct Dispatcher::State {
  abi::Platform platform;
  std::shared_ptr<session::Client> client;
  DispatchSettings settings;
  std::mutex mutex;
  std::condition_variable changed;
  std::atomic<bool> stopping{false};

  void run() {
    while (!stopping) {
      std::optional<session::Delivery> delivery =
          client->inbox.take(Clock::now() + kUnlimitedWait, [this] { return stopping.load(); });
      if (delivery && !handOutGuarded(*delivery)) client->inbox.giveBack(std::move(*delivery));
    }
  }

  /** Catches exceptions such as a lack of memory, because an exception that leaves a thread ends the platform. */
  bool handOutGuarded(const session::Delivery& delivery) {
    try {
      return handOut(delivery);
    } catch (const std::exception&) {
      pause(kMaxPause);
      return false;
    }
  }

  /** Passes the event to the platform, again and again until it accepts. Returns false if `stop` was called before. */
  bool handOut(const session::Delivery& delivery) {
    const Envelope envelope = makeEnvelope(delivery, settings.inlineLimit);
    if (envelope.keepBody) client->inbox.keepBody(delivery.id, delivery.message.body);
    const std::u16string source = text::toUtf16(settings.source);
    const std::u16string event = text::toUtf16(delivery.event);
    const std::u16string data = text::toUtf16(envelope.json);
    for (Milliseconds time = kFirstPause; !stopping; time = std::min(time * 2, kMaxPause)) {
      if (platform.externalEvent(source, event, data)) {
        ++client->statistics.handedOut;
        if (settings.autoAcknowledge && !delivery.id.empty()) client->acknowledge(delivery.id);
        return true;
      }
      ++client->statistics.retried;
      pause(time);
    }
    return false;
  }

  void pause(Milliseconds time) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, time, [this] { return stopping.load(); });
  }
};

Dispatcher::Dispatcher(const abi::Platform& platform, std::shared_ptr<session::Client> client)
    : state_(std::make_shared<State>()) {
  state_->platform = platform;
  state_->client = std::move(client);
}

void Dispatcher::start(const DispatchSettings& settings) {
  // a new state, so that an abandoned thread stays stopped
  auto fresh = std::make_shared<State>();
  fresh->platform = state_->platform;
  fresh->client = state_->client;
  fresh->settings = settings;
  state_ = std::move(fresh);
  worker_.start([state = state_] { state->run(); });
}

void Dispatcher::stop() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_all();
  state_->client->inbox.interrupt();
  if (!worker_.join(kJoinTime))
    state_->client->log.write("the platform did not return from an event in time: its thread was abandoned");
}

}  // namespace sluice::component
