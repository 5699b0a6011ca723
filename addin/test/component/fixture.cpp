#include "component/fixture.h"

namespace test {

Fixture::Fixture(int applicationType)
    : platform(applicationType), object(std::make_unique<host::Object>(library(), platform)) {
  object->set(u"ПаузаПереподключения", 1);
}

Fixture::~Fixture() noexcept(false) {
  const bool failing = std::uncaught_exceptions() > 0;
  end();
  const std::vector<std::string> violations = platform.takeViolations();
  if (failing) return;
  if (!violations.empty()) throw Failure("violation of the rules of the platform: " + violations.front());
  if (platform.liveBlocks() != 0)
    throw Failure(std::to_string(platform.liveBlocks()) + " blocks of the platform's memory were not freed");
}

void Fixture::connect(const MailboxServer& server) {
  object->call(u"Подписаться");
  object->call(u"Подключить", {server.address(), std::string("ivanov"), std::string("token"), std::string("desk-1")});
  WAIT_UNTIL(state() == "connected");
}

host::Event Fixture::nextEvent() {
  host::Event event;
  WAIT_UNTIL(platform.takeEvent(event) && event.event != "sluice.state");
  return event;
}

void Fixture::end() {
  if (!object) return;
  object->done();
  platform.close();
  object->destroy();
  object.reset();
}

bool throwsWith(const std::string& text, const std::function<void()>& call) {
  try {
    call();
    return false;
  } catch (const host::Exception& exception) {
    if (std::string(exception.what()).find(text) != std::string::npos) return true;
    throw Failure("threw \"" + std::string(exception.what()) + "\" instead of \"" + text + "\"");
  }
}

}  // namespace test
