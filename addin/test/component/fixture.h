// Shared by tests of the component: the library, a platform and an object.
#pragma once

#include <memory>

#include "host/object.h"
#include "server/mailbox_server.h"
#include "support/check.h"
#include "support/json.h"

namespace test {

/** Returns the component under test, loaded once; its path is the first argument of the program. */
const host::Library& library();

/** One object in one platform. Its destructor checks that the component followed the rules of the platform. */
class Fixture {
 public:
  explicit Fixture(int applicationType = 0);
  ~Fixture() noexcept(false);

  /** Connects with a short reconnection pause, subscribes to the mailbox and waits until the session is open. */
  void connect(const MailboxServer& server);

  /** Waits for and returns the next event that the component did not create itself. */
  host::Event nextEvent();
  Json nextData() { return parseJson(nextEvent().data); }

  bool acknowledge(const Json& event) { return std::get<bool>(object->call(u"Подтвердить", {event["id"].text})); }
  std::string state() { return object->text(u"Состояние"); }
  double statistic(const char* name) { return parseJson(object->text(u"Статистика"))[name].number; }

  /** Calls Done and DestroyObject. Calls of the component to the platform are failures afterwards. */
  void end();

  host::Platform platform;
  std::unique_ptr<host::Object> object;
};

/** Returns whether the call throws an exception in 1C whose text contains this text. */
bool throwsWith(const std::string& text, const std::function<void()>& call);

}  // namespace test
