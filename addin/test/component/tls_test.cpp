// TLS through a proxy in front of the mailbox server. The program that runs the tests starts the proxy and sets
// SLUICE_TEST_TLS: `<port of the proxy> <port behind it> <file of its authority>`.
#include <cstdlib>
#include <sstream>

#include "component/fixture.h"

using namespace test;

namespace {

struct Proxy {
  int port = 0;
  std::uint16_t behind = 0;
  std::string authority;
};

Proxy proxy() {
  const char* given = std::getenv("SLUICE_TEST_TLS");
  if (given == nullptr) throw Failure("SLUICE_TEST_TLS is not set: run the tests with \"npm run addin -- test\"");
  Proxy found;
  std::istringstream(given) >> found.port >> found.behind >> found.authority;
  return found;
}

void connect(Fixture& fixture, const std::string& host, int port) {
  fixture.object->call(u"Подписаться");
  fixture.object->call(u"Подключить",
                       {"stomps://" + host + ":" + std::to_string(port), std::string("u"), std::string("t")});
}

void waitForError(Fixture& fixture, const std::string& text) {
  std::string last;
  try {
    WAIT_UNTIL((last = fixture.object->text(u"ПоследняяОшибка")).find(text) != std::string::npos);
  } catch (const Failure&) {
    throw Failure("the last error is \"" + last + "\" in the state " + fixture.state() + ", expected \"" + text + "\"");
  }
}

}  // namespace

TEST("TLS: events of a server with a trusted authority arrive, also large ones") {
  const Proxy tls = proxy();
  MailboxServer server(tls.behind);
  Fixture fixture;
  fixture.object->set(u"ФайлУдостоверяющихЦентров", tls.authority);
  fixture.object->set(u"ПределДанныхСобытия", 1'000'000);
  connect(fixture, "localhost", tls.port);
  WAIT_UNTIL(fixture.state() == "connected");
  const std::string large(300'000, 'x');
  server.put("small");
  server.put(large);
  CHECK_EQUAL(fixture.nextData()["data"].text, "small");
  CHECK(fixture.nextData()["data"].text == large);
  CHECK(std::get<bool>(fixture.object->call(u"Отправить", {std::string("/events/a"), large, std::string(), 10'000})));
  CHECK(server.sent().front().body == large);
}

TEST("TLS: a server with an unknown authority is rejected") {
  const Proxy tls = proxy();
  MailboxServer server(tls.behind);
  Fixture fixture;
  connect(fixture, "localhost", tls.port);
  waitForError(fixture, "the certificate of localhost is rejected");
  CHECK(server.frames("CONNECT").empty());
}

TEST("TLS: a certificate for another name is rejected") {
  const Proxy tls = proxy();
  MailboxServer server(tls.behind);
  Fixture fixture;
  fixture.object->set(u"ФайлУдостоверяющихЦентров", tls.authority);
  connect(fixture, "127.0.0.1", tls.port);
  waitForError(fixture, "the certificate of 127.0.0.1 is rejected");
  CHECK(server.frames("CONNECT").empty());
}

TEST("TLS: the verification can be disabled") {
  const Proxy tls = proxy();
  MailboxServer server(tls.behind);
  Fixture fixture;
  fixture.object->set(u"ПроверятьСертификат", false);
  connect(fixture, "127.0.0.1", tls.port);
  WAIT_UNTIL(fixture.state() == "connected");
}

TEST("TLS: a server without TLS and a missing file of authorities are reported") {
  const Proxy tls = proxy();
  MailboxServer server(tls.behind);
  Fixture fixture;
  connect(fixture, "localhost", tls.behind);
  waitForError(fixture, "does the server use TLS at this port?");
  fixture.object->call(u"Отключить", {0});
  fixture.object->set(u"ФайлУдостоверяющихЦентров", std::string("/nowhere/ca.pem"));
  connect(fixture, "localhost", tls.port);
  waitForError(fixture, "/nowhere/ca.pem");
}
