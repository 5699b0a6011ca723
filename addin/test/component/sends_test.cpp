// Frames of the code in 1C for the server.
#include "component/fixture.h"

using namespace test;

namespace {

const host::Value kDestination = std::string("/events/order.created");

bool send(Fixture& fixture, const std::string& body, int wait) {
  return std::get<bool>(fixture.object->call(u"Отправить", {kDestination, body, std::string(), wait}));
}

}  // namespace

TEST("Send returns true when the server has confirmed") {
  MailboxServer server;
  Fixture fixture;
  fixture.connect(server);
  CHECK(send(fixture, "{\"номер\":1}", 10'000));
  const sluice::stomp::Frame frame = server.sent().front();
  CHECK_EQUAL(frame.header("destination"), "/events/order.created");
  CHECK_EQUAL(frame.header("content-type"), "application/json; charset=utf-8");
  CHECK_EQUAL(frame.body, "{\"номер\":1}");
  CHECK_EQUAL(frame.header("content-length"), "16");
  CHECK(!frame.header("id").empty());
}

TEST("Send returns false without a confirmation in time, and continues to send") {
  MailboxServer server;
  server.behave([](Behaviour& behaviour) { behaviour.holdReceipts = true; });
  Fixture fixture;
  fixture.connect(server);
  CHECK(!send(fixture, "a", 20));
  CHECK(fixture.object->text(u"ПоследняяОшибка").find("not confirmed in time") != std::string::npos);
  CHECK_EQUAL(std::get<std::int32_t>(fixture.object->get(u"НеподтвержденныеОтправки")), 1);
  // on a busy machine the frame may not have arrived within this time
  WAIT_UNTIL(server.sent().size() == 1);
  server.behave([](Behaviour& behaviour) { behaviour.holdReceipts = false; });
  server.cutAll();
  WAIT_UNTIL(std::get<std::int32_t>(fixture.object->get(u"НеподтвержденныеОтправки")) == 0);
  const std::vector<sluice::stomp::Frame> sent = server.sent();
  CHECK_EQUAL(sent.size(), 2U);
  CHECK_EQUAL(sent[0].header("id"), sent[1].header("id"));
}

TEST("frames from before the connection are sent in order once there is one") {
  MailboxServer server;
  Fixture fixture;
  for (int i = 0; i < 50; ++i) CHECK(send(fixture, std::to_string(i), 0));
  fixture.connect(server);
  WAIT_UNTIL(std::get<std::int32_t>(fixture.object->get(u"НеподтвержденныеОтправки")) == 0);
  for (std::size_t i = 0; i < 50; ++i) CHECK_EQUAL(server.sent()[i].body, std::to_string(i));
}

TEST("a refused frame is reported and not sent again") {
  MailboxServer server;
  server.behave([](Behaviour& behaviour) { behaviour.refusedBody = "bad"; });
  Fixture fixture;
  fixture.connect(server);
  CHECK(!send(fixture, "bad", 10'000));
  CHECK(fixture.object->text(u"ПоследняяОшибка").find("not this body") != std::string::npos);
  CHECK(send(fixture, "good", 10'000));
  CHECK_EQUAL(server.sent().size(), 2U);
}

TEST("binary data without a content type causes an exception, and the session continues") {
  MailboxServer server;
  Fixture fixture;
  fixture.connect(server);
  for (const char16_t* method : {u"Отправить", u"Запросить"}) {
    CHECK(throwsWith("name the content type of binary data", [&] {
      fixture.object->call(method, {kDestination, host::Binary{"{}"}});
    }));
  }
  const std::string json = "application/json";
  CHECK(std::get<bool>(fixture.object->call(u"Отправить", {kDestination, host::Binary{"{}"}, json, 10'000})));
  CHECK_EQUAL(server.sent().size(), 1U);
  CHECK_EQUAL(server.sent()[0].header("content-type"), json);
  CHECK_EQUAL(fixture.statistic("sessions"), 1);
}

TEST("binary data, headers and a content type are sent as given") {
  MailboxServer server;
  Fixture fixture;
  fixture.connect(server);
  const std::string bytes("\0\xFF\n\0", 4);
  const std::string type = "application/octet-stream";
  CHECK(std::get<bool>(fixture.object->call(
      u"Отправить",
      {kDestination, host::Binary{bytes}, type, 10'000, std::string("priority:high\r\nname: с : двоеточием\n")})));
  CHECK(std::get<bool>(
      fixture.object->call(u"Отправить", {kDestination, std::string("<a/>"), std::string("application/xml"), 10'000})));
  CHECK_EQUAL(server.sent()[0].body, bytes);
  CHECK_EQUAL(server.sent()[0].header("content-type"), "application/octet-stream");
  CHECK_EQUAL(server.sent()[0].header("priority"), "high");
  CHECK_EQUAL(server.sent()[0].header("name"), " с : двоеточием");
  CHECK_EQUAL(server.sent()[1].header("content-type"), "application/xml");
  CHECK(throwsWith("headers must be lines of name:value", [&] {
    fixture.object->call(u"Отправить", {kDestination, std::string(), std::string(), 0, std::string("nothing")});
  }));
}

TEST("too large data causes an exception with a cure") {
  Fixture fixture;
  fixture.object->set(u"ПределКадра", 1000);
  CHECK(throwsWith("send a reference to it instead", [&] { send(fixture, std::string(1001, 'x'), 0); }));
}

TEST("Send returns false and takes no memory when too many bytes are unconfirmed") {
  Fixture fixture;
  const std::string body(1U << 20U, 'x');
  int accepted = 0;
  while (send(fixture, body, 0)) ++accepted;
  CHECK_EQUAL(accepted, 15);
  CHECK(fixture.object->text(u"ПоследняяОшибка").find("too many bytes are not yet confirmed") != std::string::npos);
}

TEST("Request returns the answer with its correlation-id") {
  MailboxServer server;
  Fixture fixture;
  fixture.connect(server);
  const host::Value flow = std::string("/flows/price");
  CHECK_EQUAL(std::get<std::string>(fixture.object->call(u"Запросить", {flow, std::string("one"), 10'000})),
              "answer to one");
  CHECK_EQUAL(std::get<std::string>(fixture.object->call(u"Запросить", {flow, std::string("two"), 10'000})),
              "answer to two");
  CHECK_EQUAL(fixture.platform.queued() <= 1, true);
}

TEST("Request throws an answer with a status of failure as an exception with its text") {
  MailboxServer server;
  Fixture fixture;
  fixture.connect(server);
  CHECK(throwsWith("/flows/price answers 422: answer to bad", [&] {
    fixture.object->call(u"Запросить", {std::string("/flows/price"), std::string("bad"), 10'000});
  }));
}

TEST("Request throws at once with the reason when the server refuses it") {
  MailboxServer server;
  server.behave([](Behaviour& behaviour) { behaviour.refusedBody = "bad"; });
  Fixture fixture;
  fixture.connect(server);
  CHECK(throwsWith("not this body", [&] {
    fixture.object->call(u"Запросить", {std::string("/flows/price"), std::string("bad"), 3'600'000});
  }));
}

TEST("Request throws without an answer when its time is over") {
  Fixture fixture;
  CHECK(throwsWith("no answer from /flows/price within 20 ms", [&] {
    fixture.object->call(u"Запросить", {std::string("/flows/price"), std::string(), 20});
  }));
}

TEST("subscriptions are restored after a reconnection, and end with Unsubscribe") {
  MailboxServer server;
  Fixture fixture;
  fixture.object->call(u"Подписаться", {std::string("/topic/news")});
  fixture.connect(server);
  WAIT_UNTIL(server.frames("SUBSCRIBE").size() == 2);
  fixture.object->call(u"Отписаться", {std::string("/topic/news")});
  WAIT_UNTIL(server.frames("UNSUBSCRIBE").size() == 1);
  server.cutAll();
  WAIT_UNTIL(server.frames("SUBSCRIBE").size() == 3);
  CHECK_EQUAL(server.frames("SUBSCRIBE").back().header("destination"), "/user/events");
}
