// The connection: login, reconnection, bad networks, the end.
#include <chrono>

#include "component/fixture.h"

using namespace test;

namespace {

using Clock = std::chrono::steady_clock;

std::vector<std::string> numbers(int count) {
  std::vector<std::string> all;
  for (int i = 1; i <= count; ++i) all.push_back("m" + std::to_string(i));
  return all;
}

/** Acknowledges events until the mailbox is empty; returns their ids in the order of their first arrival. */
std::vector<std::string> drain(Fixture& fixture, const MailboxServer& server) {
  std::vector<std::string> order;
  std::set<std::string> known;
  WAIT_UNTIL([&] {
    host::Event event;
    while (fixture.platform.takeEvent(event)) {
      if (event.event == "sluice.state") continue;
      const Json data = parseJson(event.data);
      if (known.insert(data["id"].text).second) order.push_back(data["id"].text);
      fixture.acknowledge(data);
    }
    return server.mailboxSize() == 0;
  }());
  return order;
}

}  // namespace

TEST("Connect waits for the connection up to its timeout") {
  MailboxServer server;
  Fixture fixture;
  CHECK(std::get<bool>(
      fixture.object->call(u"Connect", {server.address(), std::string("u"), std::string("t"), std::string(), 10'000})));
  CHECK(std::get<bool>(fixture.object->get(u"Подключено")));
}

TEST("Connect returns after its timeout when the server never answers") {
  TcpListener silent;
  Fixture fixture;
  const auto start = Clock::now();
  const std::string address = "127.0.0.1:" + std::to_string(silent.port());
  CHECK(!std::get<bool>(
      fixture.object->call(u"Connect", {address, std::string("u"), std::string("t"), std::string(), 50})));
  fixture.end();
  CHECK(Clock::now() - start < std::chrono::seconds(5));
}

TEST("a server that is down is tried again until it is up") {
  std::uint16_t port = 0;
  {
    const TcpListener listener;
    port = listener.port();
  }
  Fixture fixture;
  fixture.object->call(u"Подключить", {"127.0.0.1:" + std::to_string(port), std::string("u"), std::string("t")});
  WAIT_UNTIL(fixture.object->text(u"ПоследняяОшибка").find("cannot connect to 127.0.0.1") != std::string::npos);
  const MailboxServer server(port);
  WAIT_UNTIL(fixture.state() == "connected");
}

TEST("the next of several servers is tried after a failure") {
  std::uint16_t dead = 0;
  {
    const TcpListener listener;
    dead = listener.port();
  }
  MailboxServer server;
  Fixture fixture;
  fixture.object->call(u"Подключить", {"127.0.0.1:" + std::to_string(dead) + ", " + server.address(), std::string("u"),
                                       std::string("t")});
  WAIT_UNTIL(fixture.state() == "connected");
}

TEST("a refused token is reported, and a new one is tried at once") {
  MailboxServer server;
  server.behave([](Behaviour& behaviour) { behaviour.passcode = "new"; });
  Fixture fixture;
  fixture.object->set(u"ПаузаПереподключения", 3'600'000);
  fixture.object->call(u"Подключить", {server.address(), std::string("u"), std::string("old")});
  WAIT_UNTIL(fixture.state() == "refused");
  CHECK(fixture.object->text(u"ПоследняяОшибка").find("not this token") != std::string::npos);
  fixture.object->call(u"УстановитьТокен", {std::string("new")});
  WAIT_UNTIL(fixture.state() == "connected");
  CHECK(fixture.object->text(u"Журнал").find("old") == std::string::npos);
}

TEST("after two refused tokens in succession a third one waits for the pause") {
  MailboxServer server;
  server.behave([](Behaviour& behaviour) { behaviour.passcode = "another"; });
  Fixture fixture;
  constexpr std::chrono::milliseconds kPause{1'000};
  fixture.object->set(u"ПаузаПереподключения", static_cast<std::int32_t>(kPause.count()));
  const auto start = Clock::now();
  fixture.object->call(u"Подключить", {server.address(), std::string("u"), std::string("1")});
  WAIT_UNTIL(fixture.state() == "refused");
  fixture.object->call(u"УстановитьТокен", {std::string("2")});
  WAIT_UNTIL(server.frames("CONNECT").size() >= 2 && fixture.state() == "refused");
  fixture.object->call(u"УстановитьТокен", {std::string("3")});
  WAIT_UNTIL(server.frames("CONNECT").size() == 3);
  CHECK_EQUAL(server.frames("CONNECT").back().header("passcode"), "3");
  // the pause after the second login is 2 × kPause, and jitter shortens it by half at most
  CHECK(Clock::now() - start >= kPause);
}

TEST("a server that does not support STOMP is reported") {
  TcpListener listener;
  Fixture fixture;
  fixture.object->call(u"Подключить",
                       {"127.0.0.1:" + std::to_string(listener.port()), std::string("u"), std::string("t")});
  std::optional<Tcp> visitor = listener.accept(5000);
  CHECK(visitor.has_value());
  visitor->send("HTTP/1.1 400 Bad Request\r\n\r\n");
  WAIT_UNTIL(fixture.object->text(u"ПоследняяОшибка").find("does not support STOMP 1.2") != std::string::npos);
}

TEST("a second Connect with the same arguments keeps the connection") {
  MailboxServer server;
  Fixture fixture;
  fixture.connect(server);
  fixture.connect(server);
  CHECK_EQUAL(server.connections(), 1);
}

TEST("a component connects and disconnects a thousand times") {
  MailboxServer server;
  Fixture fixture;
  fixture.object->set(u"СобытияСостояния", false);
  for (int i = 0; i < 1000; ++i) {
    CHECK(std::get<bool>(fixture.object->call(
        u"Подключить", {server.address(), std::string("u"), std::string("t"), std::string(), 10'000})));
    fixture.object->call(u"Отключить");
    CHECK_EQUAL(fixture.state(), "stopped");
  }
  CHECK_EQUAL(server.connections(), 1000);
  CHECK_EQUAL(server.frames("DISCONNECT").size(), 1000U);
}

TEST("a hundred objects are created, connected and destroyed under traffic") {
  MailboxServer server;
  for (int i = 0; i < 50; ++i) server.put("x");
  for (int i = 0; i < 100; ++i) {
    Fixture fixture;
    fixture.connect(server);
    if (i % 2 == 0) fixture.nextEvent();
  }
  CHECK_EQUAL(server.mailboxSize(), 50U);
}

TEST("Done under traffic returns soon, and the platform is not called after it") {
  MailboxServer server;
  for (int i = 0; i < 5000; ++i) server.put(std::string(1000, 'x'));
  Fixture fixture;
  fixture.connect(server);
  fixture.nextEvent();
  const auto start = Clock::now();
  fixture.end();
  CHECK(Clock::now() - start < std::chrono::seconds(5));
  WAIT_UNTIL(server.openConnections() == 0);
  // the fixture checks that the closed platform was not called
}

TEST("Done returns soon while the platform accepts no events") {
  MailboxServer server;
  Fixture fixture;
  fixture.platform.setHandlerAvailable(false);
  fixture.connect(server);
  for (int i = 0; i < 10; ++i) server.put("x");
  WAIT_UNTIL(fixture.platform.refusedEvents() > 5);
  const auto start = Clock::now();
  fixture.end();
  CHECK(Clock::now() - start < std::chrono::seconds(5));
}

TEST("after a lost connection waiting events arrive, and unacknowledged events arrive again, marked as redelivered") {
  MailboxServer server;
  Fixture fixture;
  fixture.connect(server);
  server.put("one");
  const Json first = fixture.nextData();
  CHECK(!first["redelivered"].flag);
  server.cutAll();
  const Json again = fixture.nextData();
  CHECK_EQUAL(again["id"].text, first["id"].text);
  CHECK(again["redelivered"].flag);
  CHECK(fixture.acknowledge(again));
  WAIT_UNTIL(server.mailboxSize() == 0);
}

TEST("a lost connection does not duplicate events that wait for the handler") {
  MailboxServer server;
  Fixture fixture;
  fixture.platform.setHandlerAvailable(false);
  fixture.connect(server);
  for (int i = 0; i < 3; ++i) server.put(std::to_string(i));
  WAIT_UNTIL(fixture.statistic("received") == 3);
  server.cutAll();
  WAIT_UNTIL(fixture.statistic("received") == 6);
  fixture.platform.setHandlerAvailable(true);
  CHECK(drain(fixture, server) == numbers(3));
  CHECK_EQUAL(server.acknowledged().size(), 3U);
  CHECK_EQUAL(fixture.statistic("handedOut") - fixture.statistic("sessions") < 4, true);
}

TEST("a lost acknowledgement is sent again, without a second call of the handler") {
  MailboxServer server;
  Fixture fixture;
  fixture.connect(server);
  server.put("one");
  const Json event = fixture.nextData();
  server.behave([](Behaviour& behaviour) { behaviour.stalled = true; });
  fixture.acknowledge(event);
  server.cutAll();
  server.behave([](Behaviour& behaviour) { behaviour.stalled = false; });
  WAIT_UNTIL(server.mailboxSize() == 0);
  server.put("two");
  CHECK_EQUAL(fixture.nextData()["data"].text, "two");
}

TEST("frames that arrive byte by byte are read") {
  MailboxServer server;
  server.behave([](Behaviour& behaviour) { behaviour.pieces = 1; });
  Fixture fixture;
  fixture.connect(server);
  for (int i = 0; i < 20; ++i) server.put("тело " + std::to_string(i));
  CHECK(drain(fixture, server) == numbers(20));
}

TEST("a connection that is cut after any byte loses no event and keeps the order") {
  MailboxServer server;
  Fixture fixture;
  for (int i = 0; i < 3; ++i) server.put("тело");
  fixture.connect(server);
  WAIT_UNTIL(fixture.statistic("received") == 3);
  // messages of later sessions are shorter by a byte each: "true" instead of "false"
  const std::size_t stream = server.bytesSent() - 3;
  for (std::size_t cut = 1; cut <= stream; ++cut) {
    server.behave([cut](Behaviour& behaviour) { behaviour.cutAfter = cut; });
    const int before = server.connections();
    if (cut == 1) server.cutAll();
    WAIT_UNTIL(server.connections() > before);
  }
  server.behave([](Behaviour& behaviour) { behaviour.cutAfter = 0; });
  CHECK(drain(fixture, server) == numbers(3));
}

TEST("heart-beats are sent, and a silent server is disconnected") {
  MailboxServer server;
  server.behave([](Behaviour& behaviour) { behaviour.heartbeat = "0,20"; });
  Fixture fixture;
  fixture.object->set(u"ИнтервалПроверкиСвязи", 20);
  fixture.connect(server);
  WAIT_UNTIL(server.heartbeats() >= 3);
  CHECK_EQUAL(server.connections(), 1);
  // now the server announces heart-beats, and sends none
  server.behave([](Behaviour& behaviour) { behaviour.heartbeat = "20,20"; });
  server.cutAll();
  WAIT_UNTIL(fixture.object->text(u"ПоследняяОшибка").find("sent nothing for") != std::string::npos);
  WAIT_UNTIL(server.connections() >= 3);
}

TEST("a server that stalls inside a frame is disconnected") {
  MailboxServer server;
  server.behave([](Behaviour& behaviour) { behaviour.heartbeat = "50,0"; });
  Fixture fixture;
  fixture.object->set(u"ИнтервалПроверкиСвязи", 50);
  fixture.connect(server);
  server.behave([](Behaviour& behaviour) { behaviour.stalled = true; });
  WAIT_UNTIL(server.connections() >= 2);
  server.behave([](Behaviour& behaviour) {
    behaviour.stalled = false;
    behaviour.heartbeat = "0,0";
  });
  server.cutAll();
  server.put("alive");
  CHECK_EQUAL(fixture.nextData()["data"].text, "alive");
}

TEST("ten thousand events arrive in order through a server that cuts connections repeatedly") {
  MailboxServer server;
  server.behave([](Behaviour& behaviour) { behaviour.window = 200; });
  Fixture fixture;
  fixture.connect(server);
  constexpr int kCount = 10'000;
  for (int i = 0; i < kCount; ++i) server.put("x");
  std::vector<std::string> order;
  std::set<std::string> known;
  std::size_t lastCut = 0;
  WAIT_UNTIL([&] {
    host::Event event;
    while (fixture.platform.takeEvent(event)) {
      if (event.event == "sluice.state") continue;
      const Json data = parseJson(event.data);
      if (known.insert(data["id"].text).second) order.push_back(data["id"].text);
      fixture.acknowledge(data);
      if (order.size() > lastCut + 500) {
        server.cutAll();
        lastCut = order.size();
      }
    }
    return server.mailboxSize() == 0;
  }());
  CHECK(order == numbers(kCount));
  CHECK(server.connections() > 5);
}
