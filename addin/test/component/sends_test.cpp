// Frames of the code in 1C on their way to the server.
#include "component/fixture.h"

using namespace test;

namespace {

const host::Value kDestination = std::string("/events/order.created");

bool send(Fixture& fixture, const std::string& body, int wait) {
  return std::get<bool>(fixture.object->call(u"Отправить", {kDestination, body, std::string(), wait}));
}

}  // namespace

TEST("Send says true when the server has confirmed") {
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

TEST("Send says false when the server has not confirmed in time, and goes on trying") {
  MailboxServer server;
  server.behave([](Behaviour& behaviour) { behaviour.holdReceipts = true; });
  Fixture fixture;
  fixture.connect(server);
  CHECK(!send(fixture, "a", 20));
  CHECK(fixture.object->text(u"ПоследняяОшибка").find("not confirmed in time") != std::string::npos);
  CHECK_EQUAL(std::get<std::int32_t>(fixture.object->get(u"НеподтвержденныеОтправки")), 1);
  // a busy machine may not have brought it there within the time given
  WAIT_UNTIL(server.sent().size() == 1);
  server.behave([](Behaviour& behaviour) { behaviour.holdReceipts = false; });
  server.cutAll();
  WAIT_UNTIL(std::get<std::int32_t>(fixture.object->get(u"НеподтвержденныеОтправки")) == 0);
  const std::vector<sluice::stomp::Frame> sent = server.sent();
  CHECK_EQUAL(sent.size(), 2U);
  CHECK_EQUAL(sent[0].header("id"), sent[1].header("id"));
}

TEST("what is sent before there is a connection goes when there is one, in order") {
  MailboxServer server;
  Fixture fixture;
  for (int i = 0; i < 50; ++i) CHECK(send(fixture, std::to_string(i), 0));
  fixture.connect(server);
  WAIT_UNTIL(std::get<std::int32_t>(fixture.object->get(u"НеподтвержденныеОтправки")) == 0);
  for (std::size_t i = 0; i < 50; ++i) CHECK_EQUAL(server.sent()[i].body, std::to_string(i));
}

TEST("a refused frame is said so and not sent again") {
  MailboxServer server;
  server.behave([](Behaviour& behaviour) { behaviour.refusedBody = "bad"; });
  Fixture fixture;
  fixture.connect(server);
  CHECK(!send(fixture, "bad", 10'000));
  CHECK(fixture.object->text(u"ПоследняяОшибка").find("not this body") != std::string::npos);
  CHECK(send(fixture, "good", 10'000));
  CHECK_EQUAL(server.sent().size(), 2U);
}

TEST("binary data without a content type is refused before it is sent, and the session lives on") {
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

TEST("binary data, own headers and an own type are sent as given") {
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
  CHECK(throwsWith("a header must be name:value", [&] {
    fixture.object->call(u"Отправить", {kDestination, std::string(), std::string(), 0, std::string("nothing")});
  }));
}

TEST("what is too large is refused at once, with the cure") {
  Fixture fixture;
  fixture.object->set(u"ПределКадра", 1000);
  CHECK(throwsWith("send a reference to it instead", [&] { send(fixture, std::string(1001, 'x'), 0); }));
}

TEST("when too much is unconfirmed Send says false and costs no more memory") {
  Fixture fixture;
  const std::string body(1U << 20U, 'x');
  int accepted = 0;
  while (send(fixture, body, 0)) ++accepted;
  CHECK_EQUAL(accepted, 15);
  CHECK(fixture.object->text(u"ПоследняяОшибка").find("too much is sent and not yet confirmed") != std::string::npos);
}

TEST("Request gives the answer that belongs to it") {
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

TEST("a refusal that answers Request is an exception with its text") {
  MailboxServer server;
  Fixture fixture;
  fixture.connect(server);
  CHECK(throwsWith("/flows/price answers 422: answer to bad", [&] {
    fixture.object->call(u"Запросить", {std::string("/flows/price"), std::string("bad"), 10'000});
  }));
}

TEST("Request that the server refuses is an exception at once, with the reason") {
  MailboxServer server;
  server.behave([](Behaviour& behaviour) { behaviour.refusedBody = "bad"; });
  Fixture fixture;
  fixture.connect(server);
  CHECK(throwsWith("not this body", [&] {
    fixture.object->call(u"Запросить", {std::string("/flows/price"), std::string("bad"), 3'600'000});
  }));
}

TEST("Request without an answer is an exception when its time is over") {
  Fixture fixture;
  CHECK(throwsWith("no answer from /flows/price within 20 ms", [&] {
    fixture.object->call(u"Запросить", {std::string("/flows/price"), std::string(), 20});
  }));
}

TEST("subscriptions are made again after a loss, and ended when told so") {
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
