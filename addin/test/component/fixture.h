// What most tests of the component need: the library, a platform and an object.
#pragma once

#include <memory>

#include "host/object.h"
#include "server/mailbox_server.h"
#include "support/check.h"
#include "support/json.h"

namespace test {

/** The component under test, loaded once: its path is the first argument of the program. */
const host::Library& library();

/** One object in one platform. Checks at its end that the component kept the rules of the platform. */
class Fixture {
 public:
  explicit Fixture(int applicationType = 0);
  ~Fixture() noexcept(false);

  /** Connects with quick reconnections, subscribes to the mailbox and waits until the session stands. */
  void connect(const MailboxServer& server);

  /** The next event that is no news of the component itself; waits for it. */
  host::Event nextEvent();
  Json nextData() { return parseJson(nextEvent().data); }

  bool acknowledge(const Json& event) { return std::get<bool>(object->call(u"Подтвердить", {event["id"].text})); }
  std::string state() { return object->text(u"Состояние"); }
  double statistic(const char* name) { return parseJson(object->text(u"Статистика"))[name].number; }

  /** Done and DestroyObject, after which the platform is closed for the component. */
  void end();

  host::Platform platform;
  std::unique_ptr<host::Object> object;
};

/** Does the call throw in 1C, with this in its text? */
bool throwsWith(const std::string& text, const std::function<void()>& call);

}  // namespace test
