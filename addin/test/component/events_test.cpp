// Events for the code in 1C: order, overflow, acknowledgement, large and binary data.
#include "component/fixture.h"

using namespace test;

namespace {

std::string stateOf(const host::Event& event) {
  return parseJson(parseJson(event.data)["data"].text)["state"].text;
}

void waitForState(Fixture& fixture, const std::string& state) {
  host::Event event;
  WAIT_UNTIL(fixture.platform.takeEvent(event) && event.event == "sluice.state" && stateOf(event) == state);
}

}  // namespace

TEST("an event reaches the handler, and its acknowledgement the server") {
  MailboxServer server;
  Fixture fixture;
  fixture.connect(server);
  server.put("{\"номер\":\"00-1\"}",
             {{"event", "order.created"}, {"content-type", "application/json"}, {"source", "shop"}});
  const host::Event event = fixture.nextEvent();
  CHECK_EQUAL(event.source, "Sluice");
  CHECK_EQUAL(event.event, "order.created");
  const Json data = parseJson(event.data);
  CHECK_EQUAL(data["id"].text, "m1");
  CHECK_EQUAL(data["data"].text, "{\"номер\":\"00-1\"}");
  CHECK_EQUAL(data["contentType"].text, "application/json");
  CHECK_EQUAL(data["redelivered"].flag, false);
  CHECK_EQUAL(data["headers"]["seq"].text, "1");
  CHECK_EQUAL(data["headers"]["source"].text, "shop");
  CHECK_EQUAL(server.mailboxSize(), 1U);
  CHECK(fixture.acknowledge(data));
  WAIT_UNTIL(server.mailboxSize() == 0);
}

TEST("CONNECT contains the user, the token and the workplace") {
  MailboxServer server;
  Fixture fixture;
  fixture.connect(server);
  const sluice::stomp::Frame connect = server.frames("CONNECT").front();
  CHECK_EQUAL(connect.header("accept-version"), "1.2");
  CHECK_EQUAL(connect.header("host"), "127.0.0.1");
  CHECK_EQUAL(connect.header("login"), "ivanov");
  CHECK_EQUAL(connect.header("passcode"), "token");
  CHECK_EQUAL(connect.header("client-id"), "desk-1");
  CHECK_EQUAL(connect.header("heart-beat"), "10000,10000");
  WAIT_UNTIL(!server.frames("SUBSCRIBE").empty());
  CHECK_EQUAL(server.frames("SUBSCRIBE").front().header("ack"), "client-individual");
}

TEST("a time that no clock can represent means no limit") {
  MailboxServer server;
  Fixture fixture;
  fixture.object->set(u"Режим", std::string("pull"));
  for (const char16_t* time : {u"ТаймаутПодключения", u"ИнтервалПроверкиСвязи"}) fixture.object->set(time, 9e14);
  fixture.connect(server);
  std::thread later([&server] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    server.put("late");
  });
  std::string event;
  // events of the connection state may come before it
  for (const host::Value& time : {host::Value(9e14), host::Value(std::string("9000000000000000000"))}) {
    event = std::get<std::string>(fixture.object->call(u"ПолучитьСобытие", {time}));
    CHECK(!event.empty());
    if (parseJson(event)["event"].text != "sluice.state") break;
  }
  later.join();
}

TEST("events that the platform does not accept are repeated in order, and none is lost") {
  MailboxServer server;
  Fixture fixture;
  fixture.platform.setMaxDepth(1);
  fixture.object->set(u"СобытияСостояния", false);
  fixture.connect(server);
  for (int i = 0; i < 300; ++i) server.put(std::to_string(i));
  for (int i = 0; i < 300; ++i) {
    const Json event = fixture.nextData();
    CHECK_EQUAL(event["data"].text, std::to_string(i));
    CHECK(fixture.acknowledge(event));
  }
  CHECK_EQUAL(fixture.platform.depth(), 1L);
  WAIT_UNTIL(server.mailboxSize() == 0);
}

TEST("events wait while there is no handler") {
  MailboxServer server;
  Fixture fixture;
  fixture.platform.setHandlerAvailable(false);
  fixture.connect(server);
  for (int i = 0; i < 5; ++i) server.put(std::to_string(i));
  WAIT_UNTIL(fixture.platform.refusedEvents() > 2);
  CHECK_EQUAL(fixture.platform.queued(), 0U);
  fixture.platform.setHandlerAvailable(true);
  for (int i = 0; i < 5; ++i) CHECK_EQUAL(fixture.nextData()["data"].text, std::to_string(i));
}

TEST("a full queue stops reading, and continues when there is room") {
  MailboxServer server;
  Fixture fixture;
  fixture.platform.setHandlerAvailable(false);
  fixture.object->set(u"ПределОчереди", 10);
  fixture.connect(server);
  const std::string body(60'000, 'x');
  constexpr int kCount = 300;  // more than the buffers of both sockets hold
  for (int i = 0; i < kCount; ++i) server.put(std::to_string(i) + body);
  WAIT_UNTIL(fixture.statistic("queued") >= 9);
  WAIT_UNTIL(server.bytesSent() > 1'000'000);
  CHECK(fixture.statistic("received") < 20);
  CHECK(server.bytesSent() < kCount * body.size());
  fixture.platform.setHandlerAvailable(true);
  for (int i = 0; i < kCount; ++i) {
    CHECK(fixture.nextEvent().data.find("\"data\":\"" + std::to_string(i) + "x") != std::string::npos);
  }
}

TEST("dropOldest keeps the newest events and rejects the others") {
  MailboxServer server;
  Fixture fixture;
  fixture.object->set(u"Режим", std::string("pull"));
  fixture.object->set(u"СобытияСостояния", false);
  fixture.object->set(u"ПределОчереди", 3);
  fixture.object->set(u"ПриПереполнении", std::string("dropOldest"));
  fixture.connect(server);
  for (int i = 0; i < 10; ++i) server.put(std::to_string(i));
  WAIT_UNTIL(server.rejected().size() == 7);
  CHECK_EQUAL(server.rejected().front(), "m1");
  CHECK_EQUAL(parseJson(std::get<std::string>(fixture.object->call(u"ПолучитьСобытие", {1000})))["data"].text, "7");
  CHECK_EQUAL(fixture.statistic("dropped"), 7.0);
}

TEST("dropNewest keeps the oldest events and rejects the others") {
  MailboxServer server;
  Fixture fixture;
  fixture.object->set(u"Режим", std::string("pull"));
  fixture.object->set(u"СобытияСостояния", false);
  fixture.object->set(u"ПределОчереди", 3);
  fixture.object->set(u"ПриПереполнении", std::string("dropNewest"));
  fixture.connect(server);
  for (int i = 0; i < 10; ++i) server.put(std::to_string(i));
  WAIT_UNTIL(server.rejected().size() == 7);
  CHECK_EQUAL(server.rejected().front(), "m4");
  CHECK_EQUAL(parseJson(std::get<std::string>(fixture.object->call(u"ПолучитьСобытие", {1000})))["data"].text, "0");
}

TEST("ReceiveEvent returns events in order, and an empty string after its timeout") {
  MailboxServer server;
  Fixture fixture;
  fixture.object->set(u"Режим", std::string("pull"));
  fixture.object->set(u"СобытияСостояния", false);
  fixture.connect(server);
  CHECK_EQUAL(std::get<std::string>(fixture.object->call(u"ПолучитьСобытие", {1})), "");
  server.put("a");
  server.put("b");
  CHECK_EQUAL(parseJson(std::get<std::string>(fixture.object->call(u"ПолучитьСобытие", {10'000})))["data"].text, "a");
  CHECK_EQUAL(parseJson(std::get<std::string>(fixture.object->call(u"ReceiveEvent", {10'000})))["data"].text, "b");
  CHECK_EQUAL(fixture.platform.queued(), 0U);
  fixture.object->set(u"Режим", std::string("push"));
  CHECK(throwsWith("events are passed to the handler", [&] { fixture.object->call(u"ПолучитьСобытие"); }));
}

TEST("AutoAcknowledge acknowledges when the platform has accepted the event") {
  MailboxServer server;
  Fixture fixture;
  fixture.object->set(u"АвтоПодтверждение", true);
  fixture.connect(server);
  server.put("a");
  CHECK_EQUAL(fixture.nextData()["data"].text, "a");
  WAIT_UNTIL(server.mailboxSize() == 0);
}

TEST("Reject sends NACK with the reason") {
  MailboxServer server;
  Fixture fixture;
  fixture.connect(server);
  server.put("a");
  const Json event = fixture.nextData();
  CHECK(std::get<bool>(fixture.object->call(u"Отклонить", {event["id"].text, std::string("нет такого заказа")})));
  WAIT_UNTIL(server.rejected().size() == 1);
  CHECK_EQUAL(server.frames("NACK").front().header("reason"), "нет такого заказа");
}

TEST("Reject shortens a long reason, because headers are limited") {
  MailboxServer server;
  Fixture fixture;
  fixture.connect(server);
  server.put("a");
  const Json event = fixture.nextData();
  std::string reason = "x";
  for (int i = 0; i < 20'000; ++i) reason += "ж";
  CHECK(std::get<bool>(fixture.object->call(u"Отклонить", {event["id"].text, reason})));
  WAIT_UNTIL(server.rejected().size() == 1);
  const std::string told(server.frames("NACK").front().header("reason"));
  CHECK(told.size() > 400 && told.size() <= 500);
  CHECK_EQUAL(told, reason.substr(0, told.size()));
}

TEST("a second acknowledgement and an unknown id have no effect") {
  MailboxServer server;
  Fixture fixture;
  fixture.connect(server);
  server.put("a");
  const Json event = fixture.nextData();
  CHECK(fixture.acknowledge(event));
  CHECK(!fixture.acknowledge(event));
  CHECK(!std::get<bool>(fixture.object->call(u"Подтвердить", {std::string("nobody")})));
  server.put("b");
  CHECK_EQUAL(fixture.nextData()["data"].text, "b");
  CHECK_EQUAL(fixture.state(), "connected");
}

TEST("large data is deferred and fetched in parts of whole characters") {
  MailboxServer server;
  Fixture fixture;
  fixture.connect(server);
  std::string body;
  for (int i = 0; i < 50'000; ++i) body += i % 3 == 0 ? "Ё" : "🎄";
  server.put(body, {{"content-type", "text/plain"}});
  const Json event = fixture.nextData();
  CHECK(event["deferred"].flag);
  CHECK(!event.has("data"));
  CHECK_EQUAL(event["size"].number, static_cast<double>(body.size()));
  const host::Value id = event["id"].text;
  CHECK(std::get<std::string>(fixture.object->call(u"ДанныеСобытия", {id})) == body);
  CHECK_EQUAL(std::get<std::string>(fixture.object->call(u"ДанныеСобытия", {id, 0, 3})), "Ё🎄");
  CHECK_EQUAL(std::get<std::string>(fixture.object->call(u"ДанныеСобытия", {id, 1, 2})), "🎄");
  CHECK_EQUAL(std::get<std::string>(fixture.object->call(u"ДанныеСобытия", {id, 10'000'000, 3})), "");
  CHECK(fixture.acknowledge(event));
  CHECK(throwsWith("no data is kept", [&] { fixture.object->call(u"ДанныеСобытия", {id}); }));
}

TEST("binary data arrives as base64, and as binary data on request") {
  MailboxServer server;
  Fixture fixture;
  fixture.connect(server);
  const std::string body("\0\xFF\xFE\r\n\0", 6);
  server.put(body, {{"content-type", "application/octet-stream"}});
  const Json event = fixture.nextData();
  CHECK_EQUAL(fromBase64(event["dataBase64"].text), body);
  CHECK_EQUAL(std::get<host::Binary>(fixture.object->call(u"ДвоичныеДанныеСобытия", {event["id"].text})).data, body);
}

TEST("texts arrive unchanged") {
  MailboxServer server;
  Fixture fixture;
  fixture.connect(server);
  const std::string body = "quote \" backslash \\ tab \t line\r\n NUL \x01 Ёж 🎄 \xEF\xBF\xBF";
  server.put(body, {{"event", "имя: с \\ и \n"}});
  const host::Event event = fixture.nextEvent();
  CHECK_EQUAL(event.event, "имя: с \\ и \n");
  CHECK_EQUAL(parseJson(event.data)["data"].text, body);
}

TEST("states are reported as events, which can be disabled") {
  MailboxServer server;
  {
    Fixture fixture;
    fixture.connect(server);
    waitForState(fixture, "connected");
    server.cutAll();
    waitForState(fixture, "connected");
  }
  Fixture silent;
  silent.object->set(u"СобытияСостояния", false);
  silent.connect(server);
  silent.object->call(u"Отключить");
  CHECK_EQUAL(silent.platform.queued(), 0U);
}

TEST("two objects work side by side") {
  MailboxServer server1;
  MailboxServer server2;
  Fixture one;
  Fixture other;
  one.connect(server1);
  other.connect(server2);
  server1.put("to one");
  server2.put("to the other");
  CHECK_EQUAL(one.nextData()["data"].text, "to one");
  CHECK_EQUAL(other.nextData()["data"].text, "to the other");
}
